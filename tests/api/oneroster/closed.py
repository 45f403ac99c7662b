"""Checks an answer against the standard's closed schemas (rest_12.json): every key known, nothing required missing, every
value of its type.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

SPEC = json.loads(Path(__file__).with_name("rest_12.json").read_text())
SCHEMAS = SPEC["schemas"]
OPERATIONS = SPEC["operations"]


def check(name: str, value: Any, *, partly: bool = False) -> None:
    """`partly`: fields were selected, so that those required may be missing."""
    schema = SCHEMAS[name]
    assert isinstance(value, dict), name
    if schema["closed"]:
        assert set(value) <= set(schema["fields"]), name
    assert partly or set(schema["required"]) <= set(value), (name, set(schema["required"]) - set(value))
    for key, field in schema["fields"].items():
        if key in value:
            _field(f"{name}.{key}", field, value[key])


def _field(where: str, field: dict[str, Any], value: Any) -> None:
    kind = field["type"]
    if kind.startswith("array<"):
        assert isinstance(value, list) and len(value) >= field.get("minItems", 0), where
        for each in value:
            _field(where, {"type": kind[6:-1]}, each)
        return
    if kind in SCHEMAS:
        check(kind, value)
        return
    assert isinstance(value, str) and value, where
    if kind == "date":
        date.fromisoformat(value)
    elif kind == "date-time":
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value), where
        datetime.fromisoformat(value)
    elif kind == "uri":
        assert value.startswith("http://localhost/ims/oneroster/"), where
    if "enum" in field:
        assert value in field["enum"] or (field.get("ext") and value.startswith("ext:")), (where, value)
