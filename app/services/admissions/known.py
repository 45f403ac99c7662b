"""Whether somebody who is to become a student is known already: as a student, or a walk-in as a lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from app.extensions import db
from app.models.leads import Lead
from app.policies.actor import Actor
from app.services.admissions.people import Person, has_student
from app.services.errors import Invalid
from app.services.leads import records as leads
from app.services.students import records as students


class KnownPerson(Invalid):
    """Live leads or students with the same phone or e-mail exist; admitting again with `accept_duplicates` admits all the
    same.
    """

    code = "possible_duplicates"

    def __init__(self, found_leads: Sequence[Any], found_students: Sequence[Any]) -> None:
        super().__init__(_("This may be someone you already know."))
        self.people = [*(("leads", each) for each in found_leads), *(("students", each) for each in found_students)]

    def details(self) -> dict[str, Any]:
        return {
            "duplicates": [
                {"resource": kind, "id": str(each.id), "name": each.name, "phone": each.phone, "email": each.email}
                for kind, each in self.people
            ]
        }


def check(person: Person, values: Mapping[str, Any], actor: Actor) -> None:
    """Raises KnownPerson when a student or a walk-in's lead would be made of somebody whom the actor can see there is,
    unless `accept_duplicates` is given.
    """
    if person.lead_id is None or values.get("accept_duplicates"):
        return
    lead = db.session.get_one(Lead, person.lead_id)
    walked_in = values.get("lead_id") is None
    same_leads = leads.duplicates_of(actor, lead.phone, lead.email, but=lead.id) if walked_in else []
    facts = {"phone": lead.phone, "email": lead.email}
    same_students = [] if has_student(lead.id) else students.duplicates_of(facts, actor)
    if same_leads or same_students:
        raise KnownPerson(same_leads, same_students)
