"""Families on their way to the school: invitations that wait, and enrollments in every state, with what was entered and
what happened. The records of their students are made by a module of their own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.models.enrollments import STEPS
from app.policies.roles import Role
from app.services import accounts, sessions
from app.services.demo.families import ENROLLED, FAMILIES, OWN, PAPER, REASONS, Family
from app.services.demo.names import ascii_name
from app.services.demo.school import School, chance, key, write
from app.services.enrollments import documents
from app.services.enrollments.accepting import ALPHABET

TABLES: Final = ("enrollment_invitations", "enrollments")

MINUTES: Final = 540  # of a school day
PHONES: Final = "+4420794600"  # Ofcom's range for drama in London

_SCHOOL = text(
    "SELECT id FROM organizations WHERE type = 'school' AND deleted_at IS NULL ORDER BY created_at, name LIMIT 1"
)
_TYPES = text("SELECT code FROM document_types WHERE required AND active ORDER BY position, code")
_MADE = text("UPDATE ab_user SET created_on = :at, changed_on = :at WHERE id = :id")


@dataclass
class Office:
    """What is written, table by table, in the order of the foreign keys."""

    school: School
    school_id: UUID
    luck: Random
    guardians: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.coach = self.school.named("coach").id
        self.office = self.school.named("admissions").id
        self.types: list[str] = list(db.session.scalars(_TYPES))
        tables = ("enrollment_invitations", "enrollments", "enrollment_steps", "enrollment_documents")
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in (*tables, "record_creation_attempts")}
        self.rows["enrollment_events"] = []

    def add(self, table: str, at: datetime, who: int, **values: Any) -> UUID:
        made = key(at, self.luck)
        stamps = {"created_at": at, "updated_at": at, "created_by_id": who, "updated_by_id": who}
        self.rows[table].append({"id": made} | values | stamps)
        return made


def load(school: School) -> None:
    school_id = db.session.scalar(_SCHOOL)
    if school_id is None:
        return
    office = Office(school, school_id, chance("enrollments"))
    documents.store(PAPER)
    for number, family in enumerate(FAMILIES):
        _Way(office, number, family).walk()
    for table, rows in office.rows.items():
        write(table, rows)
    db.session.expire_all()


class _Way:
    """The way of one family, from the invitation on; each step some days after the one before."""

    def __init__(self, office: Office, number: int, family: Family) -> None:
        self.office, self.family, self.luck = office, family, office.luck
        self.number = number
        hours = office.school.hours
        first = hours.end - MINUTES * (2 + 3 * max(family.step, 1) + number % 4) - self.luck.randrange(MINUTES)
        self.minute = max(0, first if family.state != "expired" else hours.end - MINUTES * 30)
        self.first, _blank, self.last = family.student.partition(" ")
        self.guardian_first, _blank, self.guardian_last = family.guardian.partition(" ")
        login = ascii_name(self.guardian_first, self.guardian_last)
        self.email = "guardian@example.org" if family.guardian == OWN else f"{login}@example.org"

    def at(self) -> datetime:
        return self.office.school.hours.moment(min(self.minute, self.office.school.hours.end - 1))

    def later(self) -> datetime:
        """Some days after the last moment."""
        self.minute += MINUTES + self.luck.randrange(MINUTES)
        return self.at()

    def walk(self) -> None:
        family, state = self.family, self.family.state
        self.invitation_id = self._invite()
        if not family.step:
            return
        opened = self.later()
        self._event("invitation_opened", opened, None)
        self.guardian = self._guardian(opened)
        self._event("invitation_accepted", opened, self.guardian)
        self.enrollment_id = self._enroll(opened)
        for step in range(1, STEPS + 1):
            self._step(step, opened)
        self._documents()
        if state in ("withdrawn", "rejected"):
            self._event(state, self.later(), self.office.office, reason=REASONS[state])

    def _invite(self) -> UUID:
        family, at = self.family, self.at()
        status = "accepted" if family.step else family.state
        made = self.office.add(
            "enrollment_invitations",
            at,
            self.office.coach,
            coach_id=self.office.coach,
            school_id=self.office.school_id,
            student_first_name=self.first,
            student_last_name=self.last,
            guardian_name=family.guardian,
            guardian_email=self.email,
            program_interests=list(family.programs),
            grade_level=family.grade,
            message=None,
            locale="en",
            token_hash=hashlib.sha256(f"demo:{self.number}".encode()).hexdigest(),  # of no token that anybody has
            expires_at=at + timedelta(days=21),
            status=status,
            opened_at=at + timedelta(hours=5) if status in ("opened", "accepted") else None,
        )
        self.invitation_id = made
        self._event("invitation_sent", at, self.office.coach)
        if status == "revoked":
            self._event("invitation_revoked", self.later(), self.office.coach)
        return made

    def _guardian(self, at: datetime) -> int:
        """The account of the guardian, which has no password but that of the demo's login."""
        known = self.office.guardians
        if self.family.guardian == OWN:
            return self.office.school.named("guardian").id
        if self.email not in known:
            made = accounts.create_account(
                username=self.email.partition("@")[0],
                email=self.email,
                first_name=self.guardian_first,
                last_name=self.guardian_last,
                roles=[Role.GUARDIAN.value],
                actor=sessions.system(),
            )
            db.session.execute(_MADE, {"id": made.id, "at": at.replace(tzinfo=None)})
            known[self.email] = made.id
        return known[self.email]

    def _enroll(self, at: datetime) -> UUID:
        family, state = self.family, self.family.state
        closed = state if state in ("withdrawn", "rejected") else ""
        decided = self._moment_of(3) if family.step > 4 or state in ("approved", "rejected") else None
        paid = self._moment_of(6) if family.step == ENROLLED else None
        suffix = "".join(self.luck.choice(ALPHABET) for _place in range(6))
        return self.office.add(
            "enrollments",
            at,
            self.guardian,
            enrollment_code=f"TSA-ENROLL-{at:%Y%m%d}-{suffix}",
            invitation_id=self.invitation_id,
            guardian_id=self.guardian,
            coach_id=self.office.coach,
            school_id=self.office.school_id,
            status=closed or ("enrolled" if paid else "in_progress"),
            current_step=family.step,
            student_first_name=self.first,
            student_last_name=self.last,
            coach_decision=None if decided is None else "rejected" if state == "rejected" else "approved",
            decided_at=decided,
            decision_note=REASONS["rejected"] if state == "rejected" else None,
            deposit_amount=250 if paid else None,
            deposit_paid=paid is not None,
            deposit_paid_on=self._day(paid) if paid else None,
            enrolled_at=paid,
            records_due_since=self._moment_of(4) if family.step > 4 else None,
        )

    def _moment_of(self, step: int) -> datetime:
        """When a step of this family was completed: two open days after the one before."""
        hours = self.office.school.hours
        return hours.moment(min(self.minute + step * MINUTES * 3 // 2, hours.end - 1))

    def _day(self, at: datetime) -> date:
        return self.office.school.hours.day_of(at)

    def _step(self, step: int, opened: datetime) -> None:
        family, done = self.family, step < self.family.step
        begun = step == family.step and family.state in ("sent", "approved")
        at = self._moment_of(step) if done else opened
        data = self._data(step, at) if done or begun else {}
        if begun and family.state == "sent":
            data["sent_at"] = at.isoformat()
        who = {2: self.office.coach, 6: self.office.office}.get(step, self.guardian)
        self.office.add(
            "enrollment_steps",
            at,
            who,
            enrollment_id=self.enrollment_id,
            step=step,
            status="completed" if done else "in_progress" if begun else "pending",
            data=data,
            completed_at=at if done else None,
            completed_by=who if done else None,
        )
        if done:
            self._event("step_completed", at, who, step=step)
        if done and step == 3 and family.step > 3 and (family.step > 4 or family.state):
            decision = "rejected" if family.state == "rejected" else "approved"
            self._event("decided", at, self.office.coach, decision=decision)
        if done and step == 4 and family.state == "failing":
            self._failed(at)
        if done and step == 6:
            self._event("payment_recorded", at, who, method="bank_transfer", amount="250.00", paid=True)
            self._event("enrolled", at, who)

    def _data(self, step: int, at: datetime) -> dict[str, Any]:
        day = self._day(at)
        known: dict[int, dict[str, Any]] = {
            1: {"program_interests": list(self.family.programs), "contact_method": "phone"}
            | {"contact_time": "Weekdays after five"},
            2: {"consultation_date": day.isoformat(), "consultation_type": "phone"},
            3: {"shadow_day": (day + timedelta(days=5)).isoformat(), "waivers_signed": True},
            4: self._student(),
            6: {"payment_method": "bank_transfer", "deposit_amount": "250.00"},
        }
        return known.get(step, {})

    def _student(self) -> dict[str, Any]:
        born = date(self.office.school.today.year - 15, 1 + self.number % 12, 3 + self.number)
        student = {
            "first_name": self.first,
            "last_name": self.last,
            "birth_date": born.isoformat(),
            "grade_level": self.family.grade,
            "birth_sex_descriptor": ("Female", "Male")[self.number % 2],
            "hispanic_latino_ethnicity": self.last == "Vargas",
        }
        races = {} if self.family.state == "failing" else {"races": ["Choose Not to Respond"]}
        guardian = {"first_name": self.guardian_first, "last_name": self.guardian_last, "email": self.email}
        guardian |= {"phone": f"{PHONES}{10 + self.number}", "relation": ("Mother", "Father")[self.number % 3 == 0]}
        return student | races | {f"guardian_{name}": value for name, value in guardian.items()}

    def _failed(self, at: datetime) -> None:
        """The records could not be made: the office sees why, and can try again when it is mended."""
        fields = {"races": "missing"}
        self.office.rows["record_creation_attempts"].append(
            {"enrollment_id": self.enrollment_id, "succeeded": False, "student_id": None, "fields": fields}
            | {"message": "", "due_since": at, "at": at, "actor_id": self.guardian}
        )
        self._event("record_creation_failed", at, self.guardian, fields=fields)

    def _documents(self) -> None:
        family = self.family
        if family.step < 5:
            return
        sent = self.office.types if family.step > 5 else self.office.types[:2]
        for place, code in enumerate(sent):
            rejected = family.state == "rejected document" and place == 0
            status = "verified" if family.step > 6 else "rejected" if rejected else "submitted"
            at = self._moment_of(5)
            reviewed = status != "submitted"
            self.office.add(
                "enrollment_documents",
                at,
                self.guardian,
                enrollment_id=self.enrollment_id,
                document_type=code,
                file_name=f"{code.replace('_', '-')}.pdf",
                size=len(PAPER),
                sha256=hashlib.sha256(PAPER).hexdigest(),
                content_type="application/pdf",
                status=status,
                reason="The photo is too dark to read." if rejected else None,
                reviewed_by=self.office.office if reviewed else None,
                reviewed_at=at if reviewed else None,
            )
            self._event("document_submitted", at, self.guardian, type=code)
            if reviewed:
                self._event(f"document_{status}", at, self.office.office, type=code)

    def _event(self, kind: str, at: datetime, who: int | None, **details: Any) -> None:
        enrollment_id = getattr(self, "enrollment_id", None)
        row = {"id": key(at, self.luck), "enrollment_id": enrollment_id, "invitation_id": self.invitation_id}
        self.office.rows["enrollment_events"].append(
            row | {"type": kind, "details": details, "actor_id": who, "at": at}
        )
