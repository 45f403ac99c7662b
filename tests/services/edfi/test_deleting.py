"""What is never deleted at a server by mistake: a school without its number, and too much at once."""

from __future__ import annotations

import pytest

from app.extensions import db
from app.models.edfi import EdFiPushStatus
from app.services.edfi import outcomes
from tests.factories.edfi import family, school


def deletions(ods) -> int:
    return sum(method == "DELETE" for method, _path in ods.requests)


@pytest.mark.parametrize("how", ["no number", "no grades", "no school any more"])
def test_while_a_school_is_invalid_nothing_is_deleted(push, ods, how):
    place, other = school(), school()
    family(place)
    gone = family(other)
    push()
    before, number = ods.counts(), place.school_id
    gone.deleted_at = gone.created_at
    if how == "no grades":
        place.grades = []
    else:
        place.school_id = None
    if how == "no school any more":
        place.type = "district"
    db.session.commit()
    done = push()
    assert (done.status, deletions(ods), ods.counts()) == (EdFiPushStatus.DONE, 0, before)
    assert "Students at schools" in done.message
    place.school_id, place.grades, place.type = number, ["09", "10"], "school"
    db.session.commit()
    done = push()
    assert (done.counts["deleted"], done.message) == (3, ""), "of the student who is really gone"


def test_too_many_of_a_resource_are_not_deleted_and_the_others_are(push, ods):
    place = school()
    pupils = [family(place) for _number in range(24)]
    push()
    for each in pupils[:5]:
        each.deleted_at = each.created_at
    db.session.commit()
    assert push().counts["deleted"] == 15, "a fifth, and five"
    for each in pupils[5:11]:
        each.deleted_at = each.created_at
    db.session.commit()
    ods.requests.clear()
    done = push()
    assert (done.status, deletions(ods), "deleted" in done.counts) == (EdFiPushStatus.DONE, 0, False)
    assert "Students at schools (6/19)" in done.message
    assert ods.counts()["studentSchoolAssociations"] == 19
    pupils[5].deleted_at = None
    db.session.commit()
    done = push()
    assert (done.counts["deleted"], done.message) == (15, "")


@pytest.mark.parametrize(
    ("gone", "total", "refused"), [(5, 5, False), (6, 30, False), (6, 29, True), (200, 1000, False)]
)
def test_how_many_are_too_many(gone, total, refused):
    found = outcomes.Vanished("contacts", [outcomes.Sent("contacts", "", None)] * gone, total)
    assert found.is_too_much is refused
