"""An example for a JSON Schema, so that nobody has to guess what a body looks like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FORMATS = {
    "uuid": "0198c0de-7000-7000-8000-000000000001",
    "date": "2026-03-31",
    "date-time": "2026-03-31T14:30:00+00:00",
}
_NAMES = {
    "first_name": "Amina",
    "last_name": "Haddad",
    "phone": "+442079460018",
    "email": "amina@example.org",
    "name": "Amina Haddad",
    "title": "Amina Haddad",
    "body": "Called after the open day.",
    "username": "amina",
    "query": "q=amina&sort=-created_at",
    "interest": "Piano",
    "area": "Old Town",
    "guardian_name": "Karim Haddad",
    "stage": "New",
    "owner": "Sam Porter",
    "state": "ok",
    "operation": "update",
    "who": "Sam Porter",
    "time_zone": "Europe/London",
    "locale": "en",
}


def example(schema: Mapping[str, Any], components: Mapping[str, Any], name: str = "") -> Any:
    """A value that the schema accepts; of an input the fields that must be given, of an answer all."""
    if "$ref" in schema:
        return example(components[schema["$ref"].rpartition("/")[2]], components, name)
    if "anyOf" in schema:
        return example(schema["anyOf"][0], components, name)
    if schema.get("default") is not None:
        return schema["default"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "string")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            wanted = schema.get("required", ())
            return {
                each: example(value, components, each)
                for each, value in schema.get("properties", {}).items()
                if each in wanted
            }
        case "array":
            return [example(schema["items"], components, name)]
        case "integer" | "number":
            return max(1, schema.get("minimum", 1))
        case "boolean":
            return False
        case _:
            text = (
                schema.get("example")
                or _FORMATS.get(schema.get("format", ""))
                or _NAMES.get(name)
                or ("120.00" if "pattern" in schema else "text")
            )
            return text[: schema.get("maxLength", len(text))]
