"""The search over all records: every kind that the reader may list, in few statements."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import event

from app.extensions import db
from app.services import listing, search
from app.services.leads import merging, unmerging
from app.services.resource import RESOURCES
from tests.factories import content, courses, edfi, enrollments, seating
from tests.factories.leads import lead
from tests.factories.students import student


def found(words: str, actor) -> dict[str, list[str]]:
    return {
        resource.slug: [resource.title(row) for row in page.rows] for resource, page in search.find(words, 6, actor)[0]
    }


@pytest.fixture
def zyx(db_session, actors):
    """A record of many kinds, all called Zyx."""
    lead(last_name="Zyx")
    student(last_name="Zyx")
    course = courses.course(name="Zyx for beginners")
    courses.slot(course, actors.teacher, 1, "10:00")
    courses.closure(date(2027, 5, 1), reason="Zyx day")
    courses.instrument(name="Zyx")
    venue = seating.venue(name="Zyx hall")
    seating.room(venue, 10, name="Zyx room")
    seating.session(venue, name="Zyx test")
    content.announcement(title="Zyx is here")
    edfi.school(name="Zyx school", school_id=990_001, identifier="zyx-school")
    enrollments.invitation(student_last_name="Zyx")


def test_every_kind_with_a_search_is_looked_through_or_left_out_on_purpose(app):
    searched = {slug for slug, resource in RESOURCES.items() if resource.search is not None}
    assert set(search.SEARCHED) | search.LEFT_OUT == searched
    assert not set(search.SEARCHED) & search.LEFT_OUT


def test_every_kind_can_be_read_with_its_details(db_session, actors):
    for slug, names in search.SEARCHED.items():
        listing.fetch(RESOURCES[slug], actors.super_admin, listing.Query(search="zyx"), names, count=False)


def test_what_is_found_is_what_one_may_list(zyx, actors, monkeypatch):
    monkeypatch.setattr(search, "MOST_KINDS", 100)
    everything = found("zyx", actors.super_admin)
    assert set(everything) == {
        "leads",
        "students",
        "enrollment-invitations",
        "courses",
        "classroom-slots",
        "test-sessions",
        "venues",
        "rooms",
        "organizations",
        "announcements",
        "instruments",
        "closures",
    }
    assert everything["courses"] == ["Zyx for beginners"]
    assert list(everything) == [slug for slug in search.SEARCHED if slug in everything], "in their order"
    assert set(found("zyx", actors.staff)) == {
        "leads",
        "students",
        "courses",
        "classroom-slots",
        "instruments",
        "closures",
    }
    assert set(found("zyx", actors.exam_officer)) == {"students", "test-sessions", "venues", "rooms"}
    assert set(found("zyx", actors.teacher)) == {"courses", "classroom-slots"}, "neither lead nor student is theirs"
    assert found("zyx", actors.guardian) == {} and found("nothing at all", actors.admin) == {}


def test_a_teacher_is_found_with_the_slots_they_teach(zyx, actors):
    assert {"accounts", "classroom-slots"} <= set(found("teacher tester", actors.admin))


def test_who_has_nothing_to_search_has_no_box(client_of, actors):
    for role in ("admin", "staff", "teacher", "student", "coach", "exam_officer", "admissions"):
        assert 'action="/search/"' in client_of(role).get("/settings/").text, role
    for role in ("guardian", "assistant", "engineer"):
        assert 'action="/search/"' not in client_of(role).get("/settings/").text, role
        assert client_of(role).get("/search/?q=zyx").status_code == 200


def test_a_search_has_few_statements_and_bounded_rows(zyx, actors):
    for number in range(9):
        lead(first_name=f"N{number}", last_name="Zyx")
    reader = actors.super_admin
    statements: list[str] = []
    connection = db.session.connection()
    note = lambda _c, _u, statement, *_more: statements.append(statement)  # noqa: E731
    event.listen(connection, "before_cursor_execute", note)
    pages, others = search.find("zyx", 4, reader)
    event.remove(connection, "before_cursor_execute", note)
    assert len(statements) <= 1 + search.MOST_KINDS == 11
    assert len(pages) == search.MOST_KINDS
    assert [each.slug for each in others] == ["instruments", "closures"], "what is beyond is told"
    [leads] = [page for resource, page in pages if resource.slug == "leads"]
    assert [row.first_name for row in leads.rows] == ["N8", "N7", "N6", "N5"] and not leads.last


def test_the_page_names_and_tells_apart(zyx, client_of):
    page = client_of("admin").get("/search/?q=zyx").text
    for words in ("Zyx for beginners", "Zyx hall", "Zyx test"):
        assert words in page
    beyond = client_of("super_admin").get("/search/?q=zyx").text
    assert 'href="/closures/?q=zyx"' in beyond and 'href="/instruments/?q=zyx"' in beyond
    suggested = client_of("exam_officer").get("/search/?q=zyx%20hall", headers={"Accept": "application/json"}).json
    assert "Zyx hall" in next(each["title"] for each in suggested if each["url"].startswith("/venues/"))
    assert client_of("admin").get("/search/?q=z", headers={"Accept": "application/json"}).json == []


def test_a_request_for_access_is_found_in_any_capitals(db_session, client_of):
    db.session.execute(
        db.text(
            "INSERT INTO access_requests (first_name, last_name, email, requested_role, reason) "
            "VALUES ('Ada', 'Zyx', 'A.Zyx@mail.example', 'Staff', 'Work')"
        )
    )
    for words in ("zyx", "Zyx", "a.zyx"):
        assert "Ada Zyx" in client_of("super_admin").get(f"/access-requests/?q={words}").text, words


def test_a_merged_lead_is_found_as_who_took_over(db_session, actors):
    """By the whole number, as people dial it, or the whole address; each teacher still among their own."""
    gone = lead(phone="+442071838750", email="Old_one@example.org", last_name="Zyx")
    kept, other = lead(email="new@example.org"), lead(email="oldXone@example.org")
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    for words in ("+44 20 7183 8750", "020 7183 8750", "02071838750", "old_ONE@example.org"):
        assert found(words, actors.staff) == {"leads": [kept.name]}, words
        page = listing.fetch(RESOURCES["leads"], actors.staff, listing.Query(search=words), ["name"])
        assert ([row.id for row in page.rows], page.total) == ([kept.id], 1)
        assert listing.keys(RESOURCES["leads"], actors.staff, listing.Query(search=words)) == [kept.id]
    assert found("020 7183 8750", actors.teacher) == {}
    assert found("oldXone@example.org", actors.staff) == {"leads": [other.name]}
    both = lead(phone="+442071838750")
    assert found("020 7183 8750", actors.staff) == {"leads": [both.name, kept.name]}
    deleted = listing.Query(search="020 7183 8750", deleted=True)
    assert listing.keys(RESOURCES["leads"], actors.staff, deleted) == [gone.id]
    unmerging.undo_merge([gone.id], actor=actors.admin)
    assert found("old_one@example.org", actors.staff) == {"leads": [gone.name]}
