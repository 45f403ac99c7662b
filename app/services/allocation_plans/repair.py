"""The fewest moves: who must leave a seat so that everybody who waits gets one. Without a database."""

from __future__ import annotations

from app.services.allocation_plans.problem import Problem, Shortage, ShortageError


def displaced(problem: Problem, movable: int) -> int:
    """How many students without needs must give up an accessible seat, of the `movable` that have one.

    Nobody else ever has to move: a seat is as good as any other but for being accessible. As soon as anyone must move,
    those who need accessible seats take all of them, so that it does not matter to the rooms who it is.

    Raises ShortageError when that is not enough.
    """
    missing = max(0, problem.needing - problem.free(accessible=True))
    found = []
    if missing > movable:
        found.append(Shortage(True, problem.needing, problem.free(accessible=True) + movable))
    if problem.students > problem.free():  # whoever moves frees as many seats as they take
        found.append(Shortage(False, problem.students, problem.free()))
    if found:
        raise ShortageError(found)
    return missing
