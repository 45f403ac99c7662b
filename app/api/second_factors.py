"""REST of second factors: which roles need one."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from app.api import bodies, schemas
from app.api.routes import PREFIX, Api, route
from app.services import second_factor
from app.services.inputs import Input
from app.web import current_actor

ROLES = schemas.an_object(roles={"type": "array", "items": schemas.TEXT})


class RequiredRoles(Input):
    """All roles whose holders need a second factor."""

    roles: Annotated[list[str], Field(max_length=1000)]


class SecondFactorApi(Api):
    route_base = f"{PREFIX}/second-factors"
    class_permission_name = "Second factors"

    @route("GET", "", "Which roles need a second factor", needs="edit", answer=ROLES)
    def show(self) -> Any:
        return {"roles": second_factor.required_roles()}

    @route("PUT", "", "Say which roles need a second factor", needs="edit", body=RequiredRoles, answer=ROLES)
    def change(self) -> Any:
        """Who has none yet sets it up at the next login."""
        return {"roles": second_factor.require(bodies.read(RequiredRoles)["roles"], actor=current_actor())}
