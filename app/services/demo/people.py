"""The people who work at the demo school, and one login per role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import text

from app.extensions import db
from app.policies.roles import Role
from app.services import accounts, sessions
from app.services.demo.names import ascii_name
from app.services.demo.school import Member, School, chance

TABLES: Final[tuple[str, ...]] = ()  # accounts are looked at by whoever asks for the demo

# Known to everybody, so nothing is lost by keeping its hash here, where the demo accounts are told by it.
PASSWORD: Final = "otter-cello-9"  # noqa: S105
_SALTED: Final = "scrypt:32768:8:3$registrar-demo$"
_DIGEST: Final = (
    "6294c482186d3f52418ba7dd5b3f4cadfde23f38b1492b6c8433e9e772e1f6bf"
    "7a0b5790e809255ed44abe006dbe075150e08a0f1a2aa04b1005a422e0e2d270"
)
PASSWORD_HASH: Final = _SALTED + _DIGEST


@dataclass(frozen=True)
class Login:
    """An account that everybody may use."""

    role: Role
    username: str
    first_name: str
    last_name: str
    department: str = ""


LOGINS: Final = (
    Login(Role.SUPER_ADMIN, "superadmin", "Ingrid", "Solheim", "Direction"),
    Login(Role.ADMIN, "admin", "Samuel", "Okafor", "Direction"),
    Login(Role.STAFF, "staff", "Amina", "Haddad", "Front office"),
    Login(Role.ADMISSIONS, "admissions", "Lucía", "Fernández", "Enrollment"),
    Login(Role.EXAM_OFFICER, "exams", "Piotr", "Kowalski", "Examinations"),
    Login(Role.COACH, "coach", "Rohan", "Mehta", "Enrollment"),
    Login(Role.TEACHER, "teacher", "Elena", "Petrova", "Piano"),
    Login(Role.STUDENT, "student", "Théo", "Laurent"),
    Login(Role.GUARDIAN, "guardian", "Claire", "Laurent"),
    Login(Role.ASSISTANT, "assistant", "Yusuf", "Demir"),
    Login(Role.ENGINEER, "engineer", "Kenji", "Tanaka", "Technology"),
    Login(Role.AMC_ADMIN, "amcadmin", "Grace", "Mwangi", "Technology"),
)
GROUPS: Final = {Role.ENGINEER: "Engineer", Role.AMC_ADMIN: "AMC Admin"}

STAFF: Final = (
    "Daniel Ashworth",
    "Mei Lin Chen",
    "Fatima Al-Sayed",
    "Tomás Herrera",
    "Priya Raman",
    "Niamh O'Sullivan",
    "Kofi Mensah",
    "Sofia Rossi",
    "Arjun Nair",
    "Hannah Bergström",
    "Leila Karimi",
    "Marek Dvořák",
    "Ji-woo Park",
)
TEACHERS: Final = (
    ("Akira Sato", "Piano"),
    ("Marguerite Dubois", "Piano"),
    ("Jonas Weber", "Guitar"),
    ("Camila Duarte", "Guitar"),
    ("Viktor Novák", "Violin"),
    ("Shira Levi", "Violin"),
    ("Themba Dlamini", "Voice"),
    ("Beatriz Silva", "Voice"),
    ("Oluwaseun Adeyemi", "Drums"),
    ("Mateo Quispe", "Drums"),
    ("Anneke de Vries", "Cello"),
    ("Zeynep Kaya", "Flute"),
    ("Ravi Shankaran", "Music theory"),
    ("Ewa Zielińska", "Saxophone"),
    ("Lars Nyström", "Choir"),
)


def load(school: School) -> None:
    """Make the accounts. Those without a login of their own have no password: nobody can log in as them."""
    system = sessions.system()
    for number, (login, phone) in enumerate(zip(_everyone(), _phones(), strict=False)):
        group = GROUPS.get(login.role)
        user = accounts.create_account(
            username=login.username,
            email=f"{login.username}@example.org",
            first_name=login.first_name,
            last_name=login.last_name,
            phone=phone,
            department=login.department or None,
            main_portal_id=f"P{1001 + number}",
            roles=[] if group else [login.role.value],
            groups=[group] if group else [],
            actor=system,
        )
        name = f"{login.first_name} {login.last_name}"
        school.members.append(Member(user.id, login.username, name, login.role, login.department))
    _open_logins(school)


def _everyone() -> Iterator[Login]:
    yield from LOGINS
    for name in STAFF:
        yield _colleague(Role.STAFF, name, "Front office")
    for name, subject in TEACHERS:
        yield _colleague(Role.TEACHER, name, subject)


def _colleague(role: Role, name: str, department: str) -> Login:
    first, _space, last = name.rpartition(" ")
    return Login(role, ascii_name(first, last), first, last, department)


def _phones() -> Iterator[str]:
    """The part of Ofcom's mobile range for drama that the leads do not use."""
    return (f"+447700900{number}" for number in range(900, 1000))


_OPEN = text("UPDATE ab_user SET password = :password WHERE id = ANY(:ids)")
_SEEN = text("""
    UPDATE ab_user SET created_on = :made, changed_on = :made, last_login = seen.at, login_count = seen.count
    FROM unnest(CAST(:ids AS integer[]), CAST(:times AS timestamp[]), CAST(:counts AS integer[]))
        AS seen (id, at, count)
    WHERE seen.id = ab_user.id
""")


def _open_logins(school: School) -> None:
    """Give the logins their password, and everybody a past."""
    luck = chance("people")
    open_to_all = {login.username for login in LOGINS}
    ids = [member.id for member in school.members if member.username in open_to_all]
    db.session.execute(_OPEN, {"password": PASSWORD_HASH, "ids": ids})
    seen = [school.hours.moment(max(0, school.hours.end - 1 - luck.randrange(2400))) for _ in school.members]
    db.session.execute(
        _SEEN,
        {
            "made": school.hours.moment(0).replace(tzinfo=None) - timedelta(days=30),
            "ids": [member.id for member in school.members],
            "times": [moment.replace(tzinfo=None) for moment in seen],
            "counts": [luck.randrange(20, 300) for _ in school.members],
        },
    )
    db.session.expire_all()
