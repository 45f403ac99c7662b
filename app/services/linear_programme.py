"""A linear programme, or a mixed-integer one, as HiGHS takes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import highspy
import numpy as np

ANY: Final = highspy.kHighsInf

Limits = tuple[float, float]  # lower, upper
Term = tuple[int, float]  # column, factor


def model(
    limits: Sequence[Limits],
    rows: Sequence[tuple[float, float, Iterable[Term]]],
    cost: Mapping[int, float],
    whole: int,
) -> Any:
    """The programme with these columns, rows (lower, upper, terms) and costs by column; the first `whole` columns take
    whole numbers only.
    """
    lp, columns = highspy.HighsLp(), len(limits)
    lp.num_col_, lp.num_row_ = columns, len(rows)
    lp.col_cost_ = np.array([cost.get(column, 0) for column in range(columns)], float)
    lp.col_lower_, lp.col_upper_ = np.array(limits, float).reshape(-1, 2).T
    lp.row_lower_ = np.array([lower for lower, _upper, _terms in rows], float)
    lp.row_upper_ = np.array([upper for _lower, upper, _terms in rows], float)
    terms = [list(row) for _lower, _upper, row in rows]
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.cumsum([0, *map(len, terms)], dtype=np.int32)
    lp.a_matrix_.index_ = np.array([column for row in terms for column, _factor in row], np.int32)
    lp.a_matrix_.value_ = np.array([factor for row in terms for _column, factor in row], float)
    if whole:
        kinds = highspy.HighsVarType
        lp.integrality_ = [kinds.kInteger if column < whole else kinds.kContinuous for column in range(columns)]
    return lp
