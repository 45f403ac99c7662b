"""Courses, the calendar, students and admissions for the matrix of roles, and what their forms are sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from app.extensions import db
from app.models.courses import OperatingDay
from app.services import accounts, school
from app.services.admissions import actions, waitlist
from tests.factories import courses
from tests.factories.admissions import admission
from tests.factories.students import student

TUESDAY, WEDNESDAY, FRIDAY = 1, 2, 4


class School:
    """A record of every kind, by the view (or API) that shows it, and one of each that was deleted."""

    def __init__(self, actor: Any) -> None:
        found = accounts.find("teacher")
        assert found is not None
        teacher = found
        self.course = courses.course([teacher])
        taught = courses.course([teacher])
        slots = [courses.slot(taught, teacher, day, "16:00") for day in (TUESDAY, FRIDAY)]
        full = courses.slot(taught, teacher, TUESDAY, "18:00", capacity=1)
        admission([full], actor=actor)
        self.slots, self.taught, self.full = slots, taught, full
        made = admission(slots, actor=actor)
        self.student, self.other = student(), student()
        entry = waitlist.join({"classroom_slot_id": full.id, "student_id": self.other.id}, actor=actor)
        self.teacher_id, self.account = teacher.id, accounts.find("student")
        self.free_time = courses.time_slot(WEDNESDAY, "09:15")
        self.plan_id = courses.plan().id
        monday = db.session.query(OperatingDay).filter_by(day=0).one()
        keys = {
            "Instrument": courses.instrument().id,
            "Course": courses.course().id,
            "CoursePlan": courses.plan(2, classes_per_week=1).id,
            "OperatingDay": monday.id,
            "Closure": courses.closure(school.today() + timedelta(days=40)).id,
            "TimeSlot": courses.time_slot(WEDNESDAY, "08:15").id,
            "ClassroomSlot": courses.slot(self.course, teacher, WEDNESDAY, "10:15").id,
            "Student": self.student.id,
            "Admission": made.id,
            "Waitlist": entry.id,
            "WaitlistEntry": entry.id,
        } | self._classroom(actor, made.id)
        self.keys = {f"{name}{kind}": key for name, key in keys.items() for kind in ("View", "Api")}
        self.deleted = self._delete(actor, teacher)

    def _classroom(self, actor: Any, admission_id: UUID) -> dict[str, Any]:
        """A class, a request to move it, a credit, a policy; and a register."""
        from app.models.classroom import Attendance, AttendancePolicy
        from app.services.classroom import ledger, places, requests

        row = (
            db.session.query(Attendance)
            .filter_by(admission_id=admission_id)
            .order_by(Attendance.starts_at.desc())
            .first()
        )
        assert row is not None
        first = (
            db.session.query(Attendance).filter_by(admission_id=admission_id).order_by(Attendance.starts_at).all()[1]
        )
        courses.slot(self.taught, self.teacher_id, FRIDAY, "18:00")
        place = places.offered(places.Wish.of(first))[0]
        wish = {"attendance_id": first.id, "requested_slot_id": place.slot_id, "requested_date": place.day}
        asked = requests.request(wish, actor=actor)
        credit = ledger.grant({"admission_id": admission_id, "classes": 1, "note": "A present"}, actor=actor)
        self.place = f"{place.slot_id}:{place.day}"
        self.admission_id, self.attendance_id = admission_id, row.id
        self.arguments = {"slot_id": row.classroom_slot_id, "day": row.class_date.isoformat()}
        return {
            "Attendance": row.id,
            "RescheduleRequest": asked.id,
            "ClassCredit": credit.id,
            "AttendancePolicy": db.session.query(AttendancePolicy).filter_by(status="absent").one().id,
        }

    def _delete(self, actor: Any, teacher: Any) -> dict[str, UUID]:
        from app.services.admissions import ADMISSIONS
        from app.services.courses import COURSES, INSTRUMENTS, SLOTS
        from app.services.students import STUDENTS

        over = []
        for hour in ("19:00", "20:00"):
            slots = [courses.slot(self.taught, teacher, day, hour) for day in (TUESDAY, FRIDAY)]
            over.append(admission(slots, actor=actor).id)
        assert actions.cancel(over, actor=actor).count("ok") == 2
        self.over = over[1]
        gone = {
            INSTRUMENTS: courses.instrument().id,
            COURSES: courses.course().id,
            SLOTS: courses.slot(self.course, teacher, WEDNESDAY, "12:15").id,
            STUDENTS: student().id,
            ADMISSIONS: over[0],
        }
        for resource, key in gone.items():
            assert resource.delete is not None
            assert resource.delete([key], actor=actor).count("ok") == 1
        return {resource.model.__name__ + "View": key for resource, key in gone.items()}

    def record(self, endpoint: str) -> Any:
        """The record that an action of this view is asked for; None when it is of another domain."""
        view, _dot, method = endpoint.partition(".")
        if endpoint == "AdmissionView.delete":
            return self.over
        return self.deleted.get(view) if method == "restore" else self.keys.get(view)

    def form(self, endpoint: str) -> dict[str, Any]:
        """What the forms of this view need beside what all are sent."""
        today = school.today()
        forms: dict[str, dict[str, Any]] = {
            "Course": {"code": "CHANGED", "difficulty": "advanced", "teacher_ids": str(self.teacher_id)},
            "CoursePlan": {"duration_months": "5", "classes_per_week": "3", "price": "12.50"},
            "OperatingDay": {"open": "1"},
            "Closure": {
                "starts_on": str(today + timedelta(days=60)),
                "ends_on": str(today + timedelta(days=61)),
                "reason": "Flood",
                "remedy": "move",
            },
            "TimeSlot": {"day": "2", "start_time": "07:05", "end_time": "07:50"},
            "ClassroomSlot": {
                "course_id": str(self.course.id),
                "teacher_id": str(self.teacher_id),
                "time_slot_id": str(self.free_time.id),
                "capacity": "5",
            },
            "Student": {"birth_date": "2011-01-02", "user_id": str(self.account.id) if self.account else ""},
            "Admission": {
                "student_id": str(self.student.id),
                "course_id": str(self.taught.id),
                "plan_id": str(self.plan_id),
                "starts_on": str(today + timedelta(days=200)),  # after the last class of the one that is renewed
                "slots": [str(slot.time_slot_id) for slot in self.slots],
                "submission_key": str(uuid4()),
                "discount_type": "percent",
                "discount_value": "10",
                "extra_classes": "1",
                "classes": "2",
                "notes": "Changed",
                "first_name": "",
                "last_name": "",
                "phone": "",
                "email": "",
            },
            "Classroom": {"mark": "all"},
            "Attendance": {
                "admission_id": str(self.admission_id),
                "place": self.place,
                "classroom_slot_id": self.place.partition(":")[0],
                "class_date": self.place.partition(":")[2],
                "status": "present",
            },
            "RescheduleRequest": {
                "attendance_id": str(self.attendance_id),
                "place": self.place,
                "requested_slot_id": self.place.partition(":")[0],
                "requested_date": self.place.partition(":")[2],
                "note": "No",
            },
            "ClassCredit": {"admission_id": str(self.admission_id), "classes": "2", "note": "Changed"},
            "AttendancePolicy": {"consumes": "1"},
            "Waitlist": {
                "classroom_slot_id": str(self.full.id),
                "student_id": str(self.student.id),
                "notes": "Changed",
            },
        }
        view = endpoint.partition(".")[0].removesuffix("View").removesuffix("Api")
        return forms.get("Waitlist" if view == "WaitlistEntry" else view, {})
