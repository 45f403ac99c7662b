"""Importing accounts from a file: the whole check, what is written, and taking it back."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.models.access import User, UserProfile, UserSettings
from app.models.imports import Import, ImportIssue, ImportStatus
from app.models.notifications import Notification, NotificationType
from app.models.student_records import Guardian
from app.services import accounts, import_reports, import_undo, imports
from app.services.accounts import directory, import_rows
from app.services.errors import NotAllowed, NotFound
from app.services.import_run import Progress
from tests.factories import courses
from tests.factories.leads import lead
from tests.factories.students import student

WORKING = (
    ("slots", "Teacher"),
    ("courses", "Teacher"),
    ("owns", "Staff"),
    ("shows", "Teacher"),
    ("child", "Student"),
    ("parent", "Guardian"),
    ("idle", "Teacher"),
)
HEADER = "username,email,first_name,last_name,phone,department,main_portal_id,groups,roles"


def file(*rows: str) -> bytes:
    return "\n".join((HEADER, *rows)).encode()


@pytest.fixture(autouse=True)
def _no_second_connection(monkeypatch):
    """The test's rows are in a transaction that other connections do not see."""
    from app.services import import_run

    def apart(statement, **values):
        return db.session.execute(db.text(statement), values).rowcount

    monkeypatch.setattr(import_run, "apart", apart)
    monkeypatch.setattr(imports, "apart", apart)
    monkeypatch.setattr(Progress, "at", lambda self, done, total: None)


def checked(content: bytes, actor) -> Import:
    job = imports.start("accounts", "people.csv", content, actor=actor, queued=False)
    imports.check(job.id)
    return db.session.get_one(Import, job.id, populate_existing=True)


def done(content: bytes, actor) -> Import:
    job = checked(content, actor)
    imports.confirm(job.id, actor=actor, queued=False)
    imports.carry_out(job.id)
    return db.session.get_one(Import, job.id, populate_existing=True)


def issues(job: Import) -> list[tuple[int, str, str]]:
    found = select(ImportIssue).where(ImportIssue.import_id == job.id).order_by(ImportIssue.line, ImportIssue.column)
    return [(each.line, each.column, each.kind.value) for each in db.session.scalars(found)]


def test_a_file_is_checked_as_a_whole_then_written(actors):
    content = file(
        "noor,Noor@example.org,Noor,Rahman,020 7946 0018,Front office,P-17,Engineer,Staff;Teacher",
        "blank,,,, , ,,,",
        "staff,staff@school.example,,,,,,,Staff",
    )
    job = checked(content, actors.super_admin)
    assert (job.status, job.total_rows, job.new_rows, job.unchanged_rows) == (ImportStatus.CHECKED, 3, 2, 1)
    assert [row["username"] for row in job.sample] == ["noor", "blank"]
    assert accounts.find("noor") is None, "a check writes nothing"
    imports.confirm(job.id, actor=actors.super_admin, queued=False)
    imports.carry_out(job.id)
    made = accounts.find("noor")
    told = directory.details(made)
    assert (told["phone"], told["main_portal_id"], told["department"]) == ("+442079460018", "P-17", "Front office")
    assert (told["roles"], told["groups"]) == (["Staff", "Teacher"], ["Engineer"])
    blank = accounts.find("blank")
    assert (blank.password, made.password) == (None, None), "nobody can log in before a password is set"
    for model in (UserProfile, UserSettings):
        assert db.session.scalar(select(func.count()).select_from(model).where(model.user_id == blank.id)) == 1
    assert made.created_by_fk == actors.super_admin.id


def test_every_error_of_every_row_is_told_with_line_and_column(actors):
    content = file(
        "a b,nobody,,,12,,,,King",
        ",,,,,,,Nobody,Staff",
        "x@example.org,other@example.org,,,,,,,",
        "too,many,cells,,,,,,,,",
        "one,one@example.org,,,,,P1,,",
        "ONE,,,,,,,,",
        "two,One@Example.org,,,,,,,",
        "three,,,,,,P1,,",
        "STAFF,,,Other,,,,,",
        "four,teacher@school.example,,,,,,,",
    )
    job = checked(content, actors.super_admin)
    assert issues(job) == [
        (2, "email", "invalid"),
        (2, "phone", "invalid"),
        (2, "roles", "invalid"),
        (2, "username", "invalid"),
        (3, "groups", "invalid"),
        (3, "username", "invalid"),
        (4, "username", "invalid"),
        (5, "", "invalid"),
        (7, "username", "duplicate"),
        (8, "email", "duplicate"),
        (9, "main_portal_id", "duplicate"),
        (10, "username", "duplicate"),
        (11, "email", "duplicate"),
    ]
    assert (job.total_rows, job.new_rows, job.invalid_rows, job.duplicate_rows) == (10, 1, 4, 5)
    report = b"".join(import_reports.report(job.id, actors.super_admin)).decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(report)))
    assert len(lines) == 13
    assert all(line["rule"] and line["fix"] for line in lines)


