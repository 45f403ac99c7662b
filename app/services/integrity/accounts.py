"""Accounts with their profiles and settings, groups, names: spec A, Accounts and profiles."""

# ruff: noqa: S608 - statements put together from parts of this package

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.extensions import db
from app.policies.accounts import SYSTEM
from app.policies.actor import Actor
from app.policies.groups import ADMIN, BUILT_IN
from app.policies.roles import Role
from app.services.accounts import groups
from app.services.integrity.invariants import Invariant, sql

AREA: Final = _l("Accounts")
SHOW_ACCOUNT: Final = ("show", "Accounts")
_LINK = "'/accounts/' || u.id AS link"
_BLANKS = "E' \\t\\r\\n\\f'"


def _trimmed(column: str) -> str:
    """A text without white space around it; nothing at all is NULL."""
    return f"nullif(btrim({column}, {_BLANKS}), '')"


def _missing(table: str) -> str:
    return f"""
        SELECT u.id::text AS key, u.username::text AS title, {_LINK}, '' AS detail
        FROM ab_user u WHERE u.username <> '{SYSTEM}' AND NOT EXISTS (SELECT FROM {table} t WHERE t.user_id = u.id)
    """


def _duplicate(table: str) -> str:
    return f"""
        SELECT u.id::text AS key, u.username::text AS title, {_LINK}, count(*)::text AS detail
        FROM {table} t JOIN ab_user u ON u.id = t.user_id GROUP BY u.id HAVING count(*) > 1
    """


def _orphaned(table: str) -> str:
    return f"""
        SELECT t.id::text AS key, 'account ' || coalesce(t.user_id::text, '?') AS title, '' AS link, '' AS detail
        FROM {table} t WHERE NOT EXISTS (SELECT FROM ab_user u WHERE u.id = t.user_id)
    """


def _add(table: str) -> str:
    return f"""
        INSERT INTO {table} (user_id) SELECT u.id FROM ab_user u
        WHERE u.username <> '{SYSTEM}' AND NOT EXISTS (SELECT FROM {table} t WHERE t.user_id = u.id)
        ORDER BY u.id ON CONFLICT DO NOTHING
    """


def _delete_orphans(table: str) -> str:
    return f"DELETE FROM {table} t WHERE NOT EXISTS (SELECT FROM ab_user u WHERE u.id = t.user_id)"


_LOCK_DUPLICATES = """
    SELECT id FROM {table} WHERE user_id IN (SELECT user_id FROM {table} GROUP BY user_id HAVING count(*) > 1)
    ORDER BY id FOR UPDATE
"""
# The newest stays; what it leaves empty comes from the newest that has it.
_MERGED = f"""
    SELECT user_id, (array_agg(id ORDER BY updated_at DESC, id))[1] AS id,
           (array_agg({_trimmed("phone")} ORDER BY updated_at DESC, id) FILTER (WHERE {_trimmed("phone")} IS NOT NULL))[1] AS phone,
           (array_agg({_trimmed("department")} ORDER BY updated_at DESC, id)
               FILTER (WHERE {_trimmed("department")} IS NOT NULL))[1] AS department,
           (array_agg({_trimmed("main_portal_id")} ORDER BY updated_at DESC, id)
               FILTER (WHERE {_trimmed("main_portal_id")} IS NOT NULL))[1] AS main_portal_id,
           (array_agg(import_id ORDER BY updated_at DESC, id) FILTER (WHERE import_id IS NOT NULL))[1] AS import_id
    FROM user_profiles GROUP BY user_id HAVING count(*) > 1 ORDER BY user_id
"""
_DROP_OTHERS = text("DELETE FROM user_profiles WHERE user_id = :user_id AND id <> :id")
_KEEP_MERGED = text("""
    UPDATE user_profiles SET phone = :phone, department = :department, main_portal_id = :main_portal_id, import_id = :import_id
    WHERE id = :id
""")


def merge_profiles(actor: Actor) -> None:
    """Make one profile of several of the same account. The others go first: they may hold its portal id."""
    db.session.execute(text(_LOCK_DUPLICATES.format(table="user_profiles")))
    merged = [dict(row) for row in db.session.execute(text(_MERGED)).mappings()]
    if merged:
        db.session.execute(_DROP_OTHERS, [{"user_id": each["user_id"], "id": each["id"]} for each in merged])
        db.session.execute(_KEEP_MERGED, [{key: each[key] for key in each if key != "user_id"} for each in merged])


