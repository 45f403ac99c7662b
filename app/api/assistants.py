"""REST of applications and assistants: what they can help with, and when."""

from __future__ import annotations

from typing import Any

from app.api import bodies, schemas
from app.api.base import RecordApi
from app.api.base.writing import IF_MATCH, read_version
from app.api.represent import mapping
from app.api.routes import PREFIX, Api, route
from app.models.assistants import HelpDeskAssistant
from app.services.assistants import ASSISTANTS, REGISTRATIONS, own, records
from app.services.assistants.records import Plan
from app.services.assistants.schemas import AvailabilityInput, PlanInput
from app.web import current_actor

PERIOD = schemas.an_object(
    day_of_week={"type": "integer", "minimum": 0, "maximum": 6, "description": "0 is Monday."},
    start_time=schemas.TIME,
    end_time=schemas.TIME,
)
PLAN = {
    "course_ids": {"type": "array", "items": schemas.UUID_},
    "availability": {"type": "array", "items": PERIOD},
}
AMOUNT = schemas.of_type(HelpDeskAssistant.rate.type.python_type)
MINE = schemas.an_object(
    id=schemas.UUID_,
    student_id=schemas.UUID_,
    active=schemas.BOOL,
    rate=AMOUNT,
    hours_minimum=AMOUNT,
    hours_maximum=AMOUNT,
    hours_worked=AMOUNT,
    updated_at=schemas.MOMENT,
    **PLAN,
)
OWN = ("id", "student_id", "active", "rate", "hours_minimum", "hours_maximum", "hours_worked", "updated_at")


class RegistrationApi(RecordApi):
    resource = REGISTRATIONS
    more = ("user_id", "assistant_id")
    detail_schemas = PLAN

    def details(self, key: Any) -> dict[str, Any]:
        """With what the applicant says; it is deleted with the decision."""
        return super().details(key) | _plan(records.plan_of_registration(key))


class AssistantApi(RecordApi):
    resource = ASSISTANTS
    detail_schemas = PLAN

    def details(self, key: Any) -> dict[str, Any]:
        return super().details(key) | _plan(records.plan_of(key))

    @route(
        "PATCH",
        "/<pk>/plan",
        "Change what an assistant can help with, and when",
        needs="edit",
        body=PlanInput,
        answer=schemas.record,
        parameters=(IF_MATCH,),
        others=(404, 409),
    )
    def change_plan(self, pk: str) -> Any:
        """What is given replaces all that there was; what is not given stays as it is."""
        key = self.key(pk)
        records.update_plan(key, bodies.read(PlanInput, change=True), actor=current_actor(), version=read_version())
        return self.answer(self.item(key))


class OwnAssistantApi(Api):
    route_base = f"{PREFIX}/me/assistant"
    class_permission_name = "My assistant page"

    @route("GET", "", "Oneself as an assistant", needs="show", answer=MINE, others=(404,))
    def show(self) -> Any:
        return _mine(own.find(current_actor()))

    @route(
        "PUT",
        "/availability",
        "Say when one can help",
        needs="edit",
        body=AvailabilityInput,
        answer=MINE,
        parameters=(IF_MATCH,),
        others=(404, 409),
    )
    def set_availability(self) -> Any:
        values = bodies.read(AvailabilityInput)
        return _mine(own.set_availability(values["availability"], actor=current_actor(), version=read_version()))


def _mine(found: HelpDeskAssistant) -> Any:
    item = mapping({name: getattr(found, name) for name in OWN}) | _plan(records.plan_of(found.id))
    return item, 200, {"ETag": f'"{item["updated_at"]}"'}


def _plan(plan: Plan) -> dict[str, Any]:
    names = ("day_of_week", "start_time", "end_time")
    return {
        "course_ids": [str(each.id) for each in plan.courses],
        "availability": [mapping({name: getattr(each, name) for name in names}) for each in plan.availability],
    }
