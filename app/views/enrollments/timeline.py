"""What happened on an enrollment, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from app.models.enrollments import EnrollmentEventType
from app.services import people
from app.services.enrollments.events import Happened
from app.services.enrollments.labels import EVENTS, LABELS, PAYMENT_METHODS, STEPS
from app.services.records import retrying
from app.views import render
from app.views.page import Event

_T = EnrollmentEventType


def event(happened: Happened) -> Event:
    found = happened.event
    title, icon = EVENTS[found.type]
    at = found.at
    who = happened.who or _("The family or Registrar")
    return Event(render.moment(at), at.isoformat(), who, str(title), icon, _text(found.type, found.details))


def _text(kind: EnrollmentEventType, details: Mapping[str, Any]) -> str:
    parts = [str(STEPS[details["step"]])] if details.get("step") in STEPS else []
    if kind is _T.STEP_CORRECTED and details.get("fields"):
        parts.append(", ".join(str(LABELS.get(each, each)) for each in details["fields"]))
    if kind is _T.HANDED_OVER:
        parts.append(people.name_of(details.get("after")))
    if kind is _T.DECIDED:
        parts.append(_("Approved") if details.get("decision") == "approved" else _("Rejected"))
    if kind is _T.PAYMENT_RECORDED:
        method = next((each.label for each in PAYMENT_METHODS if each.value == details.get("method")), "")
        paid = _("paid") if details.get("paid") else _("not paid yet")
        parts.append(_("%(amount)s, %(method)s, %(paid)s", amount=details.get("amount"), method=method, paid=paid))
    if kind is _T.RECORD_CREATION_FAILED:
        parts.append(retrying.reason(details.get("fields") or {}, str(details.get("message") or "")))
    if kind in (_T.DOCUMENT_SUBMITTED, _T.DOCUMENT_REMOVED, _T.DOCUMENT_VERIFIED, _T.DOCUMENT_REJECTED):
        parts.append(str(details.get("type", "")).replace("_", " "))
    if details.get("reason"):
        parts.append(str(details["reason"]))
    return ": ".join(part for part in parts if part)
