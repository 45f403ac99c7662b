"""What a group is to people: attributes, inputs, actions."""

from __future__ import annotations

from typing import Annotated, Any

from flask_appbuilder.security.sqla.models import assoc_group_role, assoc_user_group
from flask_babel import lazy_gettext as _l
from pydantic import Field
from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import selectinload

from app.models.access import Group, Role
from app.policies import accounts as rules
from app.policies.actor import Actor
from app.policies.groups import BUILT_IN
from app.services.accounts import groups
from app.services.accounts.inputs import Blank, Stored
from app.services.inputs import Input
from app.services.resource import Action, Attribute, Kind, Lookup, Part, Resource, register, register_lookup

LABELS = {
    "name": _l("Name"),
    "description": _l("Description"),
    "roles": _l("Roles"),
    "members": _l("Members"),
    "built_in": _l("Built in"),
    "user_id": _l("Account"),
}
ROLE_NAMES = (
    select(func.coalesce(func.string_agg(Role.name, ", ").aggregate_order_by(Role.name), ""))
    .join(assoc_group_role, assoc_group_role.c.role_id == Role.id)
    .where(assoc_group_role.c.group_id == Group.id)
    .correlate(Group)
    .scalar_subquery()
)
MEMBERS = (
    select(func.count())
    .select_from(assoc_user_group)
    .where(assoc_user_group.c.group_id == Group.id)
    .correlate(Group)
    .scalar_subquery()
)


class GroupInput(Input):
    name: Annotated[str, Field(min_length=1, max_length=100), Stored]
    description: Annotated[str | None, Field(max_length=512), Blank, Stored] = None
    roles: list[str] = []


class Member(Input):
    user_id: Annotated[int, Field(ge=1, le=2**31 - 1)]


def _groups(actor: Actor) -> Select[Any]:
    columns = (Group.id, Group.name, func.coalesce(Group.description, literal("")))
    return select(*columns).order_by(Group.name)


GROUPS_LOOKUP = register_lookup(Lookup("groups", ("lookup", "Groups"), _groups, Group.name, Group.id, "groups"))


def _may(actor: Actor, group: Any) -> Any:
    return rules.may_change_groups(actor)


GROUPS = register(
    Resource(
        name="Groups",
        slug="groups",
        model=Group,
        singular=_l("Group"),
        plural=_l("Groups"),
        title=lambda group: str(group.name),
        attributes=(
            Attribute("name", LABELS["name"], Kind.TEXT, Group.name, sortable=True),
            Attribute("description", LABELS["description"], Kind.TEXT, Group.description, nullable=True),
            Attribute("roles", LABELS["roles"], Kind.TEXT, ROLE_NAMES),
            Attribute("members", LABELS["members"], Kind.NUMBER, MEMBERS),
            Attribute("built_in", LABELS["built_in"], Kind.BOOL, Group.name.in_(BUILT_IN)),
        ),
        search=func.search_fold(Group.name + " " + func.coalesce(Group.description, "")),
        search_help=_l("Name or description"),
        default_sort="name",
        input=GroupInput,
        labels=LABELS,
        relations={"user_id": "accounts", "role_id": "roles"},
        parts=(
            Part("ab_group_role", "group_id", _l("Role"), {"role_id": _l("Role")}),
            Part("ab_user_group", "group_id", _l("Member"), {"user_id": LABELS["user_id"]}),
        ),
        create=groups.create,
        update=groups.update,
        delete=groups.delete,
        edit_rule=_may,
        actions=(
            Action("add_member", _l("Add a member"), groups.add_member, _may, Member, icon="user-check", bulk=False),
            Action(
                "remove_member", _l("Take out a member"), groups.remove_member, _may, Member, icon="user-x", bulk=False
            ),
        ),
        load=(selectinload(Group.roles), selectinload(Group.users)),
        icon="users",
        title_columns=(Group.name,),
        small=True,
    )
)
