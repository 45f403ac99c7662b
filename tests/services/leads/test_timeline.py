"""Everything that happened to a lead, in one line."""

from __future__ import annotations

import re
from html import unescape

from sqlalchemy import text

from app.extensions import db
from app.models.leads import ContactChannel, ContactOutcome
from app.services.leads import actions, timeline
from tests.api.conftest import token_of
from tests.factories.leads import lead, stage


def test_events_notes_and_attempts_are_one_line_each(db_session, actors):
    made = lead()
    actions.change_stage([made.id], actor=actors.admin, stage_id=stage("Contacted").id)
    actions.add_note([made.id], actor=actors.admin, body="Likes Bach")
    actions.log_contact(
        [made.id], actor=actors.admin, channel=ContactChannel.CALL, outcome=ContactOutcome.REACHED, note="At noon"
    )
    rows = timeline.timeline(made.id)
    assert sorted(row.kind for row in rows) == ["contact_attempted", "note_added", "stage_changed"]
    assert {row.body for row in rows} == {"", "Likes Bach", "At noon"}
    assert {row.who for row in rows} == {"Admin Tester"}
    assert timeline.timeline(lead().id) == []


def test_it_is_read_page_by_page_without_gaps(db_session, actors):
    made = lead()
    db.session.execute(
        text("""
            INSERT INTO lead_notes (lead_id, body, created_at)
            SELECT :id, 'N' || number, now() - number * interval '1 minute' FROM generate_series(1, 120) number
        """),
        {"id": made.id},
    )
    seen, before = [], None
    while rows := timeline.timeline(made.id, before=before, limit=50):
        seen += [row.body for row in rows]
        before = rows[-1].at
    assert seen == [f"N{number}" for number in range(1, 121)]


def test_what_happened_at_one_moment_is_on_one_page(db_session, actors, client_of):
    made = lead()
    db.session.execute(
        text("""
            INSERT INTO lead_notes (lead_id, body, created_at)
            SELECT :id, 'N' || number, now() - (number / 7) * interval '1 millisecond' FROM generate_series(1, 120) number
        """),
        {"id": made.id},
    )
    client, seen, url = client_of("admin"), [], f"/leads/{made.id}"
    while url:
        page = client.get(url).text
        seen += re.findall(r"\bN\d+\b", page.partition('class="card timeline')[2])
        more = re.search(r'href="([^"]*before=[^"]*)"', page)
        url = unescape(more[1]) if more else None
    assert sorted(seen) == sorted(f"N{number}" for number in range(1, 121))
    token = {"Authorization": f"Bearer {token_of(client.application, 'admin')}"}
    seen, url = [], f"/api/v1/leads/{made.id}/timeline"
    while url:
        answer = client.application.test_client().get(url, headers=token).json
        seen += [each["body"] for each in answer["items"]]
        url = answer["next"]
    assert sorted(seen) == sorted(f"N{number}" for number in range(1, 121))


def test_the_page_names_what_the_events_hold(db_session, actors, client_of):
    made = lead()
    actions.change_stage([made.id], actor=actors.admin, stage_id=stage("Contacted").id)
    actions.assign_owner([made.id], actor=actors.admin, owner_id=actors.staff.id)
    page = client_of("admin").get(f"/leads/{made.id}").text
    assert "Contacted" in page
    assert "Staff Tester" in page
    assert str(stage("Contacted").id) not in page.split("timeline")[-1].split("</main>")[0].replace(
        f"/leads/{made.id}", ""
    )


def test_there_is_a_way_to_older_entries_only_where_there_are_some(db_session, actors, client_of):
    made = lead()
    db.session.execute(
        text("""
            INSERT INTO lead_notes (lead_id, body, created_at)
            SELECT :id, 'N' || number, now() - number * interval '1 minute' FROM generate_series(1, 50) number
        """),
        {"id": made.id},
    )
    client = client_of("admin")
    api = client.application.test_client()
    caller = {"Authorization": f"Bearer {token_of(client.application, 'admin')}"}

    def older():
        found = [
            api.get(f"/api/v1/leads/{made.id}/{part}", headers=caller).json["next"] for part in ("timeline", "notes")
        ]
        return ["before=" in client.get(f"/leads/{made.id}").text, *(each is not None for each in found)]

    assert older() == [False, False, False], "exactly a page"
    actions.add_note([made.id], actor=actors.admin, body="One more")
    assert older() == [True, True, True]
