"""What the parts of the classroom are called."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

STATUSES = {
    "scheduled": _l("Scheduled"),
    "present": _l("Present"),
    "late": _l("Late"),
    "absent": _l("Absent"),
    "excused": _l("Excused"),
}
STATUS_TONES = {"scheduled": "neutral", "present": "success", "late": "warning", "absent": "danger", "excused": "info"}
REQUESTS = {
    "pending": _l("Pending"),
    "approved": _l("Approved"),
    "rejected": _l("Rejected"),
    "withdrawn": _l("Withdrawn"),
}
REQUEST_TONES = {"pending": "warning", "approved": "success", "rejected": "danger"}
CREDITS = {
    "excused": _l("Excused absence"),
    "corrected": _l("Absence corrected"),
    "closure": _l("Closure"),
    "granted": _l("Granted"),
}
REMEDIES = {
    "move": _l("Plan them again after the last class"),
    "cancel": _l("Take them off the plan; they can be booked again as make-up classes"),
}
LABELS = {
    "student_id": _l("Student"),
    "admission_id": _l("Admission"),
    "classroom_slot_id": _l("Class"),
    "class_date": _l("Day"),
    "starts_at": _l("Begins"),
    "status": _l("Status"),
    "marked_at": _l("Marked"),
    "marked_by_id": _l("Marked by"),
    "original_slot_id": _l("First planned in"),
    "original_date": _l("First planned for"),
    "makeup": _l("Make-up class"),
    "revision": _l("Changes of place"),
    "deleted_at": _l("Taken off the plan"),
    "attendance_id": _l("Class"),
    "from_slot_id": _l("From"),
    "from_date": _l("From day"),
    "requested_slot_id": _l("To"),
    "requested_date": _l("To day"),
    "reason": _l("Reason"),
    "note": _l("Note"),
    "decided_at": _l("Decided"),
    "decision_note": _l("Answer"),
    "classes": _l("Classes"),
    "consumes": _l("Uses up a class"),
    "earns_credit": _l("Earns a credit for one"),
    "remedy": _l("What becomes of the classes"),
    "announce": _l("Tell all teachers and students about the closure"),
}
