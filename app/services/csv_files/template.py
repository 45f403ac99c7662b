"""The columns of a file that people fill in and upload."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Column:
    """A column of the template: what it holds, in words, and an example; `is_day` where that is a date."""

    name: str
    help: Any
    example: str
    required: bool = False
    is_day: bool = False