_KEEP_NEWEST_SETTINGS = """
    DELETE FROM user_settings t USING (
        SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY updated_at DESC, id) AS place FROM user_settings
    ) ranked
    WHERE ranked.id = t.id AND ranked.place > 1 AND EXISTS (SELECT FROM ab_user u WHERE u.id = t.user_id)
"""
_BLANK = f"""
    p.main_portal_id <> coalesce({_trimmed("p.main_portal_id")}, '') OR p.main_portal_id = ''
    OR {_trimmed("p.phone")} IS NULL AND p.phone IS NOT NULL
    OR {_trimmed("p.department")} IS NULL AND p.department IS NOT NULL
"""
# A trimmed portal id that somebody else has stays as it is: who it belongs to is for people to say.
_TAKE_BLANKS_OFF = f"""
    UPDATE user_profiles p
    SET phone = CASE WHEN {_trimmed("p.phone")} IS NULL THEN NULL ELSE p.phone END,
        department = CASE WHEN {_trimmed("p.department")} IS NULL THEN NULL ELSE p.department END,
        main_portal_id = CASE WHEN EXISTS (
            SELECT FROM user_profiles o WHERE o.id <> p.id AND {_trimmed("o.main_portal_id")} = {_trimmed("p.main_portal_id")}
        ) THEN p.main_portal_id ELSE {_trimmed("p.main_portal_id")} END
    WHERE {_BLANK}
"""
_SHARED_PORTAL_ID = f"""
    SELECT p.id::text AS key, coalesce(u.username, '?')::text AS title, '/accounts/' || p.user_id AS link,
           {_trimmed("p.main_portal_id")} AS detail
    FROM user_profiles p LEFT JOIN ab_user u ON u.id = p.user_id
    WHERE {_trimmed("p.main_portal_id")} IS NOT NULL AND EXISTS (
        SELECT FROM user_profiles o WHERE o.user_id <> p.user_id AND {_trimmed("o.main_portal_id")} = {_trimmed("p.main_portal_id")})
"""
_SHARED_NAME = f"""
    SELECT u.id::text AS key, u.username::text AS title, {_LINK}, u.email::text AS detail FROM ab_user u WHERE EXISTS (
        SELECT FROM ab_user o WHERE o.id <> u.id AND lower(o.username) = lower(u.username)
    ) OR EXISTS (SELECT FROM ab_user o WHERE o.id <> u.id AND lower(o.email) = lower(u.email))
"""
_HOLDS = """
    EXISTS (SELECT FROM ab_user_role ur JOIN ab_role r ON r.id = ur.role_id WHERE ur.user_id = u.id AND r.name = :role
            UNION ALL SELECT FROM ab_user_group ug JOIN ab_group_role gr ON gr.group_id = ug.group_id
            JOIN ab_role r ON r.id = gr.role_id WHERE ug.user_id = u.id AND r.name = :role)
"""
_OUTSIDE = f"""
    SELECT u.id::text AS key, u.username::text AS title, {_LINK}, '' AS detail FROM ab_user u
    WHERE u.username <> '{SYSTEM}' AND {_HOLDS} AND NOT EXISTS (
        SELECT FROM ab_user_group ug JOIN ab_group g ON g.id = ug.group_id WHERE ug.user_id = u.id AND g.name = :group)
"""
_NO_SUPER_ADMIN = f"""
    SELECT 'none' AS key, CAST(:role AS text) AS title, '' AS link, '' AS detail
    WHERE NOT EXISTS (SELECT FROM ab_user u WHERE u.active AND {_HOLDS})
"""
_GROUP_WITHOUT_ROLE = """
    SELECT b.name || ': ' || b.role AS key, b.name AS title, '/groups/' || g.id AS link, b.role AS detail
    FROM unnest(CAST(:names AS text[]), CAST(:roles AS text[])) AS b (name, role) LEFT JOIN ab_group g ON g.name = b.name
    WHERE NOT EXISTS (SELECT FROM ab_group_role gr JOIN ab_role r ON r.id = gr.role_id
                      WHERE gr.group_id = g.id AND r.name = b.role)
"""


def _built_in() -> Mapping[str, Any]:
    pairs = [(name, role.value) for name, group in BUILT_IN.items() for role in group.roles]
    return {"names": [name for name, _role in pairs], "roles": [role for _name, role in pairs]}


def _put_in_group(actor: Actor) -> None:
    groups.assign_super_users(actor=actor)


def _set_up_groups(actor: Actor) -> None:
    groups.set_up()


