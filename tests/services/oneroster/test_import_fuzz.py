"""Whatever stands in a bundle: it is taken in, or refused with a reason, and never a fault of ours."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.extensions import db
from app.models.imports import ImportStatus
from app.services.oneroster.standard import STANDARDS
from tests.factories import bundles
from tests.services.oneroster.importing import checked, faults

pytestmark = pytest.mark.usefixtures("one_connection")
FILES = STANDARDS["1.2"].files
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
CELL = st.one_of(
    ANY_TEXT,
    st.sampled_from(
        [
            "",
            " ",
            "true",
            "u1",
            "s1",
            "d",
            "k1",
            "student",
            "9",
            "09",
            "2026-02-30",
            "9999-12-31",
            "tobedeleted",
            "ext:x",
        ]
    ),
    st.sampled_from(
        ["\\.", "\\N", '"', ",", "a,b", "{a:b}", "NULL", "=1+1", "\ufeff", "٣", "0" * 300, "1e999", "-1", "x\0y"]
    ),
)
PLACE = st.sampled_from([(name, column) for name in bundles.rows() for column in FILES[name].header])
SOME = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def sound(content, actor):
    """The import is checked, and importable exactly if nothing is wrong; or failed with a reason."""
    job = checked(content, actor)
    found = faults(job, actor)
    assert job.status in (ImportStatus.CHECKED, ImportStatus.FAILED)
    assert (job.status is ImportStatus.CHECKED and not found) or (job.new_rows == 0 and job.message)
    assert "unexpected" not in job.message
    assert "required value is missing" not in job.message
    assert db.session.scalar(text("SELECT count(*) FROM oneroster_users")) == 0


@SOME
@given(wrong=st.lists(st.tuples(PLACE, st.integers(0, 4), CELL), min_size=1, max_size=4))
def test_any_cell(actors, wrong):
    files = bundles.rows()
    for (name, column), at, value in wrong:
        files[name][at % len(files[name])][column] = value
    sound(bundles.bundle(files), actors.admin)


@SOME
@given(name=st.sampled_from(sorted(FILES)), content=st.one_of(st.binary(max_size=200), ANY_TEXT.map(str.encode)))
def test_any_file(actors, name, content):
    files = bundles.rows()
    files.pop(name, None)
    sound(bundles.bundle(files, extra={name: content}, manifest={FILES[name].property_name: "bulk"}), actors.admin)


@SOME
@given(rows=st.lists(st.lists(CELL, max_size=4), max_size=6), kept=st.booleans())
def test_any_manifest(actors, rows, kept):
    start = [["propertyName", "value"], ["oneroster.version", "1.2"]] if kept else []
    sound(bundles.packed({"manifest.csv": bundles.written([*start, *rows])}), actors.admin)


@SOME
@given(at=st.integers(0, 10**6), bit=st.integers(0, 7), cut=st.integers(0, 200))
def test_any_damage(actors, at, bit, cut):
    content = bytearray(bundles.bundle(bundles.rows()))
    content[at % len(content)] ^= 1 << bit
    job = checked(bytes(content[: len(content) - cut]), actors.admin)
    assert job.status in (ImportStatus.CHECKED, ImportStatus.FAILED)
    assert "unexpected" not in job.message
