"""Importing registrations from a file. Each row goes the one way to register; who is not known becomes a student."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.models.imports import Import, IssueKind
from app.models.students import Student
from app.models.test_sessions import TestSession
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services.csv_files.reading import Fault
from app.services.errors import Busy, Invalid, Refusal, refusal_from
from app.services.import_run import SAMPLE, Issues, Progress, Tally, good_rows, opened
from app.services.students import identity, records
from app.services.students.records import SameStudent
from app.services.test_sessions import registrations
from app.services.test_sessions.import_rows import COLUMNS, NAMES, OF_STUDENT, RowReader, is_same
from app.services.test_sessions.locking import require

MOST_ROWS = 20_000  # each is registered on its own
EVERY = 50  # rows between two looks at the clock

Row = tuple[int, dict[str, Any]]


def check_options(options: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """There are none. Raises NotAllowed for whoever does not look after tests."""
    require(actor)
    return {}


def run(job: Import, content: bytes, issues: Issues, progress: Progress, *, actor: Actor) -> Tally:
    """Import the file in the running transaction; every fault goes to `issues`. Raises Unreadable, and nothing is
    written then, and NotAllowed.
    """
    require(actor)
    sheet, tally = opened(job, content, COLUMNS)
    writer = _Writer(job.id, issues, tally, actor)
    reader = RowReader(sheet.columns, issues, writer.faults)
    for line, values in good_rows(sheet, reader, issues, tally, MOST_ROWS):
        writer.write(line, values)
        if tally.total % EVERY == 0:
            progress.at(tally.total, max(sheet.likely_rows, tally.total))
    return tally


_BOOKED = text("""
    SELECT EXISTS (SELECT FROM test_registrations
                   WHERE session_id = :session_id AND student_id = :student_id AND status = 'confirmed')
