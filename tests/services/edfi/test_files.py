"""Files where there is no API: what is right by resource, and what was left out and why."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest

from app.extensions import db
from app.services.edfi import exporting, mappings, schema
from tests.factories.edfi import family, school


@pytest.fixture
def bundle(db_session, actors):
    mappings.add_defaults()

    def read() -> tuple[dict[str, list], list[list[str]], exporting.Tally]:
        tally = exporting.Tally()
        name, blocks = exporting.bundle(tally, actor=actors.admissions)
        assert name.startswith("ed-fi-")
        archive = zipfile.ZipFile(io.BytesIO(b"".join(blocks)))
        assert archive.testzip() is None
        told = {each: json.loads(archive.read(f"{each}.json")) for each in schema.RESOURCES}
        report = list(csv.reader(io.StringIO(archive.read("problems.csv").decode("utf-8-sig"))))
        return told, report, tally

    return read


def test_a_list_for_each_resource(bundle):
    place = school()
    student, _other = family(place), family(place)
    told, report, tally = bundle()
    assert {name: len(each) for name, each in told.items()} == tally.written
    assert tally.written == dict.fromkeys(schema.RESOURCES, 2) | {"schools": 1}
    assert student.student_unique_id in {each["studentUniqueId"] for each in told["students"]}
    assert report == [["resource", "record", "field", "problem"]]


def test_nothing_is_as_whole_as_much(bundle):
    told, _report, _tally = bundle()
    assert told == {name: [] for name in schema.RESOURCES}


def test_what_is_wrong_is_left_out_with_what_refers_to_it_and_told(bundle, actors):
    place, nowhere = school(), school(school_id=None)
    family(place)
    wrong, lost = family(place), family(nowhere)
    wrong.last_name = "=" + "x" * 79
    db.session.commit()
    told, report, tally = bundle()
    assert [len(told[name]) for name in schema.RESOURCES] == [1, 2, 1, 1, 3, 2]
    rows = {(row[0], row[1]): row[2:] for row in report[1:]}
    assert rows["schools", f"({nowhere.identifier})"][0] == "schoolId"
    assert rows["students", wrong.student_unique_id] == ["lastSurname", "Must have 1 to 75 characters, and has 80."]
    assert rows["studentContactAssociations", report[-1][1]][0] == "students"
    assert rows["studentSchoolAssociations", f"{lost.student_unique_id}/({nowhere.identifier})/2026-08-20"]
    links = {document.link for document, _problem in tally.problems}
    assert {f"/students/{wrong.id}", f"/organizations/{nowhere.id}"} <= links
    page = exporting.problems(actors.admissions)
    assert (page.complete, len(page.problems)) == (True, len(report) - 1)
    assert exporting.problems(actors.admissions, most=1).complete is False
    assert exporting.problems(actors.admissions, patience=-1).complete is False


def test_the_blocks_come_while_it_is_written(bundle, actors, monkeypatch):
    monkeypatch.setattr(exporting, "_BLOCK", 1)
    for _number in range(3):
        family(school())
    _name, blocks = exporting.bundle(exporting.Tally(), actor=actors.admissions)
    assert len(list(blocks)) > 2