def test_an_admin_gives_no_right_by_a_file_that_they_may_not_give(actors):
    content = file("evil,,,,,,,,Super Admin", "sly,,,,,,,Admin,", "fine,,,,,,,,Staff")
    job = checked(content, actors.admin)
    assert issues(job) == [(2, "roles", "invalid"), (3, "groups", "invalid")]
    done(content, actors.admin)
    assert (accounts.find("evil"), accounts.find("sly")) == (None, None)
    assert directory.details(accounts.find("fine"))["roles"] == ["Staff"]


def test_who_is_no_admin_imports_no_accounts(actors):
    for actor in (actors.staff, actors.engineer, actors.teacher):
        with pytest.raises(NotAllowed):
            imports.start("accounts", "people.csv", file("noor,,,,,,,,"), actor=actor)


def test_who_is_no_admin_any_more_imports_nothing(actors):
    job = checked(file("noor,,,,,,,,"), actors.admin)
    accounts.set_roles(actors.admin.id, ["Staff"], actor=actors.super_admin)
    imports.confirm(job.id, actor=actors.super_admin, queued=False)
    job.confirmed_by_id = actors.admin.id
    db.session.flush()
    imports.carry_out(job.id)
    assert db.session.get_one(Import, job.id, populate_existing=True).status is ImportStatus.FAILED
    assert accounts.find("noor") is None
    with pytest.raises(NotFound):
        import_reports.get(job.id, actors.staff)


def test_taking_it_back_deactivates_what_nobody_has_used(actors):
    boss = actors.super_admin
    job = done(file(*(f"new{number},,,,,,,,Student" for number in range(4))), boss)
    used, changed = accounts.find("new1"), accounts.find("new2")
    used.last_login = used.created_on
    accounts.update_account(changed.id, {"department": "Desk"}, actor=boss)
    import_undo.undo(job.id, actor=boss)
    states = [accounts.find(f"new{number}").active for number in range(4)]
    assert states == [False, True, True, False]
    assert issues(job) == [(3, "username", "kept"), (4, "username", "kept")]
    assert "2 accounts deactivated, 2 kept" in job.message
    assert import_undo.undo(job.id, actor=boss).status is ImportStatus.UNDONE, "again changes nothing"
    said = select(Notification.title).where(Notification.type == NotificationType.ACCOUNT_BLOCKED)
    assert set(db.session.scalars(said)) == {"2 accounts were blocked"}, "one notice of all"


def test_a_corrected_file_uses_again_what_was_taken_back_unless_somebody_touched_it(actors):
    boss = actors.super_admin
    first = done(file("noor,noor@example.org,Noor,R,,,P-1,,Staff", "ian,,,,,,P-2,,Staff", "eva,,,,,,,,Staff"), boss)
    keys = {name: accounts.find(name).id for name in ("noor", "ian", "eva")}
    import_undo.undo(first.id, actor=boss)
    accounts.update_account(keys["ian"], {"department": "Desk"}, actor=boss)
    corrected = file("noor,noor@example.com,Noor,Rahman,,,P-1,,Teacher", "ian,,,,,,,,Staff", "eva,,,,,,P-2,,Staff")
    second = done(corrected, boss)
    assert (second.new_rows, second.unchanged_rows, second.duplicate_rows) == (1, 0, 2)
    assert issues(second) == [(3, "username", "duplicate"), (4, "main_portal_id", "duplicate")]
    rules = set(db.session.scalars(select(ImportIssue.rule).where(ImportIssue.import_id == second.id)))
    assert rules == {"An account that is inactive already has this value."}
    noor = accounts.find("noor")
    assert (noor.id, noor.active, noor.email, noor.last_name) == (keys["noor"], True, "noor@example.com", "Rahman")
    assert directory.details(noor)["roles"] == ["Teacher"]
    third = checked(corrected, boss)
    assert (third.new_rows, third.unchanged_rows) == (0, 1)
    import_undo.undo(second.id, actor=boss)
    assert not accounts.find("noor").active


