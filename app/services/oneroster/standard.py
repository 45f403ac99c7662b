"""The column tables of OneRoster's CSV bundles, versions 1.1 and 1.2: which files there are, which columns in which order,
what may stand in them and what they refer to. Reading and writing of bundles both come from here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

MANIFEST = "manifest.csv"
MANIFEST_HEADER = ("propertyName", "value")
MANIFEST_VERSION = "1.0"
SOURCE_PROPERTIES = ("source.systemName", "source.systemCode")  # the optional ones
STATUSES = ("active", "tobedeleted")

Mode = Literal["absent", "bulk", "delta"]
MODES: tuple[Mode, ...] = ("absent", "bulk", "delta")

# A GUID of the standard; it is compared with regard to case.
GUID = re.compile(r"[0-9A-Za-z._/@-]{1,255}")
USER_IDS = re.compile(r"\{[^{}:,]+:[^{}:,]+\}(,\s*\{[^{}:,]+:[^{}:,]+\})*")
EXTENSION = re.compile(r"ext:[A-Za-z0-9._-]+")  # what 1.2 allows beside the words of most enumerations

# Enumerations that nothing may be added to, in either version.
CLOSED = ({"active", "tobedeleted"}, {"primary", "secondary"}, {"true", "false"})


@dataclass(frozen=True)
class Column:
    """One column of a file. `type` is guid, string, enum, date, datetime, year, integer, float, userIds or `list<...>` of
    one of these; `required` says whether a cell may be empty: `delta` means that it is filled in a delta file and
    blank in a bulk one. `references` names the file whose `sourcedId` stands here, and `referenced_type` the value
    of its column `type`.
    """

    name: str
    type: str
    required: Literal["always", "delta", "no"] = "no"
    enum: tuple[str, ...] = ()
    references: str = ""
    referenced_type: str = ""
    extensible: bool = False

    @property
    def is_list(self) -> bool:
        return self.type.startswith("list<")

    @property
    def is_boolean(self) -> bool:
        return set(self.enum) == {"true", "false"}

    @property
    def item_type(self) -> str:
        """The type of one value: of a list, that of its items."""
        return self.type[len("list<") : -1] if self.is_list else self.type


@dataclass(frozen=True)
class File:
    """One file of a bundle, with its columns in their order."""

    name: str
    columns: tuple[Column, ...]

    @property
    def property_name(self) -> str:
        """Its row in the manifest."""
        return f"file.{self.name.removesuffix('.csv')}"

    @cached_property
    def header(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class Standard:
    """One version of the standard; `files` are in the order of the manifest."""

    version: str
    files: dict[str, File]
    grades: tuple[str, ...]


def _column(described: dict[str, Any], extensible: bool) -> Column:
    words = tuple(described.get("enum", ()))
    open_ended = extensible and bool(words) and set(words) not in CLOSED
    return Column(**{**described, "enum": words, "extensible": open_ended})


def _load(version: str) -> Standard:
    path = Path(__file__).with_name(f"standard_{version.replace('.', '')}.json")
    described = json.loads(path.read_text(encoding="utf-8"))
    return Standard(
        version=described["version"],
        files={
            name: File(name, tuple(_column(column, described["extensible_enums"]) for column in columns))
            for name, columns in described["files"].items()
        },
        grades=tuple(described["grades"]),
    )


STANDARDS = {version: _load(version) for version in ("1.1", "1.2")}
