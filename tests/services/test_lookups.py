"""Choices: what may be found may be chosen, and nothing else."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import text

from app.extensions import db
from app.services import accounts, lookups
from app.services.errors import Invalid, NotFound
from tests.factories.leads import lead, stage


def found(name, actor, words=""):
    return [each.text for each in lookups.find(name, actor, words)[0]]


def test_people_are_active_and_of_the_role(db_session, actors):
    assert set(found("teachers", actors.staff)) == {"Teacher Tester", "Teacher2 Tester"}
    assert "Student Tester" not in found("staff", actors.staff)
    accounts.deactivate(actors.teacher2.id, actor=actors.admin)
    assert found("teachers", actors.staff) == ["Teacher Tester"]
    with pytest.raises(Invalid):
        lookups.check("teachers", actors.staff, actors.teacher2.id, "assigned_teacher_id")


def test_who_left_keeps_the_name_and_can_be_looked_for(db_session, actors):
    accounts.deactivate(actors.teacher2.id, actor=actors.admin)
    assert lookups.label("teachers", actors.staff, actors.teacher2.id) == "Teacher2 Tester"
    every, _more = lookups.find("teachers", actors.staff, "teacher2", every=True)
    assert [each.text for each in every] == ["Teacher2 Tester"]
    assert lookups.label("teachers", actors.staff, actors.guardian.id) == "", "never a teacher"


def test_a_list_is_filtered_by_who_left(db_session, actors, client_of):
    lead(owner_id=actors.staff2.id)
    accounts.deactivate(actors.staff2.id, actor=actors.super_admin)
    admin = client_of("admin")
    page = admin.get(f"/leads/?f=owner:is:{actors.staff2.id}").text
    assert "Owner is Staff2 Tester" in page and "unknown" not in page
    assert "/lookups/staff?all" in page, "the filters offer everybody"
    for query, names in (("q=staff2", []), ("q=staff2&all", ["Staff2 Tester"])):
        assert [each["text"] for each in admin.get(f"/lookups/staff?{query}").json["results"]] == names


def test_a_role_by_a_group_counts(db_session, actors):
    db.session.execute(
        text("""
        INSERT INTO ab_user_group (id, user_id, group_id)
        SELECT nextval('ab_user_group_id_seq'), :user_id, id FROM ab_group WHERE name = 'Admin'
    """),
        {"user_id": actors.coach.id},
    )
    db.session.commit()
    assert "Coach Tester" in found("staff", actors.staff)


def test_only_visible_leads_may_be_chosen(db_session, actors):
    mine, other = lead(assigned_teacher_id=actors.teacher.id), lead()
    assert found("leads", actors.teacher) == [mine.name]
    lookups.check("leads", actors.teacher, mine.id, "into_id")
    for key in (other.id, uuid.uuid4()):
        with pytest.raises(Invalid) as refused:
            lookups.check("leads", actors.teacher, key, "into_id")
        assert refused.value.fields == {"into_id": ["Choose one from the list."]}
    assert lookups.label("leads", actors.teacher, other.id) == ""
    assert lookups.label("leads", actors.teacher, mine.id) == mine.name


def test_inactive_stages_are_no_choice(db_session, actors):
    target = stage("Contacted")
    target.active = False
    db.session.commit()
    assert "Contacted" not in found("lead-stages", actors.staff)


def test_words_match_in_any_order_and_spelling(db_session, actors):
    lead(first_name="Zoë", last_name="Müller")
    for words in ("zoe muller", "MÜLLER zoë", "ller zo"):
        assert found("leads", actors.admin, words) == ["Zoë Müller"], words
    assert found("leads", actors.admin, "zoe nobody") == []


def test_there_is_a_first_page_only_and_it_says_so(db_session, actors):
    for _number in range(lookups.PAGE + 1):
        lead()
    some, more = lookups.find("leads", actors.admin)
    assert (len(some), more) == (lookups.PAGE, True)


def test_an_unknown_list_is_not_found(app, actors):
    with pytest.raises(NotFound):
        lookups.find("passwords", actors.admin)
