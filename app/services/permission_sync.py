"""Roles and permissions in the database, made to match the code. Only differences are written.

Flask-AppBuilder's own way asks the database for every permission of every view and leaves some out. A second
run of this one writes nothing, so that no process has to read its permissions again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    ViewMenu,
    assoc_permissionview_role,
)
from sqlalchemy import Column, Table, delete, insert, select

from app.extensions import db
from app.models.access import Role as RoleRow
from app.policies.roles import GRANTS, Role
from app.services.resource import LOOKUPS
from app.services.transaction import transactional

Pair = tuple[str, str]  # ("can_list", "Leads")

PERMISSIONS, VIEWS, PAIRS, ROLES = (model.__table__ for model in (Permission, ViewMenu, PermissionView, RoleRow))


class DeploymentError(Exception):
    """The database cannot be made to fit the code; the message says why and what to do."""


class UnknownGrantError(DeploymentError):
    """The table of roles grants what no screen or API has; the message names it."""


def declared(appbuilder: Any) -> frozenset[Pair]:
    """Every permission that the application's views, APIs, lookups and menu have."""
    pairs = {
        (permission, view.class_permission_name)
        for view in appbuilder.baseviews
        for permission in view.base_permissions or ()
    }
    lookups = {(f"can_{lookup.permission[0]}", lookup.permission[1]) for lookup in LOOKUPS.values()}
    categories = appbuilder.menu.get_list()
    items = [*categories, *(item for category in categories for item in category.childs)]
    return frozenset(pairs | lookups | {("menu_access", item.name) for item in items if item.name != "-"})


def unknown_grants(pairs: Collection[Pair]) -> list[str]:
    """What the table of roles grants although nothing has it, in words."""
    missing = {pair for role in GRANTS for pair in granted(role)} - set(pairs)
    return [f"{permission} on {view}" for permission, view in sorted(missing)]


def granted(role: Role) -> set[Pair]:
    """The pairs that the table of roles gives a role."""
    return {(f"can_{word}", view) for view, words in GRANTS[role].items() for word in words}


@transactional
def sync(pairs: frozenset[Pair]) -> list[str]:
    """Make roles, permissions and grants as the code says, and return what changed, in words.

    Roles that an admin made by hand keep what they have, as far as it still exists. Raises UnknownGrantError.
    """
    if missing := unknown_grants(pairs):
        raise UnknownGrantError(f"The table of roles grants what does not exist: {', '.join(missing)}.")
    done = _add_names(ROLES, {role.value for role in Role}, "role")
    done += _sync_pairs(pairs)
    for role in Role:
        done += _sync_grants(role.value, set(pairs) if role is Role.SUPER_ADMIN else granted(role))
    return done


def _sync_pairs(pairs: frozenset[Pair]) -> list[str]:
    existing = _pair_ids()
    new, gone = sorted(pairs - existing.keys()), sorted(existing.keys() - pairs)
    _delete(PAIRS.c.id, [existing[pair] for pair in gone])  # their grants go with them
    _delete_names(PERMISSIONS, {name for name, _ in pairs})
    _delete_names(VIEWS, {name for _, name in pairs})
    _add_names(PERMISSIONS, {name for name, _ in pairs})
    _add_names(VIEWS, {name for _, name in pairs})
    permissions, views = _ids(PERMISSIONS), _ids(VIEWS)
    _insert(PAIRS, [{"permission_id": permissions[name], "view_menu_id": views[view]} for name, view in new])
    return _said(new, "permission {} added") + _said(gone, "permission {} removed")


def _sync_grants(role: str, wanted: set[Pair]) -> list[str]:
    role_id, pair_ids = _ids(ROLES)[role], _pair_ids()
    link = assoc_permissionview_role
    held = set(db.session.scalars(select(link.c.permission_view_id).where(link.c.role_id == role_id)))
    names = {pair_id: pair for pair, pair_id in pair_ids.items()}
    wanted_ids = {pair_ids[pair] for pair in wanted}
    new, gone = sorted(wanted_ids - held), sorted(held - wanted_ids)
    _insert(link, [{"permission_view_id": pair_id, "role_id": role_id} for pair_id in new])
    if gone:
        db.session.execute(delete(link).where(link.c.role_id == role_id, link.c.permission_view_id.in_(gone)))
    return _said(sorted(names[pair_id] for pair_id in new), f"{role} may now {{}}") + _said(
        sorted(names[pair_id] for pair_id in gone), f"{role} may no longer {{}}"
    )


def _said(pairs: Iterable[Pair], sentence: str) -> list[str]:
    return [sentence.format(f"{permission} on {view}") for permission, view in pairs]


def _pair_ids() -> dict[Pair, int]:
    statement = (
        select(PERMISSIONS.c.name, VIEWS.c.name, PAIRS.c.id)
        .join(PERMISSIONS, PERMISSIONS.c.id == PAIRS.c.permission_id)
        .join(VIEWS, VIEWS.c.id == PAIRS.c.view_menu_id)
    )
    return {(permission, view): pair_id for permission, view, pair_id in db.session.execute(statement)}


def _ids(table: Table) -> dict[str, int]:
    return dict(db.session.execute(select(table.c.name, table.c.id)).all())


def _add_names(table: Table, names: set[str], kind: str = "") -> list[str]:
    new = sorted(names - _ids(table).keys())
    _insert(table, [{"name": name} for name in new])
    return [f"{kind} {name} added" for name in new] if kind else []


def _delete_names(table: Table, kept: set[str]) -> None:
    _delete(table.c.id, [key for name, key in _ids(table).items() if name not in kept])


# An empty statement would still fire the trigger that makes every process read its permissions again.
def _insert(table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        db.session.execute(insert(table), rows)


def _delete(key: Column[int], ids: Collection[int]) -> None:
    if ids:
        db.session.execute(delete(key.table).where(key.in_(ids)))
