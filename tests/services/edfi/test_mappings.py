"""The table of descriptors: filled at deployment, changed by people."""

from __future__ import annotations

import pytest

from app.extensions import db
from app.models.edfi import DescriptorMapping
from app.services.edfi import mappings
from app.services.errors import Conflict, Invalid
from app.services.inputs import parse
from app.services.resource import RESOURCES

FEMALE = {"descriptor": "SexDescriptor", "value": "F", "uri": "uri://ed-fi.org/SexDescriptor#Female"}


def test_deployment_fills_it_once_and_leaves_what_people_changed(db_session, actors):
    db.session.execute(db.delete(DescriptorMapping))
    assert mappings.add_defaults() == ["176 descriptor mappings added"]
    assert mappings.add_defaults() == []
    found = db.session.query(DescriptorMapping).filter_by(descriptor="EntryTypeDescriptor", value="Transfer").one()
    changed = {"uri": "uri://state.example/EntryTypeDescriptor#T1"}
    mappings.update(found.id, changed, actor=actors.admin, version=found.updated_at)
    assert mappings.add_defaults() == []
    assert mappings.Descriptors().uri("EntryTypeDescriptor", "transfer") == changed["uri"]


def test_a_value_is_mapped_once_whatever_its_capitals(db_session, actors):
    mappings.create(FEMALE, actor=actors.admin)
    with pytest.raises(Conflict) as refused:
        mappings.create(FEMALE | {"value": "f"}, actor=actors.admin)
    assert "value" in refused.value.fields


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("descriptor", "ColourDescriptor"),
        ("uri", "Female"),
        ("uri", "http://ed-fi.org/SexDescriptor#Female"),
        ("uri", "uri://ed-fi.org/RaceDescriptor#Female"),
        ("uri", "uri://ed-fi.org/a/SexDescriptor#Female"),
        ("uri", "uri://ed fi.org/SexDescriptor#Female"),
        ("uri", "uri:///SexDescriptor#Female"),
        ("uri", "uri://ed-fi.org/SexDescriptor#"),
        ("uri", "uri://ed-fi.org/SexDescriptor#" + "x" * 51),
        ("uri", "x" * 400),
        ("value", " "),
        ("value", "x\0"),
    ],
)
def test_what_no_server_would_take_is_refused_at_its_field(db_session, actors, field, bad):
    schema = RESOURCES["descriptor-mappings"].input
    with pytest.raises(Invalid) as refused:
        mappings.create(parse(schema, FEMALE | {field: bad}), actor=actors.admin)
    assert field in refused.value.fields


def test_the_own_namespace_is_a_setting(db_session, app, monkeypatch):
    monkeypatch.setitem(app.config, "EDFI_NAMESPACE", "school.example")
    assert mappings.Descriptors().uri("SexDescriptor", "X") == "uri://school.example/SexDescriptor#X"