def test_the_same_file_again_changes_nothing(actors):
    content = file("noor,noor@example.org,Noor,,,,P-1,,Staff")
    done(content, actors.super_admin)
    again = checked(content, actors.super_admin)
    assert (again.new_rows, again.unchanged_rows, issues(again)) == (0, 1, [])


def test_an_import_of_accounts_is_none_of_leads(actors):
    job = checked(file("noor,,,,,,,,"), actors.super_admin)
    with pytest.raises(NotFound):
        import_reports.get(job.id, actors.super_admin, "leads")
    assert import_reports.history("leads", actors.super_admin) == []


def test_the_template_has_every_column():
    assert import_reports.template("accounts").decode("utf-8-sig").strip() == ",".join(import_rows.NAMES)


def test_what_somebody_else_makes_meanwhile_is_a_duplicate(actors, monkeypatch):
    """Between the comparison and the insert another account takes the name: only its row is left out."""
    from app.services.accounts import importing

    monkeypatch.setattr(importing, "_known", lambda rows: {})
    job = done(file("first,,,,,,,,", "staff,,,,,,,,", "last,,,,,,,,"), actors.super_admin)
    assert (job.new_rows, job.duplicate_rows) == (2, 1)
    assert issues(job) == [(3, "username", "duplicate")]
    assert db.session.scalar(select(func.count()).select_from(User).where(User.username.in_(["first", "last"]))) == 2


def test_a_confirmation_lends_the_file_no_rights(actors):
    """What was refused to the admin who brought the file is not given because somebody with more rights confirms it."""
    job = checked(file("evil,,,,,,,,Super Admin", "sly,,,,,,,Admin,", "fine,,,,,,,,Staff"), actors.admin)
    imports.confirm(job.id, actor=actors.super_admin, queued=False)
    imports.carry_out(job.id)
    assert (accounts.find("evil"), accounts.find("sly")) == (None, None)
    assert accounts.find("fine") is not None
    assert issues(job) == [(2, "roles", "invalid"), (3, "groups", "invalid")]


def test_who_is_inactive_by_then_imports_nothing(actors):
    job = checked(file("noor,,,,,,,,"), actors.admin)
    imports.confirm(job.id, actor=actors.admin, queued=False)
    accounts.deactivate(actors.admin.id, actor=actors.super_admin)
    imports.carry_out(job.id)
    failed = db.session.get_one(Import, job.id, populate_existing=True)
    assert (failed.status, "not active" in failed.message) == (ImportStatus.FAILED, True)
    assert accounts.find("noor") is None


def test_an_admin_does_not_use_up_the_undo_of_a_super_admin(actors):
    job = done(file("boss,,,,,,,,Admin", "new,,,,,,,,Student"), actors.super_admin)
    with pytest.raises(NotAllowed):
        import_undo.undo(job.id, actor=actors.admin)
    db.session.expire_all()
    assert accounts.find("new").active
    assert import_undo.undo(job.id, actor=actors.super_admin).status is ImportStatus.UNDONE
    assert not accounts.find("boss").active


def test_accounts_that_others_work_with_already_are_kept(actors):
    content = file(*(f"{name},,,,,,,,{role}" for name, role in WORKING))
    job = done(content, actors.super_admin)
    users = {name: accounts.find(name).id for name, _role in WORKING}
    classroom = courses.slot(courses.course(), users["slots"], 1, "16:00")
    courses.course([users["courses"]])
    assert classroom.teacher_id == users["slots"]
    lead(owner_id=users["owns"])
    lead(assigned_teacher_id=users["shows"])
    student(user_id=users["child"])
    db.session.add(Guardian(first_name="Maj", last_name="Okoye", user_id=users["parent"]))
    db.session.commit()
    undone = import_undo.undo(job.id, actor=actors.super_admin)
    assert undone.message == "Taken back: 1 accounts deactivated, 6 kept."
    db.session.expire_all()
    assert {name for name in users if not accounts.find(name).active} == {"idle"}
    assert [kind for _line, _column, kind in issues(job)] == ["kept"] * 6