# What `registrar users fix-user-profiles` looks after, in the order in which it repairs.
PROFILES: Final = (
    Invariant(
        "profile_orphaned",
        AREA,
        _l("A profile belongs to an account"),
        _l("Profiles whose account does not exist."),
        _orphaned("user_profiles"),
        SHOW_ACCOUNT,
        _l("They are deleted. Their content stays in the row history."),
        sql(_delete_orphans("user_profiles")),
    ),
    Invariant(
        "profile_duplicate",
        AREA,
        _l("An account has one profile"),
        _l("Accounts with more than one profile."),
        _duplicate("user_profiles"),
        SHOW_ACCOUNT,
        _l("The newest stays and takes over what only the others say. Their content stays in the row history."),
        merge_profiles,
    ),
    Invariant(
        "profile_missing",
        AREA,
        _l("An account has a profile"),
        _l("Accounts without a profile, such as old ones."),
        _missing("user_profiles"),
        SHOW_ACCOUNT,
        _l("They get an empty one."),
        sql(_add("user_profiles")),
    ),
    Invariant(
        "profile_blank",
        AREA,
        _l("A blank is no value"),
        _l("Profiles with a portal id, phone or department of nothing but blanks, or blanks around a portal id."),
        f"""
            SELECT p.id::text AS key, coalesce(u.username, '?')::text AS title, '/accounts/' || p.user_id AS link,
                   coalesce(quote_literal(p.main_portal_id), '') AS detail
            FROM user_profiles p LEFT JOIN ab_user u ON u.id = p.user_id WHERE {_BLANK}
        """,
        SHOW_ACCOUNT,
        _l("Blanks become no value, and are taken off at both ends, unless another account has that portal id."),
        sql(_TAKE_BLANKS_OFF),
    ),
    Invariant(
        "portal_id_shared",
        AREA,
        _l("A portal id belongs to one account"),
        _l("Accounts with the same portal id."),
        _SHARED_PORTAL_ID,
        SHOW_ACCOUNT,
        _l("Find out whose it is, and take it from the others."),
    ),
    Invariant(
        "settings_orphaned",
        AREA,
        _l("Settings belong to an account"),
        _l("Settings whose account does not exist."),
        _orphaned("user_settings"),
        SHOW_ACCOUNT,
        _l("They are deleted. Their content stays in the row history."),
        sql(_delete_orphans("user_settings")),
    ),
    Invariant(
        "settings_duplicate",
        AREA,
        _l("An account has its settings once"),
        _l("Accounts with settings more than once."),
        _duplicate("user_settings"),
        SHOW_ACCOUNT,
        _l("The newest stay. The content of the others stays in the row history."),
        sql(_LOCK_DUPLICATES.format(table="user_settings"), _KEEP_NEWEST_SETTINGS),
    ),
    Invariant(
        "settings_missing",
        AREA,
        _l("An account has settings"),
        _l("Accounts without settings, such as old ones."),
        _missing("user_settings"),
        SHOW_ACCOUNT,
        _l("They get the usual ones."),
        sql(_add("user_settings")),
    ),
)
ACCOUNTS: Final = (
    *PROFILES,
    Invariant(
        "name_shared",
        AREA,
        _l("A username or e-mail address belongs to one account"),
        _l("Accounts whose username or e-mail address differs from another's by capitals only, or not at all."),
        _SHARED_NAME,
        SHOW_ACCOUNT,
        _l("Give one of them another."),
    ),
    Invariant(
        "group_without_role",
        AREA,
        _l("A built-in group is there and carries its role"),
        _l("Built-in groups that are missing, or lack the role that they are for."),
        _GROUP_WITHOUT_ROLE,
        ("show", "Groups"),
        _l("They are made again, as registrar users setup-groups does."),
        _set_up_groups,
        values=_built_in,
    ),
    Invariant(
        "super_admin_outside",
        AREA,
        _l("A Super Admin is in the group Admin"),
        _l("Super Admins who are not in it."),
        _OUTSIDE,
        SHOW_ACCOUNT,
        _l("They are put in, as registrar users assign-superuser-groups does."),
        _put_in_group,
        warning=True,
        values=lambda: {"role": Role.SUPER_ADMIN.value, "group": ADMIN},
    ),
    Invariant(
        "super_admin_missing",
        AREA,
        _l("There is an active Super Admin"),
        _l("Nobody can look after admins, roles and groups."),
        _NO_SUPER_ADMIN,
        SHOW_ACCOUNT,
        _l("Make one: registrar users create NAME --role 'Super Admin'"),
        warning=True,
        values=lambda: {"role": Role.SUPER_ADMIN.value},
    ),
)
