"""What the enrollment office does to students as records: merging duplicates, and erasing on request."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.policies.rules import may_erase_student, may_merge_students
from app.services.records import erasing, merging, unmerging
from app.services.resource import Action

RECORD_ACTIONS = (
    Action(
        "merge",
        _l("Merge into another"),
        merging.merge,
        may_merge_students,
        merging.MergeStudent,
        icon="git-merge",
        bulk=False,
        undo=unmerging.undo,
        previewed=True,
        help=_l("Everything moves to the other student, whose empty fields are filled; this one leaves the lists."),
    ),
    Action(
        "undo_merge",
        _l("Undo merge"),
        unmerging.undo_latest,
        unmerging.nothing_merged,
        icon="undo-2",
        bulk=False,
        help=_l("Makes two students again of the last two that were merged here."),
    ),
    Action(
        "erase",
        _l("Erase personal data"),
        erasing.erase,
        may_erase_student,
        erasing.EraseStudent,
        icon="trash-2",
        bulk=False,
        danger=True,
        previewed=True,
        help=_l(
            "On their request. What the school must keep stays without a name; all else is gone for good,"
            " also from the history, and cannot be brought back."
        ),
    ),
)
