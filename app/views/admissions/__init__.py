"""The screens of admissions and of the waitlist."""

from app.views.admissions.record import AdmissionView
from app.views.admissions.waitlist import WaitlistView

__all__ = ["AdmissionView", "WaitlistView"]
