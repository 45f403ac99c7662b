"""The export holds the rows of the list and no others, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import pytest

from app.extensions import db
from app.services.leads import actions
from app.services.resource import RESOURCES
from tests.factories.leads import lead, stage
from tests.factories.students import student
from tests.policies.world import grant

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "=cmd|' /C calc'!A0", "\uff1d1", "'=1"]

WITHOUT_EXPORT = {"oauth-clients", "edfi-servers", "oneroster-exports"}


def rows_of(answer) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas_are_disarmed(client_of, db_session, formula):
    lead(first_name="x" + formula, last_name=formula.strip("\t\r ") or "x", interest=formula, address=formula)
    [row] = rows_of(client_of("admin").get("/leads/export.csv"))
    for cell in row.values():
        assert cell[:1] not in ("=", "+", "@", "\t", "\r", "\uff1d"), cell
        assert cell.lstrip()[:1] not in ("=", "@"), cell
    assert row["interest"] == f"'{formula}"


def test_a_phone_number_is_disarmed_too(client_of, db_session):
    lead(phone="+442071838750")
    [row] = rows_of(client_of("admin").get("/leads/export.csv"))
    assert row["phone"] == "'+442071838750"


def test_filters_search_and_scope_apply(client_of, db_session, actors):
    first = lead(last_name="First", source="ads")
    lead(last_name="Second", stage_id=stage("Contacted").id)
    gone = lead(last_name="Gone", source="ads")
    actions.delete([gone.id], actor=actors.admin)
    admin = client_of("admin")
    for query, wanted in (
        ("", {"First", "Second"}),
        ("?q=first", {"First"}),
        ("?f=source:is:ads", {"First"}),
        (f"?f=stage:is:{first.stage_id}", {"First"}),
        ("?q=nobody", set()),
        ("?deleted=1", {"Gone"}),
        ("?size=25&after=x", {"First", "Second"}),
    ):
        assert {row["last_name"] for row in rows_of(admin.get(f"/leads/export.csv{query}"))} == wanted, query
    assert {row["last_name"] for row in rows_of(client_of("staff").get("/leads/export.csv?deleted=1"))} == {
        "First",
        "Second",
    }
    assert client_of("teacher").get("/leads/export.csv").status_code == 403


def test_the_scope_of_a_teacher_holds_in_the_export_too(client_of, db_session, actors):
    """Were the permission given by mistake."""
    lead(last_name="Mine", assigned_teacher_id=actors.teacher.id)
    lead(last_name="Theirs", assigned_teacher_id=actors.teacher2.id)
    grant("Teacher", "can_export", "Leads")
    assert [row["last_name"] for row in rows_of(client_of("teacher").get("/leads/export.csv"))] == ["Mine"]


def test_an_empty_record_shows_nothing_for_nothing(client_of, actors, db_session):
    """All that may be NULL is NULL: on its page, in its form, its list, its history and the export."""
    made = lead(owner_id=None)
    admin = client_of("admin")
    columns = "name,phone,email,stage,owner,assigned_teacher,age,expected_budget,walk_in_date,next_follow_up_at,demo_conducted,interest"
    for url in (
        f"/leads/{made.id}",
        f"/leads/{made.id}/edit",
        f"/leads/?cols={columns}",
        f"/leads/{made.id}/history",
        "/leads/board/",
    ):
        page = admin.get(url)
        assert page.status_code == 200
        for word in (">None<", ">False<", '"None"', '"False"', "__None", ">null<", "None None"):
            assert word not in page.text, (url, word)
    [row] = rows_of(admin.get("/leads/export.csv"))
    assert set(row.values()).isdisjoint({"None", "False", "null", "\\N"})
    assert (row["email"], row["owner"], row["age"]) == ("", "", "")
    db.session.remove()


def test_every_list_is_exported_but_those_that_have_keys_of_machines(client_of, db_session, actors):
    admin = client_of("super_admin")
    for resource in RESOURCES.values():
        answer = admin.get(f"/{resource.slug}/export.csv")
        assert bool(resource.exported) == (resource.slug not in WITHOUT_EXPORT), resource.slug
        if resource.exported:
            assert answer.status_code == 200, resource.slug
            assert answer.get_data(as_text=True).lstrip("\ufeff").splitlines()[0] == ",".join(resource.exported)
        else:
            assert answer.status_code == 404, resource.slug


def test_the_export_of_students_holds_those_who_are_seen(client_of, db_session, actors):
    student(first_name="=1+1", last_name="Zzyx", phone="+442071838750", notes="secret")
    student(last_name="Other")
    answer = client_of("admissions").get("/students/export.csv?q=zzyx")
    [row] = rows_of(answer)
    assert (row["first_name"], row["last_name"]) == ("'=1+1", "Zzyx")
    assert "secret" not in answer.get_data(as_text=True)
    for username in ("staff", "teacher", "student"):
        assert client_of(username).get("/students/export.csv").status_code == 403