""")


class _Writer:
    """Writes the rows of one file, each in a savepoint: what is refused takes only its own row back."""

    def __init__(self, import_id: UUID, issues: Issues, tally: Tally, actor: Actor) -> None:
        self._import_id, self._issues, self._tally, self._actor = import_id, issues, tally, actor
        self._sessions: dict[str, UUID | None] = {}

    def write(self, line: int, values: dict[str, Any]) -> None:
        try:
            with db.session.begin_nested():
                new, known = self._register(values)
        except Busy:  # the whole file is tried again
            raise
        except Refusal as refusal:
            self._note(line, values, refusal)
            return
        self._tally.new += new
        self._tally.unchanged += not new
        stored = self._left(line, values, known) if known is not None else {}
        if new and len(self._tally.sample) < SAMPLE:
            self._tally.sample.append({"line": line} | {name: _shown((values | stored).get(name)) for name in NAMES})

    def _left(self, line: int, values: Mapping[str, Any], known: Student) -> dict[str, Any]:
        """What a student whom the school has stays like; what the row says otherwise is listed among the issues."""
        for name in OF_STUDENT:
            if values.get(name) is not None and not is_same(name, values[name], getattr(known, name)):
                rule = _("Not changed: the school has this student already.")
                fix = _("Correct it on the student's page.")
                self._issues.add(IssueKind.KEPT, Fault(line, name, str(values[name]), rule, fix), known.id)
        return {name: getattr(known, name) for name in (*OF_STUDENT, "test_number")}

    def faults(self, values: dict[str, Any]) -> Mapping[str, Sequence[Any]]:
        """What would stand against these values of a row that is refused already. Nothing is written."""
        savepoint = db.session.begin_nested()
        try:
            self._register(values)
        except Busy:
            raise
        except Refusal as refusal:
            return refusal.fields
        finally:
            savepoint.rollback()
        return {}

    def _register(self, values: dict[str, Any]) -> tuple[bool, Student | None]:
        """Returns whether it is new, and the student if the school had them. Raises Invalid with everything that is wrong,
        what `register` raises, and what a constraint says.
        """
        try:
            return self._made(values)
        except DBAPIError as error:
            refusal = refusal_from(error)
            if refusal is None:
                raise
            raise refusal from error

    def _made(self, values: dict[str, Any]) -> tuple[bool, Student | None]:
        found: dict[str, Any] = {}
        wrong: dict[str, list[Any]] = {}
        for name, find in (("session_id", self._session), ("student", self._student)):
            try:
                found[name] = find(values)
            except Invalid as refusal:
                wrong |= refusal.fields
        new = found.get("student", self) is None
        known = found.pop("student", None)
        if known is not None:
            found["student_id"] = known.id
            if not wrong and db.session.scalar(_BOOKED, found):
                return False, known
        elif new:
            try:
                found["student_id"] = self._new_student(values)
            except SameStudent:
                if not wrong:
                    raise
            except Invalid as refusal:
                wrong |= refusal.fields
        if wrong:
            raise Invalid(fields=wrong)
        registrations.register(found | {"import_id": self._import_id}, actor=self._actor)
        return True, known

    def _session(self, values: dict[str, Any]) -> UUID:
        known, code = self._sessions, values["session_code"]
        if code.lower() not in known:
            statement = select(TestSession.id).where(visible(TestSession, self._actor))
            known[code.lower()] = db.session.scalar(statement.where(func.lower(TestSession.code) == code.lower()))
        found = known[code.lower()]
        if found is None:
            raise Invalid(fields={"session_code": [_("There is no session with this code.")]})
        return found

    def _student(self, values: dict[str, Any]) -> Student | None:
        """The student whom the row names by a number; None for somebody new. Raises Invalid at the field."""
        number = identity.normalise(values.get("identity_number"))
        statement = select(Student).where(visible(Student, self._actor))
        if values.get("test_number"):
            field, statement = "test_number", statement.where(Student.test_number == values["test_number"])
        elif number is not None:
            same = (Student.identity_number == number) & (Student.identity_type == values.get("identity_type"))
            field, statement = "identity_number", statement.where(same)
        else:
            return None
        found = db.session.scalars(statement).one_or_none()
        if found is None and field == "test_number":
            raise Invalid(fields={field: [_("No student has this test number.")]})
        last_name = values.get("last_name")
        if found is not None and last_name and found.last_name.casefold() != last_name.casefold():
            raise Invalid(fields={field: [_("It belongs to %(name)s.", name=found.last_name)]})
        return found

    def _new_student(self, values: dict[str, Any]) -> UUID:
        missing = [name for name in ("first_name", "last_name") if not values.get(name)]
        if missing:
            raise Invalid(fields={name: [_("Needed for a student whom you do not have yet.")] for name in missing})
        data = {name: values[name] for name in OF_STUDENT if values.get(name) is not None}
        made: UUID = records.create(data, actor=self._actor).id
        return made

    def _note(self, line: int, values: Mapping[str, Any], refusal: Refusal) -> None:
        same = isinstance(refusal, SameStudent)
        self._tally.duplicate += same
        self._tally.invalid += not same
        kind = IssueKind.DUPLICATE if same else IssueKind.INVALID
        fix = _("If it is the same person, give the test number: %(numbers)s.", numbers=_numbers(refusal))
        fix = fix if same else _("Correct it, or leave the row out.")
        fields = {"last_name": [refusal.message]} if same else refusal.fields or {"": [refusal.message]}
        for name, sentences in fields.items():
            column = "session_code" if name in ("session_id", "") else "last_name" if name == "student_id" else name
            for sentence in sentences:
                self._issues.add(kind, Fault(line, column, _shown(values.get(column)) or "", str(sentence), fix))


def _numbers(refusal: Refusal) -> str:
    return ", ".join(each.test_number for each in getattr(refusal, "students", ()))


def _shown(value: Any) -> str | None:
    return None if value is None else str(value)
