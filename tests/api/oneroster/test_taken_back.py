"""What a program that asks for changes hears of students whose import was taken back."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.student_records import OneRosterUser
from app.services import import_undo
from tests.factories.records import organization
from tests.services.records.test_importing import HEADER, bring, together

__all__ = ["together"]  # a fixture that every test here has


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_it_hears_that_they_are_gone(reader: Any, actors: Any, version: str) -> None:
    organization(name="Northside", identifier="N1")
    header = f"{HEADER},guardian_first_name,guardian_last_name,guardian_email"
    job = bring(actors.admissions, "A,Ek,2015-01-01,3,Maj,Ek,m@x.org", "B,Ek,2016-01-01,2,,,", header=header)
    made = set(db.session.scalars(select(OneRosterUser.sourced_id)))
    db.session.execute(text("ALTER TABLE oneroster_users DISABLE TRIGGER stamps"))
    db.session.execute(text("UPDATE oneroster_users SET updated_at = '2020-01-01'"))
    db.session.execute(text("ALTER TABLE oneroster_users ENABLE TRIGGER stamps"))
    read, delta = reader(), "/users?filter=" + quote("dateLastModified>'2021-01-01T00:00:00.000Z'")
    assert read(delta, version).json["users"] == []
    import_undo.undo(job.id, actor=actors.admissions)
    told = read(delta, version).json["users"]
    assert {each["sourcedId"] for each in told} == made and len(made) == 3
    assert {each["status"] for each in told} == {"tobedeleted"}
    told = read(delta.replace("users", "demographics"), version).json["demographics"]
    students = {each for each in made if each.startswith("student_")}
    assert {each["sourcedId"]: each["status"] for each in told} == dict.fromkeys(students, "tobedeleted")
