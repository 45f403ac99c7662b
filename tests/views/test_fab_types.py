"""Flask-AppBuilder's wrong types and errors: each as it is in stock, and right here."""

from __future__ import annotations

import re
import uuid

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.models.imports import Import
from app.models.leads import Lead, LeadStage, Tag
from app.services import inputs
from app.services.errors import Conflict, Invalid, refusal_from
from app.services.settings import update as set_settings
from app.views import forms
from tests.factories.leads import lead, stage
from tests.views.stock import MANY, Company, Deal, Item


def lead_form(**values):
    from datetime import timedelta

    from app.services import school

    return {
        "first_name": "Asha",
        "last_name": "Rao",
        "phone": "020 7183 8750",
        "follow_up_date": str(school.today() + timedelta(days=1)),
        "source": "ads",
    } | values


@pytest.fixture
def admin(client_of):
    return client_of("admin")


def test_uuids_in_addresses_and_filters(stock, admin):
    clerk = stock.client("clerk")
    assert clerk.get("/itemview/show/not-a-uuid").status_code == 500, "stock is broken"
    assert clerk.get("/itemview/list/").status_code == 500, "stock is broken: a UUID among the search columns"

    made = lead()
    assert admin.get("/leads/not-a-uuid").status_code == 404
    assert admin.get(f"/leads/{uuid.uuid4()}").status_code == 404
    assert admin.get(f"/leads/{made.id}").status_code == 200
    assert made.last_name in admin.get(f"/leads/?f=stage:is:{made.stage_id}").text
    for wrong in ("is:not-a-uuid", "in:,", f"in:{made.stage_id},", "is:", f"is:{uuid.uuid4()}"):
        assert admin.get(f"/leads/?f=stage:{wrong}").status_code == 200, wrong


def test_rest_by_uuid(stock, app, actors):
    item = stock.id_of(Item, "Thing")
    assert stock.client("clerk").get(f"/api/v1/item/{item}").status_code in (404, 405), "stock is broken"

    from app.models.access import SessionKind
    from app.services import sessions

    made = lead()
    token = sessions.start(actors.admin.id, kind=SessionKind.API)
    with app.app_context():
        from flask_jwt_extended import create_access_token

        bearer = create_access_token(str(actors.admin.id), additional_claims={"sid": token})
    headers = {"Authorization": f"Bearer {bearer}"}
    assert app.test_client().get(f"/api/v1/leads/{made.id}", headers=headers).status_code == 200
    assert app.test_client().get("/api/v1/leads/nope", headers=headers).status_code == 404


def test_a_required_boolean_can_be_unticked(stock, admin):
    answer = stock.client("clerk").post("/flagview/add", data={"name": "off"})
    assert "This field is required" in answer.text, "stock is broken"

    answer = admin.post("/lead-stages/new", data={"name": "Asleep", "position": "9"})
    assert answer.status_code == 302
    made = db.session.query(LeadStage).filter_by(name="Asleep").one()
    assert (made.active, made.is_onboarded) == (False, False)
    key = made.id
    admin.post(f"/lead-stages/{key}/edit", data={"name": "Asleep", "position": "9", "active": "1"})
    assert db.session.scalar(text("SELECT active FROM lead_stages WHERE name = 'Asleep'")) is True


def test_json_is_json(stock):
    clerk = stock.client("clerk")
    clerk.post("/saleview/add", data={"title": "With facts", "facts": '{"a": 1}'})
    clerk.post("/saleview/add", data={"title": "Bad facts", "facts": "{bad"})
    assert stock.value(Deal.facts, stock.id_of(Deal, "With facts")) == '{"a": 1}', "stock is broken: a string"
    assert stock.value(Deal.facts, stock.id_of(Deal, "Bad facts")) == "{bad", "stock is broken: accepted"

    schema = inputs.of(Import, "options")
    assert inputs.parse(schema, {"options": '{"a": [1, null]}'}) == {"options": {"a": [1, None]}}
    assert inputs.parse(schema, {"options": {"a": 1}}) == {"options": {"a": 1}}
    for wrong in ("{bad", "NaN", '{"a": NaN}', "[" * 100_000, "1", '"text"'):
        with pytest.raises(Invalid) as refused:
            inputs.parse(schema, {"options": wrong})
        assert list(refused.value.fields) == ["options"]
    assert forms.core_type(schema, "options") is not str


