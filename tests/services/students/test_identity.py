"""Identity documents: their numbers, and who sees them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.extensions import db
from app.models.students import IdentityType as Kind
from app.services.errors import Conflict, Invalid
from app.services.students import identity, overview, records
from tests.factories.students import student

SA_ID = "8001015009087"


def entered(actors, **values):
    return records.create({"first_name": "Amina", "last_name": "Haddad"} | values, actor=actors.admin)


@pytest.mark.parametrize(
    ("kind", "number", "kept"),
    [
        (Kind.SA_ID, "800101 5009 087", SA_ID),
        (Kind.PASSPORT, "a1234567", "A1234567"),
        (Kind.FOREIGN_ID, "zw-63 123", "ZW-63123"),
    ],
)
def test_numbers_as_they_are_kept(db_session, actors, kind, number, kept):
    made = entered(actors, identity_type=kind, identity_number=number)
    assert (made.identity_type, made.identity_number) == (kind, kept)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (Kind.SA_ID, "8001015009088"),  # the check digit
        (Kind.SA_ID, "8001015009"),
        (Kind.SA_ID, "8013015009082"),  # no such month
        (Kind.SA_ID, "8001015009A87"),
        (Kind.SA_ID, "8001015009780"),  # a citizenship that there is not
        (Kind.PASSPORT, "A1"),
        (Kind.PASSPORT, "A1234-567"),
        (Kind.FOREIGN_ID, "?" * 8),
        (Kind.FOREIGN_ID, "A" * 31),
        (None, SA_ID),
        (Kind.SA_ID, None),
    ],
)
def test_numbers_that_cannot_be(db_session, actors, kind, number):
    with pytest.raises(Invalid) as refusal:
        entered(actors, identity_type=kind, identity_number=number)
    assert set(refusal.value.fields) <= {"identity_number", "identity_type"}


def test_a_south_african_number_tells_the_day_of_birth(db_session, actors):
    wrong = {"identity_type": Kind.SA_ID, "identity_number": SA_ID, "birth_date": date(1980, 1, 2)}
    with pytest.raises(Invalid):
        entered(actors, **wrong)
    made = entered(actors, **wrong | {"birth_date": date(1980, 1, 1)})
    with pytest.raises(Invalid):
        records.update(made.id, {"birth_date": date(1981, 1, 1)}, actor=actors.admin)
    assert records.update(made.id, {"identity_type": None, "identity_number": None}, actor=actors.admin)


def test_a_document_belongs_to_one_student(db_session, actors):
    values = {"identity_type": Kind.SA_ID, "identity_number": SA_ID}
    made = entered(actors, **values)
    with pytest.raises(Conflict), db.session.begin_nested():
        entered(actors, last_name="Other", **values)
    records.delete([made.id], actor=actors.admin)
    assert entered(actors, last_name="Other", **values)


@given(st.text("0123456789", min_size=1, max_size=18))
def test_luhn_is_the_same_here_and_in_the_database(number):
    digits = next(each for each in "0123456789" if identity.luhn_holds(number + each))
    assert sum(identity.luhn_holds(number + each) for each in "0123456789") == 1
    swapped = number[:-1] + str((int(number[-1]) + 1) % 10) + digits
    assert not identity.luhn_holds(swapped)


def test_luhn_in_the_database(db_session):
    numbers = [SA_ID, "8001015009088", "79927398713", "79927398710", "0", "5", "abc"]
    there = [db.session.scalar(text("SELECT luhn_holds(:number)"), {"number": each}) for each in numbers]
    assert there == [each.isdigit() and identity.luhn_holds(each) for each in numbers]
    assert db.session.scalar(text("SELECT luhn_holds(make_test_number())"))


def test_who_sees_documents(db_session, actors):
    from app.services import accounts

    mine = student(user_id=accounts.find("student").id)
    seen = {
        name: overview.may_see_identity(mine, getattr(actors, name))
        for name in ("staff", "exam_officer", "student", "teacher")
    }
    assert seen == {"staff": True, "exam_officer": True, "student": True, "teacher": False}
    assert not overview.may_see_identity(student(), actors.student)
