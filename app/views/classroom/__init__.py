"""The screens of the classroom."""

from app.views.classroom.days import ClassroomView
from app.views.classroom.moving import AttendanceView, RescheduleRequestView
from app.views.classroom.setup import AttendancePolicyView, ClassCreditView

__all__ = ["AttendancePolicyView", "AttendanceView", "ClassCreditView", "ClassroomView", "RescheduleRequestView"]