def test_unknown_values_of_choices_and_addresses(stock, admin):
    clerk = stock.client("clerk")
    assert clerk.get("/companyview/list/?page_CompanyView=abc").status_code == 500, "stock is broken"
    assert clerk.get("/companyview/list/?_oc_CompanyView=nope&_od_CompanyView=asc").status_code == 500

    deal = stock.id_of(Deal, "Secret deal")
    assert clerk.post(f"/saleview/edit/{deal}", data={"title": "X", "stage": "bogus"}).status_code == 500

    answer = admin.post("/leads/new", data=lead_form(source="bogus", first_name="Kept <b>"))
    assert answer.status_code == 422
    assert "Choose one from the list." in answer.text
    assert "Kept &lt;b&gt;" in answer.text, "what was typed stays"
    lead()
    for wrong in (
        "after=abc",
        "before=abc",
        "sort=nope",
        "sort=-",
        "size=abc",
        "f=source:is:bogus",
        "cols=nope",
        "deleted=x",
    ):
        assert admin.get(f"/leads/?{wrong}").status_code == 200, wrong


def test_dates_and_times_are_in_the_readers_zone(stock, admin, actors):
    page = stock.client("clerk").get("/saleview/add").text
    assert "datetime-local" not in page, "stock is broken: a picker of dates"

    page = admin.get("/leads/new").text
    assert 'type="datetime-local"' in page
    assert 'type="date"' in page
    set_settings({"time_zone": "Asia/Kolkata"}, actor=actors.admin)
    answer = admin.post("/leads/new", data=lead_form(next_follow_up_at="2026-07-01T10:00"))
    assert answer.status_code == 302
    made = db.session.query(Lead).one()
    assert made.next_follow_up_at.isoformat() == "2026-07-01T04:30:00+00:00"
    assert 'value="2026-07-01T10:00"' in admin.get(f"/leads/{made.id}/edit").text


def test_a_refused_constraint_is_a_sentence_and_keeps_the_form(stock, admin):
    answer = stock.client("clerk").post("/companyview/add", data={"name": "Forbidden"}, follow_redirects=True)
    assert "toy_companies" in answer.text, "stock is broken: SQL with the values of the row"

    db.session.add(Tag(name="Fair"))
    db.session.commit()
    answer = admin.post("/tags/new", data={"name": "FAIR"})
    assert answer.status_code == 409
    assert "There is already a tag with this name." in answer.text
    assert 'value="FAIR"' in answer.text
    assert "uq_tags_name" not in answer.text
    assert "INSERT" not in answer.text
    answer = admin.post("/lead-stages/new", data={"name": "Below", "position": "-1"})
    assert answer.status_code == 422
    assert "Must be zero or more." in answer.text


def test_deleting_what_is_still_used_says_by_what(stock, admin):
    clerk, mine = stock.client("clerk"), stock.id_of(Company, "Mine")
    answer = clerk.post(f"/companyview/delete/{mine}", follow_redirects=True)
    assert stock.value(Company.name, mine), "refused in stock too"
    assert "deal" not in answer.text.replace("Secret deal", "").lower() or "toy_deals" in answer.text, (
        "stock is broken: no words"
    )

    made = lead()
    answer = admin.post("/lead-stages/delete", data={"id": str(made.stage_id), "_stage": "do"})
    assert answer.status_code == 422
    assert "takes over the leads" in answer.text
    with pytest.raises(IntegrityError) as error, db.session.begin_nested():
        db.session.execute(text("DELETE FROM lead_stages WHERE id = :id"), {"id": made.stage_id})
    refusal = refusal_from(error.value)
    assert isinstance(refusal, Conflict)
    assert str(refusal) == "It is still used by: leads."
    admin.post(
        "/lead-stages/delete",
        data={"id": str(made.stage_id), "_stage": "do", "fallback_id": str(stage("Contacted").id)},
    )
    assert db.session.scalar(text("SELECT s.name FROM leads JOIN lead_stages s ON s.id = stage_id")) == "Contacted"


def test_the_size_of_a_page_is_capped(stock, admin):
    page = stock.client("clerk").get("/companyview/list/?psize_CompanyView=20000").text
    assert page.count("Many ") >= MANY, "stock is broken: every row"

    db.session.add_all(
        [
            Lead(
                first_name="Many",
                last_name=f"L{number}",
                phone="+442071838750",
                stage_id=stage().id,
                follow_up_date="2026-01-01",
            )
            for number in range(120)
        ]
    )
    db.session.commit()
    for size in ("20000", "999", "101", "100", "50", "0", "-5", "abc", ""):
        names = re.findall(r"Many L\d+", admin.get(f"/leads/?size={size}").text)
        assert 25 <= len(set(names)) <= 100, size
