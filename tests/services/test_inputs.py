"""Inputs: whatever is typed is a value or an error at its field, never anything else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.models.imports import Import
from app.models.leads import Lead, LeadStage
from app.models.student_records import StudentProgramExtension
from app.services import inputs
from app.services.accounts.inputs import AccountInput
from app.services.errors import Invalid
from app.services.leads import LEADS
from app.services.resource import RESOURCES

anything = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.binary(max_size=8),
        st.dates(),
        st.datetimes(),
        st.uuids(),
        st.decimals(),
        st.sampled_from(
            [
                "\ud800",
                "\0",
                "NaN",
                "1e999",
                "9" * 5000,
                "-1",
                "0001-01-01T00:00:00+14:00",
                "24:00",
                "true",
                "on",
                " ",
                "{",
                "[" * 5000,
                "²",
            ]
        ),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


def schemas() -> list:
    found = [each.input for each in RESOURCES.values() if each.input is not None]
    found += [action.input for each in RESOURCES.values() for action in each.actions if action.input is not None]
    return [
        *found,
        AccountInput,
        inputs.of(Import, "options", "total_rows", "checked_at"),
        inputs.of(Lead, *(each.key for each in Lead.__table__.c if each.key not in ("id", "search_text"))),
    ]


@pytest.fixture(scope="module")
def known(app):
    return schemas()


@given(data=st.data(), change=st.booleans())
@settings(max_examples=150, deadline=None)
def test_parse_gives_values_or_invalid(app, known, data, change):
    schema = data.draw(st.sampled_from(known))
    names = list(schema.model_fields)
    raw = data.draw(st.dictionaries(st.sampled_from(names), anything, max_size=6))
    with app.app_context():
        values, refusal = {}, None
        try:
            values = inputs.parse(schema, raw, change=change)
        except Invalid as refused:
            refusal = refused
        if refusal is not None:
            assert refusal.fields
            assert set(refusal.fields) <= set(names), "an error is at a field"
            assert all(str(text).strip() for texts in refusal.fields.values() for text in texts)
            assert "%(" not in str(refusal.fields)
        else:
            assert set(values) <= set(names)
            assert not change or set(values) <= set(raw)
            for value in values.values():
                if isinstance(value, str):
                    value.encode()
                    assert "\0" not in value


def test_what_is_not_offered_cannot_be_set(app):
    with app.app_context():
        values = inputs.parse(
            LEADS.input,
            {
                "first_name": "A",
                "last_name": "B",
                "phone": "1",
                "follow_up_date": "2026-01-01",
                "id": "x",
                "deleted_at": "2026-01-01",
                "contact_attempts": 5,
            },
        )
        assert not {"id", "deleted_at", "contact_attempts"} & set(values)


def test_a_change_holds_only_what_was_given(app):
    with app.app_context():
        assert inputs.parse(LEADS.input, {"area": " North "}, change=True) == {"area": "North"}
        assert inputs.parse(LEADS.input, {"area": " "}, change=True) == {"area": None}, "emptied"
        assert inputs.parse(LEADS.input, {}, change=True) == {}
        with pytest.raises(Invalid) as refused:
            inputs.parse(LEADS.input, {"first_name": " "}, change=True)
        assert list(refused.value.fields) == ["first_name"], "what is required cannot be emptied"


def test_limits_come_from_the_columns(app):
    schema = inputs.of(LeadStage, "name", "position")
    with app.app_context():
        for raw, field in (
            ({"name": "x" * 61, "position": 1}, "name"),
            ({"name": "a", "position": 32768}, "position"),
            ({"position": 1}, "name"),
        ):
            with pytest.raises(Invalid) as refused:
                inputs.parse(schema, raw)
            assert list(refused.value.fields) == [field]
        assert inputs.parse(schema, {"name": "x" * 60, "position": "32767"}) == {"name": "x" * 60, "position": 32767}


def test_all_errors_are_told_at_once(app):
    with app.app_context(), pytest.raises(Invalid) as refused:
        inputs.parse(LEADS.input, {"age": "old", "expected_budget": "much", "demo_date": "soon", "source": "x"})
    assert {
        "age",
        "expected_budget",
        "demo_date",
        "source",
        "first_name",
        "last_name",
        "phone",
        "follow_up_date",
    } <= set(refused.value.fields)


@pytest.mark.parametrize(
    "value", ["0", "86400", "1427760000", "1e9", 0, 1427760000.0, "20260331", "2026-3-31", "٢٠٢٦-٠٣-٣١"]
)
def test_a_number_is_no_day(app, value):
    """pydantic reads numbers as seconds since 1970."""
    with app.app_context(), pytest.raises(Invalid) as refusal:
        inputs.parse(LEADS.input, {"demo_date": value}, change=True)
    assert refusal.value.fields == {"demo_date": ["Must be a date, as 2026-03-31."]}


@pytest.mark.parametrize("value", [uuid4(), date(2026, 1, 1), b"x", float("nan"), Decimal("1e999"), Decimal("NaN")])
def test_json_holds_what_json_can_hold(app, value):
    schema = inputs.of(StudentProgramExtension, "custom_data")
    with app.app_context():
        for given_value in ([value], {"a": value}, value):
            with pytest.raises(Invalid) as refused:
                inputs.parse(schema, {"custom_data": given_value}, change=True)
            assert list(refused.value.fields) == ["custom_data"]
