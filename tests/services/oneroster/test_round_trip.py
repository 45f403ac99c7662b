"""What was exported, imported into an empty database and exported again, is the same to the byte."""

from __future__ import annotations

import io
import zipfile

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.imports import ImportStatus
from app.services.oneroster import bundles as exports
from tests.conftest import Actors, clone, moved
from tests.factories import bundles
from tests.services.oneroster.importing import faults, taken_in


def exported(version):
    made = io.BytesIO()
    exports.write(db.session.connection(), made, exports.Wanted(version))
    db.session.rollback()
    return made.getvalue()


def contents(packed):
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def under(packed, system):
    """The same bundle in the name of the system that brought what is in it."""
    files = contents(packed)
    files["manifest.csv"] = files["manifest.csv"].replace(f"systemCode,{exports.SYSTEM_CODE}", f"systemCode,{system}")
    return bundles.packed(files)


def a_school():
    """Rows of our own, which bundles are made of: a classroom with teacher and students, and an imported roster."""
    files = bundles.rows()
    header = [*bundles.STANDARDS["1.2"].files["users.csv"].header]
    files["users.csv"][0] |= {
        "userIds": "{sis:1},{id:2}",
        "sms": "1",
        "preferredGivenName": "Änne",
        "middleName": "=1+1",
    }
    files["demographics.csv"].append({"sourcedId": "u2", "sex": "unspecified", "publicSchoolResidenceStatus": "01"})
    return bundles.bundle(files, headers={"users.csv": header})


@pytest.mark.parametrize("version", ["1.2", "1.1"])
def test_export_import_export(committed_app, server_url, template, version):
    with committed_app.app_context():
        actor = Actors().admin
        db.session.execute(
            text("""INSERT INTO organizations (sourced_id, name, identifier) VALUES ('own', 'Own School', 'O-1')""")
        )
        db.session.execute(
            text("""
            INSERT INTO students (first_name, last_name, student_unique_id, races, birth_date)
            VALUES ('Solo', 'Student', 'TSA-STU-1', '["Other"]', '2011-01-02')""")
        )
        db.session.execute(
            text("""
            INSERT INTO oneroster_users (sourced_id, username, given_name, family_name, role, org_ids, identifier, birth_date, student_id)
            SELECT 'student_TSA-STU-1', 'solo.student', 'Solo', 'Student', 'student', '["own"]', 'TSA-STU-1', birth_date, id
            FROM students""")
        )
        db.session.commit()
        job = taken_in(a_school(), actor)
        assert faults(job, actor) == []
        first = exported(version)
        again = taken_in(under(first, "SIS"), actor)
        assert (faults(again, actor), again.status is ImportStatus.FAILED) == ([], False)
        changed = sum(line["new"] + line["changed"] + line["vanishing"] for line in again.sample)
        assert changed == (0 if version == "1.2" else 1)  # 1.1 calls a guardian a parent
    with clone(server_url, template) as url, moved(committed_app, url) as empty, empty.app_context():
        job = taken_in(first, Actors().admin)
        assert (faults(job, Actors().admin), job.status) == ([], ImportStatus.DONE)
        second = exported(version)
    assert contents(second) == contents(first)
    assert second == first
