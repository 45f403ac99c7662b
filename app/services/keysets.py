"""Many keys in one statement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Text, any_, cast, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement


def among(column: Any, keys: Iterable[Any]) -> ColumnElement[bool]:
    """Whether the column, a number or a UUID, is one of the keys. They go as one parameter: with one for each, the text
    of the statement grows with them and is parsed anew, on both sides.
    """
    found: ColumnElement[bool] = column == any_(
        cast(literal(f"{{{','.join(map(str, keys))}}}", Text), ARRAY(column.type))
    )
    return found
