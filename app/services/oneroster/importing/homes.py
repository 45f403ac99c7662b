"""Where users are and what they are there: of 1.2, roles.csv tells, together with the roles that are stored."""

from __future__ import annotations

from app.services.oneroster.importing.archive import Bundle
from app.services.oneroster.importing.rules import ROLES
from app.services.oneroster.importing.writing import run

# The organizations of a user, the primary one first, and the primary role there.
_HOMES = """
    CREATE TEMPORARY TABLE user_homes ON COMMIT DROP AS
    SELECT found.user_id, found.org_ids,
           (SELECT r.role FROM user_roles r
            WHERE r.user_id = found.user_id AND r.org_id = found.org_ids ->> 0 AND r.role_type = 'primary' LIMIT 1) AS role
    FROM (
        SELECT o.user_id, jsonb_agg(o.org_id ORDER BY o.org_id IS DISTINCT FROM p.org_id, o.org_id COLLATE "C") AS org_ids
        FROM (SELECT DISTINCT user_id, org_id FROM user_roles) o
        LEFT JOIN (
            SELECT k.sourced_id, CASE WHEN s."sourcedId" IS NULL THEN t.org_ids ->> 0 ELSE s."primaryOrgSourcedId" END AS org_id
            FROM keys_users k LEFT JOIN stage_users s ON s."sourcedId" = k.sourced_id
            LEFT JOIN oneroster_users t ON t.id = k.id
        ) p ON p.sourced_id = o.user_id
        GROUP BY o.user_id
    ) found
"""
# Users of the system whose roles changed without a row of their own in users.csv.
_REFRESH = """
    UPDATE oneroster_users t SET org_ids = h.org_ids, role = h.role FROM user_homes h
    WHERE h.user_id = t.sourced_id AND t.source_system = :source AND h.role IS NOT NULL
      AND (t.org_ids, t.role::text) IS DISTINCT FROM (h.org_ids, h.role::text)
"""


def gather(bundle: Bundle) -> None:
    """Make the table `user_roles`, of all roles that users will have; in 1.1 it is empty, as users.csv tells it itself."""
    run(f"CREATE TEMPORARY TABLE user_roles ON COMMIT DROP AS SELECT * FROM ({ROLES}) r", roles=_mode(bundle))
    run("CREATE INDEX ON user_roles (user_id)")
    run("ANALYZE user_roles")


def find() -> None:
    """Make the table `user_homes` of these roles."""
    run(_HOMES)
    run("ANALYZE user_homes")


def refresh(bundle: Bundle) -> None:
    """Bring the stored users in line with their roles, once those are written."""
    if "roles.csv" in bundle.modes:
        run(_REFRESH, source=bundle.source)


def _mode(bundle: Bundle) -> str:
    """1.1 knows no roles.csv: what is stored of it is of no account."""
    return "bulk" if bundle.standard.version == "1.1" else bundle.modes.get("roles.csv", "absent")
