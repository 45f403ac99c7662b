"""Bundles in which something is wrong: everything is told, and nothing is written."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.imports import ImportStatus
from app.services import import_undo, imports
from app.services.errors import Invalid, NotAllowed, NotFound, WrongState
from app.services.oneroster.importing import archive, confirming
from tests.factories import bundles
from tests.services.oneroster.importing import afresh, checked, counts, faults, taken_in

pytestmark = pytest.mark.usefixtures("one_connection")


def of(files, actor, **options):
    """What is wrong with a bundle, without the rule: file, line, column."""
    job = checked(bundles.bundle(files, **options), actor)
    found = [each[:3] for each in faults(job, actor)]
    assert (job.status, job.new_rows) == (ImportStatus.CHECKED, 0) if found else True
    return found


# file, row, what is put there, and the columns that are faulty
CELLS = [
    ("roles.csv", 0, {"sourcedId": "Möbius"}, ["sourcedId"]),
    ("classes.csv", 0, {"sourcedId": "x" * 256}, ["sourcedId"]),
    ("orgs.csv", 2, {"sourcedId": ""}, ["sourcedId"]),
    ("orgs.csv", 2, {"name": " "}, ["name"]),
    ("orgs.csv", 2, {"name": "n" * 161}, ["name"]),
    ("orgs.csv", 2, {"name": "two\nlines"}, ["name"]),
    ("orgs.csv", 2, {"name": "nul\0"}, ["name"]),
    ("orgs.csv", 2, {"type": "School"}, ["type"]),
    ("orgs.csv", 2, {"type": "ext:campus"}, ["type"]),
    ("orgs.csv", 2, {"status": "active"}, ["status"]),
    ("orgs.csv", 2, {"dateLastModified": "2026-01-01T00:00:00.000Z"}, ["dateLastModified"]),
    ("orgs.csv", 2, {"parentSourcedId": "nowhere"}, ["parentSourcedId"]),
    ("orgs.csv", 0, {"parentSourcedId": "s1"}, ["parentSourcedId"] * 3),
    ("orgs.csv", 2, {"identifier": "n-1"}, ["identifier", "identifier"]),
    ("academicSessions.csv", 0, {"startDate": "2026-02-30"}, ["startDate"]),
    ("academicSessions.csv", 0, {"startDate": "01.08.2026"}, ["startDate"]),
    ("academicSessions.csv", 0, {"endDate": "2026-08-01"}, ["endDate"]),
    ("academicSessions.csv", 0, {"schoolYear": "27"}, ["schoolYear"]),
    ("academicSessions.csv", 0, {"type": "year"}, ["type"]),
    ("users.csv", 1, {"enabledUser": "yes"}, ["enabledUser"]),
    ("users.csv", 1, {"grades": "9"}, ["grades"]),
    ("users.csv", 1, {"grades": "09,"}, ["grades"]),
    ("users.csv", 1, {"userIds": "sis:1"}, ["userIds"]),
    ("users.csv", 1, {"username": "ANA"}, ["username", "username"]),
    ("users.csv", 1, {"agentSourcedIds": "p1,p2"}, ["agentSourcedIds"]),
    ("users.csv", 1, {"primaryOrgSourcedId": "s2"}, ["primaryOrgSourcedId"]),
    ("users.csv", 1, {"givenName": "", "familyName": ""}, ["givenName", "familyName"]),
    ("roles.csv", 3, {"role": "administrator"}, ["role"]),
    ("roles.csv", 3, {"roleType": "secondary"}, ["roleType"]),
    ("roles.csv", 3, {"roleType": "ext:x"}, ["roleType"]),
    ("roles.csv", 3, {"orgSourcedId": "s1"}, ["roleType", "roleType"]),
    ("roles.csv", 3, {"beginDate": "2026-09-02", "endDate": "2026-09-01"}, ["endDate"]),
    ("courses.csv", 0, {"subjectCodes": "MA,PH"}, ["subjectCodes"]),
    ("courses.csv", 0, {"orgSourcedId": ""}, ["orgSourcedId"]),
    ("classes.csv", 0, {"schoolSourcedId": "d"}, ["schoolSourcedId"]),
    ("classes.csv", 0, {"termSourcedIds": ""}, ["termSourcedIds"]),
    ("classes.csv", 0, {"classType": "club"}, ["classType"]),
    ("enrollments.csv", 0, {"userSourcedId": "ghost"}, ["userSourcedId"]),
    ("enrollments.csv", 0, {"primary": "true"}, ["primary"]),
    ("enrollments.csv", 0, {"role": "teacher", "primary": "true"}, ["primary", "primary"]),
    ("demographics.csv", 0, {"sourcedId": "ghost"}, ["sourcedId"]),
    ("demographics.csv", 0, {"sex": "Female"}, ["sex"]),
    ("demographics.csv", 0, {"asian": "1"}, ["asian"]),
    ("demographics.csv", 0, {"birthDate": "1812-01-01"}, ["birthDate"]),
]


@pytest.mark.parametrize(("file", "at", "wrong", "columns"), CELLS, ids=lambda value: str(value)[:40])
def test_a_faulty_cell(actors, file, at, wrong, columns):
    files = bundles.rows()
    files[file][at] |= wrong
    found = [each for each in of(files, actors.admin) if each[0] == file]
    assert sorted(column for _file, _line, column in found) == sorted(columns)
    assert at + 2 in {line for _file, line, _column in found}


def test_all_faults_of_all_files_at_once(actors):
    files = bundles.rows()
    files["orgs.csv"][1] |= {"type": "x", "identifier": "i" * 61}
    files["users.csv"][2] |= {"enabledUser": "x", "sourcedId": "u1"}
    files["roles.csv"] = [each for each in files["roles.csv"] if each["userSourcedId"] != "p1"]
    found = of(files, actors.admin, manifest={"file.users": "bulk", "file.results": None, "extra": "1"})
    assert set(found) == {
        ("classes.csv", 2, "schoolSourcedId"),
        ("enrollments.csv", 2, "schoolSourcedId"),
        ("enrollments.csv", 3, "schoolSourcedId"),
        ("enrollments.csv", 3, "userSourcedId"),
        ("manifest.csv", 1, "propertyName"),
        ("orgs.csv", 3, "identifier"),
        ("orgs.csv", 3, "type"),
        ("roles.csv", 4, "userSourcedId"),
        ("roles.csv", 5, "userSourcedId"),
        ("users.csv", 4, "enabledUser"),
        ("users.csv", 4, "sourcedId"),
        ("users.csv", 5, "sourcedId"),
    }
    assert db.session.scalar(text("SELECT count(*) FROM oneroster_users")) == 0


def test_a_delta_wants_status_and_moment(actors):
    taken_in(bundles.bundle(bundles.rows()), actors.admin)
    org = bundles.ORGS[1]
    assert of({"orgs.csv": [org]}, actors.admin, mode="delta") == [
        ("orgs.csv", 2, "status"),
        ("orgs.csv", 2, "dateLastModified"),
    ]
    unknown = bundles.changed({**bundles.ENROLLMENTS[0], "sourcedId": "e9", "userSourcedId": "ghost"})
    assert of({"enrollments.csv": [unknown]}, actors.admin, mode="delta") == [("enrollments.csv", 2, "userSourcedId")]
    known = bundles.changed({**bundles.ENROLLMENTS[0], "sourcedId": "e9", "userSourcedId": "u2"})
    assert of({"enrollments.csv": [known]}, actors.admin, mode="delta") == []


HEADERS = [
    (lambda header: header[:-1], "parentSourcedId"),
    (lambda header: [*header, "more"], "more"),
    (lambda header: [*header, header[0]], "sourcedId"),
    (lambda header: [header[1], header[0], *header[2:]], ""),
    (lambda header: [header[0].upper(), *header[1:]], "SOURCEDID"),
    (lambda header: [f"x{number}" for number in range(200)], ""),
]


@pytest.mark.parametrize(("spoil", "column"), HEADERS)
def test_a_faulty_header(actors, spoil, column):
    header = spoil(list(bundles.STANDARDS["1.2"].files["orgs.csv"].header))
    found = of(bundles.rows(), actors.admin, headers={"orgs.csv": header})
    assert ("orgs.csv", 1, column) in found


TEXTS = {
    "no rows": b"sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\r\n",
    "empty": b"",
    "another encoding": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\nd,,,Schulträger,district,,\n".encode(
        "latin-1"
    ),
    "an open quote": b'sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\nd,,,"District,district,,\n',
    "a cell too many": b"sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\nd,,,Dis,trict,district,,\n",
    "a line without end": b"x" * 2_000_000,
}


@pytest.mark.parametrize("content", TEXTS.values(), ids=TEXTS)
def test_a_file_that_cannot_be_read(actors, content):
    files = bundles.rows()
    del files["orgs.csv"]
    found = of(files, actors.admin, extra={"orgs.csv": content}, manifest={"file.orgs": "bulk"})
    assert "orgs.csv" in {file for file, _line, _column in found}


def test_a_byte_order_mark_is_read_over(actors):
    orgs = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\r\nd,,,District,district,D-1,\r\n"
    assert of({}, actors.admin, extra={"orgs.csv": "\ufeff" + orgs}, manifest={"file.orgs": "bulk"}) == []


MANIFESTS = [
    ({"file.orgs": None}, "manifest.csv"),
    ({"file.orgs": "full"}, "manifest.csv"),
    ({"file.orgs": "absent"}, "orgs.csv"),
    ({"file.results": "bulk"}, "results.csv"),
    ({"manifest.version": "2.0"}, "manifest.csv"),
    ({"file.pets": "absent"}, "manifest.csv"),
]


@pytest.mark.parametrize(("manifest", "file"), MANIFESTS)
def test_a_faulty_manifest(actors, manifest, file):
    assert file in {each[0] for each in of(bundles.rows(), actors.admin, manifest=manifest)}


@pytest.mark.parametrize("name", ["notes.txt", "Users.csv", "more/users.csv", "__MACOSX/._users.csv"])
def test_a_file_that_does_not_belong_there(actors, name):
    job = checked(bundles.bundle(bundles.rows(), extra={name: b"x"}), actors.admin)
    assert [each[:3] for each in faults(job, actors.admin)] == [("", 1, "")]


def zipped(**files):
    return bundles.packed({name.replace("__", "."): content for name, content in files.items()})


def encrypted():
    content = bytearray(zipped(manifest__csv=b"propertyName,value\n"))
    at = content.index(archive.ENTRY)
    content[at + 8] |= 1
    return bytes(content)


def cut():
    content = bundles.bundle(bundles.rows())
    return content[: len(content) // 2]


def bomb():
    """Says that it is 2 GB when unpacked."""
    content = bytearray(zipped(manifest__csv=b"propertyName,value\n"))
    at = content.index(archive.ENTRY)
    content[at + 24 : at + 28] = struct.pack("<I", 2**31)
    return bytes(content)


BROKEN = {
    "nothing": b"",
    "text": b"propertyName,value\n",
    "half": cut(),
    "encrypted": encrypted(),
    "bomb": bomb(),
    "crowd": zipped(**{f"f{number}": b"" for number in range(1100)}),
    "no manifest": zipped(orgs__csv=b"x"),
    "a folder": zipped(**{"bundle/manifest__csv": b"propertyName,value\n"}),
    "a manifest of NULs": zipped(manifest__csv=b"\0" * 99),
    "another version": zipped(manifest__csv=b"propertyName,value\noneroster.version,2.0\n"),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_is_no_bundle(actors, content):
    job = checked(content, actors.admin)
    assert job.status is ImportStatus.FAILED
    assert job.message
    assert faults(job, actors.admin)


def test_a_damaged_member_is_told(actors):
    content = bytearray(bundles.bundle(bundles.rows()))
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        at = opened.getinfo("users.csv").header_offset
    content[at + 60] ^= 0xFF
    assert ("users.csv", "") in {
        (file, column) for file, _line, column, _rule in faults(checked(bytes(content), actors.admin), actors.admin)
    }


def many(count):
    return bundles.rows() | {
        "courses.csv": [
            {"sourcedId": f"c{number}", "title": "Course", "orgSourcedId": "s1"} for number in range(1, count)
        ]
    }


def test_much_vanishes_only_when_somebody_says_so(actors):
    taken_in(bundles.bundle(many(21)), actors.admin)
    job = checked(bundles.bundle(many(11)), actors.admin)
    assert counts(job)["courses.csv"] == (0, 0, 10, 10)
    assert confirming.guarded(job) == ["courses.csv"]
    with pytest.raises(Invalid) as refused:
        confirming.confirm(job.id, actor=actors.admin, queued=False)
    assert set(refused.value.fields) == {"remove"}
    imports.confirm(job.id, actor=actors.admin, queued=False)  # nor by the way that all imports have
    imports.carry_out(job.id)
    assert afresh(job).status is ImportStatus.FAILED
    active = "SELECT count(*) FROM oneroster_courses WHERE status = 'active'"
    assert db.session.scalar(text(active)) == 20
    assert taken_in(bundles.bundle(many(11)), actors.admin, remove=True).status is ImportStatus.DONE
    assert db.session.scalar(text(active)) == 10


def test_few_may_vanish_without_a_word(actors):
    taken_in(bundles.bundle(many(21)), actors.admin)
    assert confirming.guarded(checked(bundles.bundle(many(17)), actors.admin)) == []


def test_what_is_stored_may_change_between_check_and_import(actors):
    content = bundles.bundle({"courses.csv": [bundles.changed(bundles.COURSES[0])]}, mode="delta")
    taken_in(bundles.bundle(bundles.rows()), actors.admin)
    db.session.execute(text("UPDATE oneroster_courses SET title = 'Old'"))
    job = checked(content, actors.admin)
    confirming.confirm(job.id, actor=actors.admin, queued=False)
    db.session.execute(text("UPDATE organizations SET deleted_at = now() WHERE sourced_id = 's1'"))
    db.session.commit()
    imports.carry_out(job.id)
    assert (afresh(job).status, "changed since the check" in afresh(job).message) == (ImportStatus.FAILED, True)
    assert db.session.scalar(text("SELECT title FROM oneroster_courses")) == "Old"


def test_who_may(actors):
    content = bundles.bundle(bundles.rows())
    with pytest.raises(NotAllowed):
        imports.start("oneroster", "b.zip", content, actor=actors.staff, queued=False)
    job = checked(content, actors.admissions)
    with pytest.raises(NotAllowed):
        confirming.confirm(job.id, actor=actors.staff, queued=False)
    other = imports.start("leads", "l.csv", b"first_name\n", actor=actors.admin, queued=False)
    with pytest.raises(NotFound):
        confirming.confirm(other.id, actor=actors.admin, queued=False)
    with pytest.raises(WrongState):
        import_undo.undo(taken_in(content, actors.admin).id, actor=actors.admin)


def test_an_organization_without_an_identifier_has_its_key_as_one(actors):
    db.session.execute(
        text("INSERT INTO organizations (sourced_id, name, identifier) VALUES ('z', 'Z', 'S2')")
    )  # whatever the capitals
    files = bundles.rows()
    [place] = [number for number, each in enumerate(files["orgs.csv"]) if each["sourcedId"] == "s2"]
    files["orgs.csv"][place] |= {"identifier": ""}
    assert of(files, actors.admin) == [("orgs.csv", place + 2, "identifier")]


def test_numbers_and_names_that_others_have(actors):
    db.session.execute(
        text("""INSERT INTO students (first_name, last_name, student_unique_id) VALUES ('Una', 'Other', '4711')""")
    )
    db.session.execute(text("INSERT INTO organizations (sourced_id, name, identifier) VALUES ('z', 'Z', 's-1')"))
    db.session.execute(
        text("""INSERT INTO oneroster_users (sourced_id, username, given_name, family_name, role)
                VALUES ('own', 'BEN', 'O', 'U', 'teacher')""")
    )
    assert of(bundles.rows(), actors.admin) == [
        ("orgs.csv", 4, "identifier"),
        ("users.csv", 2, "identifier"),
        ("users.csv", 3, "username"),
    ]
