"""What the parts of an admission are called."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

STATUSES = {
    "pending": _l("Pending"),
    "active": _l("Active"),
    "paused": _l("Paused"),
    "completed": _l("Completed"),
    "cancelled": _l("Cancelled"),
}
STATUS_TONES = {"pending": "info", "active": "success", "paused": "warning", "cancelled": "danger"}
DISCOUNTS = {"none": _l("No discount"), "percent": _l("Percent"), "amount": _l("Amount")}
PLACES = {"active": _l("Active"), "paused": _l("Paused"), "ended": _l("Ended")}
PAYMENTS = {"unpaid": _l("Unpaid"), "paid": _l("Paid")}
PAYMENT_TONES = {"unpaid": "warning", "paid": "success"}
WAITLIST = {
    "waiting": _l("Waiting"),
    "offered": _l("Offered"),
    "accepted": _l("Accepted"),
    "expired": _l("Expired"),
    "withdrawn": _l("Withdrawn"),
}
WAITLIST_TONES = {"waiting": "info", "offered": "warning", "accepted": "success"}
EVENTS = {
    "created": _l("Admitted"),
    "updated": _l("Changed"),
    "discount_changed": _l("Discount changed"),
    "extra_classes_added": _l("Extra classes added"),
    "status_changed": _l("Status changed"),
    "payment_changed": _l("Payment changed"),
    "renewed": _l("Renewed"),
    "classes_moved": _l("Classes moved"),
    "credit_changed": _l("Credit changed"),
    "deleted": _l("Deleted"),
    "restored": _l("Restored"),
}
LABELS = {
    "number": _l("Number"),
    "lead_id": _l("Lead"),
    "student_id": _l("Student"),
    "course_id": _l("Course"),
    "plan_id": _l("Plan"),
    "status": _l("Status"),
    "starts_on": _l("First day"),
    "ends_on": _l("Last day"),
    "paused_at": _l("Paused at"),
    "base_classes": _l("Classes of the plan"),
    "extra_classes": _l("Extra classes"),
    "final_classes": _l("Classes in all"),
    "price": _l("Price"),
    "discount_type": _l("Discount"),
    "discount_value": _l("Discount value"),
    "total": _l("Total"),
    "notes": _l("Notes"),
    "note": _l("Note"),
    "slots": _l("Weekly slots"),
    "classes": _l("Classes"),
    "resume_on": _l("Resume on"),
    "first_name": _l("First name"),
    "last_name": _l("Last name"),
    "phone": _l("Phone"),
    "email": _l("E-mail"),
    "created_at": _l("Entered"),
    "renewed_from_id": _l("Renewed from"),
}
