"""What is taken for an e-mail address is the same for everybody who is written to."""

from types import SimpleNamespace

import pytest

from app.services import contact
from app.services.errors import Invalid
from app.services.leads import records as leads
from app.services.records import links
from app.services.students import records as students
from app.services.venues import venues
from tests.factories.edfi import guardian_of
from tests.factories.seating import venue
from tests.factories.students import student

WRONG = (
    "@",
    "amina",
    "amina@",
    "@example.org",
    "amina@example",
    "a b@example.org",
    "a@b@example.org",
    "a@example..org",
)
NAMES = {"first_name": "Amina", "last_name": "Haddad"}


@pytest.mark.parametrize("typed", ["amina@example.org", "a.b+c@mail.example.co.uk", "آمنة@مثال.com"])
def test_an_address(typed):
    assert contact.is_address(typed)


@pytest.mark.parametrize("typed", WRONG)
def test_no_address(typed):
    assert not contact.is_address(typed)


@pytest.mark.parametrize("typed", WRONG[:5])
@pytest.mark.parametrize(("create", "field", "values"), [
    (leads.create, "email", NAMES | {"phone": "+442079460018"}),
    (students.create, "email", NAMES),
    (links.create_guardian, "email", NAMES),
    (venues.create, "contact_email", {"code": "HALL", "name": "Hall"}),
], ids=["lead", "student", "guardian", "venue"])  # fmt: skip
def test_everybody_has_an_address_or_none(db_session, app, actors, create, field, values, typed):
    with app.test_request_context(), pytest.raises(Invalid) as refused:
        create(values | {field: typed}, actor=actors.admin)
    assert [str(each) for each in refused.value.fields[field]] == [str(contact.NO_ADDRESS)]


@pytest.mark.parametrize(("make", "update", "field", "other"), [
    (student, students.update, "email", "last_name"),
    (lambda **values: guardian_of(student(), **values), links.update_guardian, "email", "last_name"),
    (venue, venues.update, "contact_email", "name"),
], ids=["student", "guardian", "venue"])  # fmt: skip
def test_what_a_record_has_already_is_no_reason_to_refuse_another_change(
    db_session, app, actors, make, update, field, other
):
    with app.test_request_context():
        known = make(**{field: "office@school"})
        update(known.id, {field: "office@school", other: "Other"}, actor=actors.admin)
        assert getattr(known, other) == "Other"
        with pytest.raises(Invalid):
            update(known.id, {field: "desk@school"}, actor=actors.admin)


def test_all_that_is_wrong_is_told_at_once(app):
    values = {"phone": "12", "email": "x"}
    with app.test_request_context():
        assert set(contact.normalise(values)) == {"phone", "email"}
        assert contact.normalise(values, SimpleNamespace(**values)) == {}
        values = {"contact_phone": "020 7946 0018", "contact_email": "a@example.org"}
        assert contact.normalise(values, phone="contact_phone", email="contact_email") == {}
    assert values["contact_phone"] == "+442079460018"
