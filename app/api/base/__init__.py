"""The routes that every resource gets by being registered: list, record, changes, actions, history, saved filters."""

from __future__ import annotations

from app.api.base.acting import Acting, Filtering
from app.api.base.writing import Writing, raise_refusal


class RecordApi(Writing, Acting, Filtering):
    """Base of the API of one resource."""


__all__ = ["RecordApi", "raise_refusal"]
