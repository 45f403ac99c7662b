"""Bundles as a strict reader takes them, and what it would refuse."""

from __future__ import annotations

import csv
import io
import re
import threading
import uuid
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.oneroster import ExportStatus, OneRosterExport, OneRosterExportFile, OneRosterRole
from app.services import accounts, sessions
from app.services.errors import Invalid, NotFound, WrongState
from app.services.oneroster import bundles, checks, exporting
from app.services.oneroster.bundles import Wanted
from app.services.oneroster.standard import STANDARDS
from tests.factories.oneroster import roster, saved

VERSIONS = ("1.1", "1.2")
GUID = re.compile(r"[0-9A-Za-z._/@-]{1,255}")


@pytest.fixture
def there(db_session: Any) -> Any:
    return roster(sessions.system())


def bundle(wanted: Wanted) -> bytes:
    target = io.BytesIO()
    bundles.write(db.session.connection(), target, wanted)
    return target.getvalue()


def files(content: bytes) -> dict[str, list[dict[str, str]]]:
    """The files of a bundle, each row by column."""
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return {
            name: list(csv.DictReader(io.StringIO(opened.read(name).decode("utf-8"), newline="")))
            for name in opened.namelist()
        }


def manifest(found: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {row["propertyName"]: row["value"] for row in found["manifest.csv"]}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_bundle_is_what_the_tables_say(there, version):
    content = bundle(Wanted(version))
    found, standard = files(content), STANDARDS[version]
    told = manifest(found)
    assert told["manifest.version"] == "1.0" and told["oneroster.version"] == version
    assert [name for name in told if name.startswith("file.")] == [f.property_name for f in standard.files.values()]
    for name, file in standard.files.items():
        assert told[file.property_name] == ("bulk" if name in found else "absent")
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        for name, rows in found.items():
            raw = opened.read(name)
            assert not raw.startswith(b"\xef\xbb\xbf") and b"\r" not in raw
            assert len(raw.splitlines()) == len(rows) + 1, "no line break in a cell"
    for name in found.keys() - {"manifest.csv"}:
        check_cells(standard.files[name], found)


def check_cells(file: Any, found: dict[str, list[dict[str, str]]]) -> None:
    rows = found[file.name]
    assert rows, "a file with a header only is refused"
    assert tuple(rows[0]) == file.header
    keys = [row["sourcedId"] for row in rows]
    assert len(set(keys)) == len(keys) and keys == sorted(keys)
    for column in file.columns:
        for row in rows:
            check_cell(column, row[column.name], found)


def check_cell(column: Any, value: str, found: dict[str, list[dict[str, str]]]) -> None:
    if column.required == "delta":
        assert value == ""
        return
    assert value or column.required != "always", column.name
    values = value.split(",") if column.is_list else [value]
    for each in values if value else ():
        if column.item_type == "guid":
            assert GUID.fullmatch(each)
        if column.enum:
            assert each in column.enum
        if column.type == "date":
            datetime.strptime(each, "%Y-%m-%d").replace(tzinfo=UTC)
        if column.references:
            there = {row["sourcedId"]: row for row in found[column.references]}
            assert each in there
            assert not column.referenced_type or there[each]["type"] == column.referenced_type


def test_cells_are_those_of_the_standard(there):
    found = files(bundle(Wanted("1.2")))
    users = {row["sourcedId"]: row for row in found["users.csv"]}
    assert users["pupil"]["grades"] == "09,10" and users["pupil"]["agentSourcedIds"] == "parent"
    assert users["parent"]["agentSourcedIds"] == "pupil"
    assert users["head"]["userIds"] == "{LDAP:head},{Fed:1}" and users["head"]["pronouns"] == "they"
    assert users["head"]["primaryOrgSourcedId"] == "org-other" and users["head"]["enabledUser"] == "true"
    assert any(row["familyName"] == 'O"Neil Stone' for row in users.values())
    [maths] = [row for row in found["courses.csv"] if row["sourcedId"] == "maths"]
    assert maths["subjects"] == "Maths  pure" and maths["subjectCodes"] == "M1"
    assert "role" not in users["head"] and "orgSourcedIds" not in users["head"]
    assert "Home, School" in {row["name"] for row in found["orgs.csv"]}


def test_roles_of_each_version(there):
    old = {row["sourcedId"]: row["role"] for row in files(bundle(Wanted("1.1")))["users.csv"]}
    assert (old["parent"], old["head"]) == ("parent", "administrator")
    new = {(row["userSourcedId"], row["role"]) for row in files(bundle(Wanted("1.2")))["roles.csv"]}
    assert {("parent", "guardian"), ("head", "siteAdministrator")} <= new
    assert files(bundle(Wanted("1.1")))["users.csv"][0].keys() >= {"role", "orgSourcedIds"}
    assert {row["sex"] for row in files(bundle(Wanted("1.1")))["demographics.csv"]} == {""}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_administrator_of_a_class_is_called_so_in_both(there, version):
    there.taken.role = "administrator"
    db.session.commit()
    assert found_faults(version) == set()
    [taken] = [row for row in files(bundle(Wanted(version)))["enrollments.csv"] if row["sourcedId"] == "taken"]
    assert taken["role"] == "administrator"


def test_birth_dates_are_in_no_file_but_demographics(there):
    content = bundle(Wanted("1.2"))
    for name, rows in files(content).items():
        assert ("2012-02-29" in str(rows)) is (name == "demographics.csv")


def test_the_same_rows_are_the_same_bytes(there):
    assert bundle(Wanted("1.2")) == bundle(Wanted("1.2"))


def test_formulas_are_left_alone(there):
    there.student.first_name = "=1+1"
    db.session.commit()
    assert any(row["givenName"] == "=1+1" for row in files(bundle(Wanted("1.2")))["users.csv"])


def test_a_delta_holds_what_changed_and_what_is_gone(there):
    since = db.session.scalar(text("SELECT now()"))
    freeze(since - timedelta(days=1))
    assert list(files(bundle(Wanted("1.2", "delta", since - timedelta(hours=1))))) == ["manifest.csv"]
    there.pupil.status, there.head.given_name = "tobedeleted", "Changed"
    db.session.commit()
    found = files(bundle(Wanted("1.2", "delta", since - timedelta(hours=1))))
    assert manifest(found)["file.users"] == "delta" and manifest(found)["file.orgs"] == "absent"
    users = {row["sourcedId"]: row for row in found["users.csv"]}
    changed = {"pupil": "tobedeleted", "head": "active", "parent": "active"}  # parent of nobody now
    assert {key: row["status"] for key, row in users.items()} == changed
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", users["head"]["dateLastModified"])
    assert {row["sourcedId"]: row["status"] for row in found["enrollments.csv"]} == {"taken": "tobedeleted"}


def test_a_delta_tells_that_a_class_has_another_teacher(there):
    other = accounts.find("admin")
    assert other is not None
    since = db.session.scalar(text("SELECT now()"))
    freeze(since - timedelta(days=1))
    slot, former = there.slots[0], there.teacher.id
    slot.teacher_id = other.id
    db.session.commit()
    found = files(bundle(Wanted("1.2", "delta", since - timedelta(hours=1))))["enrollments.csv"]
    assert {row["sourcedId"]: row["status"] for row in found if row["role"] == "teacher"} == {
        f"teaching_{slot.id}_{former}": "tobedeleted",
        f"teaching_{slot.id}_{other.id}": "active",
    }


TABLES = (
    *("organizations", "terms", "oneroster_users", "oneroster_courses", "oneroster_classes", "oneroster_enrollments"),
    *("courses", "classroom_slots", "classroom_enrollments", "students", "admissions", "time_slot_templates"),
)


def freeze(moment: datetime) -> None:
    """All rows as if nobody had changed them since."""
    for table in TABLES:
        db.session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER stamps"))
        db.session.execute(text(f"UPDATE {table} SET updated_at = :moment"), {"moment": moment})
        db.session.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER stamps"))
    db.session.commit()


def found_faults(version: str = "1.2") -> set[tuple[str, str, str, str]]:
    faults = checks.faults(db.session.connection(), version)
    return {(each.file, each.sourced_id, each.column, each.rule) for each in faults}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_sound_roster_has_no_faults(there, version):
    assert found_faults(version) == set()


def test_without_a_school_there_is_no_bundle(db_session):
    assert found_faults() == {("orgs.csv", "", "", "school")}


def test_faults_are_found(there):
    there.pupil.grades, there.pupil.org_ids = ["9"], ["nowhere"]
    there.head.given_name = ""
    there.maths.organization_id = there.home.id
    there.room.term_ids = []
    db.session.commit()
    assert {
        ("users.csv", "pupil", "grades", "grade"),
        ("users.csv", "pupil", "orgSourcedIds", "reference"),
        ("users.csv", "head", "givenName", "required"),
        ("classes.csv", "maths-1", "termSourcedIds", "required"),
    } <= found_faults("1.1")
    assert ("roles.csv", role_of("pupil"), "orgSourcedId", "reference") in found_faults("1.2")


def role_of(user: str) -> str:
    statement = text('SELECT "sourcedId" FROM oneroster_v_roles WHERE "userSourcedId" = :user')
    return str(db.session.scalar(statement, {"user": user}))


def test_a_reference_of_the_wrong_kind_or_to_something_gone_is_a_fault(there):
    there.other.type = "district"
    there.year.deleted_at = datetime.now(UTC)
    db.session.commit()
    found = found_faults()
    assert ("classes.csv", "maths-1", "schoolSourcedId", "reference") in found
    assert ("courses.csv", "maths", "schoolYearSourcedId", "reference") in found
    assert ("academicSessions.csv", "term", "parentSourcedId", "reference") in found


def test_two_secondary_roles_are_a_fault(there):
    for number in (1, 2):
        saved(
            OneRosterRole(
                sourced_id=f"r{number}",
                oneroster_user_id=there.pupil.id,
                organization_id=there.other.id,
                role="student",
                role_type="secondary",
            )
        )
    assert ("roles.csv", "pupil", "roleType", "primary_role") in found_faults()


@pytest.fixture
def inside(committed_app: Any) -> Any:
    """Commits are real: the bundle is written over a connection of its own."""
    with committed_app.app_context():
        yield committed_app
        db.session.remove()


def asked(**values: Any) -> OneRosterExport:
    return exporting.start(values, actor=sessions.system())


def test_a_delta_needs_a_beginning(db_session):
    with pytest.raises(Invalid):
        asked(mode="delta")
    with pytest.raises(Invalid):
        asked(mode="delta", since=datetime.now(UTC) + timedelta(days=1))
    assert asked(mode="bulk", since=datetime.now(UTC)).since is None


def test_an_export_is_written_once_kept_and_the_next_delta_goes_on_from_it(inside):
    roster(sessions.system())
    export = asked()
    assert exporting.carry_out(export.id) and not exporting.carry_out(export.id)
    again, content = exporting.content(export.id, actor=sessions.system())
    assert again.status is ExportStatus.DONE and again.counts["orgs.csv"] == 2 and again.size == len(content)
    assert "users.csv" in files(content)
    delta = asked(mode="delta")
    assert delta.since == again.as_of
    assert exporting.file_name(again).startswith("oneroster-1.2-bulk-")


def test_a_delta_has_what_a_transaction_wrote_that_had_only_read_during_the_export(inside):
    roster(sessions.system())
    freeze(datetime(2020, 1, 1, tzinfo=UTC))
    with db.engine.connect() as open_still:
        began = open_still.execute(text("SELECT now()")).scalar_one()
        written = exporting.write(io.BytesIO(), Wanted("1.2"))
        assert written.as_of == began
        open_still.execute(text("UPDATE oneroster_users SET given_name = 'Late' WHERE sourced_id = 'head'"))
        open_still.commit()
    target = io.BytesIO()
    exporting.write(target, Wanted("1.2", "delta", written.as_of))
    assert [row["givenName"] for row in files(target.getvalue())["users.csv"]] == ["Late"]


def test_a_bundle_that_would_be_refused_is_not_written(inside):
    export = asked()
    exporting.carry_out(export.id)
    db.session.expire_all()
    found = db.session.get_one(OneRosterExport, export.id)
    assert found.status is ExportStatus.REFUSED and found.faults[0]["rule"] == "school"
    with pytest.raises(WrongState):
        exporting.content(export.id, actor=sessions.system())
    with pytest.raises(Invalid):
        asked(mode="delta")  # it is no beginning


def test_a_fault_of_ours_is_noted(inside, monkeypatch):
    export = asked()
    monkeypatch.setattr(exporting, "write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        exporting.carry_out(export.id)
    db.session.expire_all()
    assert db.session.get_one(OneRosterExport, export.id).status is ExportStatus.FAILED


def test_what_a_killed_worker_left_is_asked_for_again(inside):
    export = asked()
    db.session.execute(text("ALTER TABLE oneroster_exports DISABLE TRIGGER stamps"))
    db.session.execute(text("UPDATE oneroster_exports SET status = 'running', updated_at = now() - interval '1 hour'"))
    db.session.execute(text("ALTER TABLE oneroster_exports ENABLE TRIGGER stamps"))
    db.session.execute(text("DELETE FROM procrastinate_jobs"))
    db.session.commit()
    assert exporting.sweep() == 1
    assert exporting.carry_out(export.id)


def test_two_workers_write_one_bundle(inside):
    """Both have begun; the second finds it done."""
    roster(sessions.system())
    export = asked()
    both = threading.Barrier(2)

    def work() -> None:
        with inside.app_context():
            exporting._begin(export.id)
            both.wait(30)
            exporting.carry_out(export.id)
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.session.query(OneRosterExportFile).count() == 1


def test_old_bundles_go_and_the_record_stays(db_session):
    export = asked()
    saved(OneRosterExportFile(export_id=export.id, content=b"x"))
    db.session.execute(text("UPDATE oneroster_exports SET created_at = now() - interval '31 days'"))
    db.session.commit()
    assert exporting.clean_up() == 1 and exporting.clean_up() == 0
    with pytest.raises(WrongState):
        exporting.content(export.id, actor=sessions.system())


def test_no_export_answers_not_found(db_session):
    with pytest.raises(NotFound):
        exporting.content(uuid.uuid4(), actor=sessions.system())


def test_a_statement_that_fails_in_the_middle_is_told(there, monkeypatch):
    monkeypatch.setattr(
        bundles.columns, "rows", lambda *_given: "SELECT 1 / (50000 - n) FROM generate_series(1, 90000) n"
    )
    with pytest.raises(psycopg.errors.DivisionByZero), bundles.snapshot() as connection:
        bundles.write(connection, io.BytesIO(), Wanted("1.2"))


def test_a_target_that_takes_no_more_leaves_nothing_behind(there, monkeypatch):
    class Full(io.BytesIO):
        def write(self, block: Any) -> int:
            raise OSError("No space left on device")

    monkeypatch.setattr(bundles.columns, "rows", lambda *_given: "SELECT n FROM generate_series(1, 2000000) n")
    with pytest.raises(OSError, match="No space"), bundles.snapshot() as connection:
        bundles.write(connection, Full(), Wanted("1.2"))
    with bundles.snapshot() as connection:
        assert connection.scalar(text("SELECT count(*) FROM students")) is not None
