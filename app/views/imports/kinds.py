"""What can be imported, in the words of the screens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.models.imports import Import
from app.policies.actor import Actor
from app.services import import_reports, people
from app.services.accounts.resource import ACCOUNTS
from app.services.enrollments import INVITATIONS
from app.services.errors import Invalid
from app.services.leads import LEADS
from app.services.lookups import key_of_choice
from app.services.resource import Resource
from app.services.students import STUDENTS
from app.services.test_sessions import REGISTRATIONS
from app.views import render
from app.views.page import Choice, Field, Link

Errors = Mapping[str, list[Any]]
DUPLICATES = {"skip": _l("Leave them out"), "import": _l("Import them all the same")}


@dataclass(frozen=True)
class Kind:
    """One kind of file. `most_rows` and the texts are what the pages say; `fields` are what is asked beside the file,
    `options` reads them.
    """

    resource: Resource
    base: str
    permission: str
    new: Any  # the title of the upload
    one: Any
    many: Any
    limits: Any
    empty: Any
    confirm: Callable[[int], str]
    made: Callable[[Import], Link]
    fields: Callable[[Errors, Actor], list[Field]] = lambda errors, actor: []
    options: Callable[[], dict[str, Any]] = dict
    records_are_linked: bool = False

    @property
    def name(self) -> str:
        """What the services call it."""
        return self.resource.slug


READING = {
    "dates": (
        _l("How days are written"),
        {
            "iso": _l("As 2026-03-31"),
            "day_first": _l("Day first, as 31/03/2026"),
            "month_first": _l("Month first, as 03/31/2026"),
        },
    ),
    "unknown_columns": (
        _l("Columns that are not known"),
        {"refuse": _l("Refuse the file, and name them"), "leave_out": _l("Leave them out")},
    ),
}


def reading_fields(kind: Kind, errors: Errors) -> list[Field]:
    """How the file is written: csv_files/options.py; days only where a column holds some."""
    has_days = any(column.is_day for column in import_reports.COLUMNS[kind.name])
    return [
        _radio(name, label, labels, errors) for name, (label, labels) in READING.items() if name != "dates" or has_days
    ]


def _radio(name: str, label: Any, labels: Mapping[str, Any], errors: Errors) -> Field:
    """One of several, the first unless another is sent."""
    chosen = request.form.get(name, next(iter(labels)))
    return Field(
        name,
        str(label),
        "radio",
        chosen,
        errors=[str(each) for each in errors.get(name, [])],
        choices=[Choice(value, str(text), value == chosen) for value, text in labels.items()],
    )


def _lead_fields(errors: Errors, actor: Actor) -> list[Field]:
    me = actor.id if actor.has(*people.OWNERS) else None
    return [
        Field(
            "default_owner_id",
            _("Owner of rows that name none"),
            "relation",
            request.form.get("default_owner_id", str(me or "")),
            text=actor.name if me else "",
            lookup_url="/lookups/staff",
            errors=[str(each) for each in errors.get("default_owner_id", [])],
        ),
        _radio("duplicates", _l("Rows that look like a lead you have"), DUPLICATES, errors),
    ]


def _lead_options() -> dict[str, Any]:
    raw = request.form.get("default_owner_id", "")
    key = key_of_choice("staff", raw) if raw else None
    if raw and key is None:
        raise Invalid(fields={"default_owner_id": [_("Choose one from the list.")]})
    return {"duplicates": request.form.get("duplicates", "skip"), "default_owner_id": key}


LEAD_IMPORTS = Kind(
    LEADS,
    "/lead-imports",
    "Lead imports",
    _l("Import leads"),
    _l("Import of leads"),
    _l("Imports of leads"),
    _l("At most 200,000 rows and 32 MB."),
    _l("Bring the leads of a fair or of an old list in from a CSV file."),
    lambda number: ngettext("Import %(count)s lead", "Import %(count)s leads", number, count=render.number(number)),
    lambda job: Link(_("See the leads"), f"/leads/?f=import:is:{job.id}", "users", primary=True),
    _lead_fields,
    _lead_options,
    records_are_linked=True,
)
ACCOUNT_IMPORTS = Kind(
    ACCOUNTS,
    "/account-imports",
    "Account imports",
    _l("Import accounts"),
    _l("Import of accounts"),
    _l("Imports of accounts"),
    _l("At most 20,000 rows and 32 MB. Nobody can log in before a password is set: no file holds one."),
    _l("Make the accounts of many people from a CSV file."),
    lambda number: ngettext("Make %(count)s account", "Make %(count)s accounts", number, count=render.number(number)),
    lambda job: Link(_("See the accounts"), f"/accounts/?f=import:is:{job.id}", "users", primary=True),
)
REGISTRATION_IMPORTS = Kind(
    REGISTRATIONS,
    "/test-registration-imports",
    "Test registration imports",
    _l("Import registrations"),
    _l("Import of registrations"),
    _l("Imports of registrations"),
    _l("At most 20,000 rows and 32 MB. Whoever is not known yet becomes a student."),
    _l("Register many students for tests from a CSV file."),
    lambda number: ngettext(
        "Register %(count)s student", "Register %(count)s students", number, count=render.number(number)
    ),
    lambda job: Link(_("See the registrations"), f"/test-registrations/?f=import:is:{job.id}", "users", primary=True),
)
INVITATION_IMPORTS = Kind(
    INVITATIONS,
    "/enrollment-invitation-imports",
    "Enrollment invitation imports",
    _l("Invite families from a file"),
    _l("Import of invitations"),
    _l("Imports of invitations"),
    _l("At most 5,000 rows and 32 MB. Each family gets a letter once you have confirmed."),
    _l("Invite many families from a CSV file."),
    lambda number: ngettext(
        "Invite %(count)s family", "Invite %(count)s families", number, count=render.number(number)
    ),
    lambda job: Link(_("See the invitations"), f"/enrollment-invitations/?f=import:is:{job.id}", "send", primary=True),
)


def _student_fields(errors: Errors, actor: Actor) -> list[Field]:
    return [_radio("duplicates", _l("Rows that look like a student you have"), DUPLICATES, errors)]


STUDENT_IMPORTS = Kind(
    STUDENTS,
    "/student-record-imports",
    "Student record imports",
    _l("Import students"),
    _l("Import of students"),
    _l("Imports of students"),
    _l("At most 200,000 rows and 32 MB. Each becomes a student at a school, with guardian and OneRoster user."),
    _l("Bring the students of another system in from a CSV file."),
    lambda number: ngettext(
        "Import %(count)s student", "Import %(count)s students", number, count=render.number(number)
    ),
    lambda job: Link(_("See the students"), "/students/", "user-round", primary=True),
    _student_fields,
    lambda: {"duplicates": request.form.get("duplicates", "skip")},
)
