"""Rules between rows: of one file, of several, and with what is stored. Each is a query for the rows that break it."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from app.models.imports import IssueKind
from app.services.errors import Text
from app.services.import_run import Issues
from app.services.oneroster.importing.archive import Bundle, fault
from app.services.oneroster.importing.references import rows_of
from app.services.oneroster.importing.targets import ORG_IDENTIFIER, ORGS, SESSIONS, TARGETS, USERS, Target

# A row that is not to be deleted.
LIVE = "status IS DISTINCT FROM 'tobedeleted'"

HIGHEST = 100  # rows above each other
# The roles that users will have: those of the bundle, and, unless it has all of them, those that are stored.
ROLES = f"""
    SELECT line, "userSourcedId" AS user_id, "orgSourcedId" AS org_id, "roleType" AS role_type, role
    FROM stage_roles WHERE {LIVE}
    UNION ALL
    SELECT NULL, u.sourced_id, o.sourced_id, r.role_type, r.role
    FROM oneroster_roles r JOIN oneroster_users u ON u.id = r.oneroster_user_id
    JOIN organizations o ON o.id = r.organization_id
    WHERE :roles <> 'bulk' AND r.status = 'active'
      AND NOT EXISTS (SELECT FROM stage_roles s WHERE s."sourcedId" = r.sourced_id)
"""


@dataclass(frozen=True)
class Rule:
    """A query for line and value of the rows that break it; it may use :roles, :users, :orgs, the modes of those files,
    and :source. `version` limits it to one.
    """

    file: str
    column: str
    query: str
    rule: Text
    fix: Text
    version: str = ""


def _unreached(target: Target) -> str:
    """A query for the rows that are not found by going down from those without a parent. In this direction each row is
    met once, however deep; a delta is looked at together with what is stored.
    """
    return f"""
        WITH RECURSIVE parents AS MATERIALIZED (
            SELECT DISTINCT ON (id) id, parent FROM (
                SELECT 0, "sourcedId", "parentSourcedId" FROM {target.stage} WHERE {LIVE}
                UNION ALL
                SELECT 1, t.sourced_id, p.sourced_id FROM {target.table} t LEFT JOIN {target.table} p ON p.id = t.parent_id
            ) each (turn, id, parent) ORDER BY id, turn
        ), reached (id, height) AS (
            SELECT id, 1 FROM parents c WHERE NOT EXISTS (SELECT FROM parents p WHERE p.id = c.parent)
            UNION ALL
            SELECT c.id, height + 1 FROM reached JOIN parents c ON c.parent = reached.id WHERE height < {HIGHEST}
        )
        SELECT s.line, s."parentSourcedId" FROM {target.stage} s
        WHERE s.{LIVE} AND NOT EXISTS (SELECT FROM reached r WHERE r.id = s."sourcedId")"""


RULES = (
    Rule(
        "users.csv",
        "sourcedId",
        f"""SELECT s.line, s."sourcedId" FROM stage_users s WHERE {LIVE}
            AND NOT EXISTS (SELECT FROM ({ROLES}) r WHERE r.user_id = s."sourcedId")""",
        _l("The user has no role in roles.csv."),
        _l("Add a row with the roleType primary."),
        "1.2",
    ),
    Rule(
        "roles.csv",
        "roleType",
        f"""SELECT line, user_id FROM (
                SELECT line, user_id, bool_or(role_type = 'primary') OVER (PARTITION BY user_id, org_id) AS has_primary
                FROM ({ROLES}) r) counted
            WHERE NOT has_primary AND line IS NOT NULL""",
        _l("The user has no primary role at this organization."),
        _l("Make one of the roles primary."),
    ),
    Rule(
        "roles.csv",
        "roleType",
        f"""SELECT line, user_id FROM (
                SELECT line, user_id, count(*) OVER (PARTITION BY user_id, org_id) AS count
                FROM ({ROLES}) r WHERE role_type = 'primary') counted
            WHERE count > 1 AND line IS NOT NULL""",
        _l("The user has more than one primary role at this organization."),
        _l("Make all but one of them secondary."),
    ),
    Rule(
        "users.csv",
        "primaryOrgSourcedId",
        f"""SELECT s.line, s."primaryOrgSourcedId" FROM stage_users s WHERE s."primaryOrgSourcedId" IS NOT NULL AND {LIVE}
            AND NOT EXISTS (SELECT FROM ({ROLES}) r
                            WHERE r.user_id = s."sourcedId" AND r.org_id = s."primaryOrgSourcedId")""",
        _l("The user has no role at the primary organization."),
        _l("Add a row to roles.csv, or name another organization."),
        "1.2",
    ),
    Rule(
        "users.csv",
        "username",
        f"""SELECT line, username FROM (
                SELECT line, username, count(*) OVER (PARTITION BY lower(username)) AS count FROM stage_users WHERE {LIVE}
            ) counted WHERE count > 1""",
        _l("Another user of the file has the same username."),
        _l("Usernames must differ, in more than capitals."),
    ),
    Rule(
        "users.csv",
        "username",
        f"""SELECT s.line, s.username FROM stage_users s JOIN oneroster_users t ON lower(t.username) = lower(s.username)
            WHERE s.{LIVE} AND t.status = 'active' AND t.sourced_id <> s."sourcedId"
              AND NOT EXISTS (SELECT FROM stage_users o WHERE o."sourcedId" = t.sourced_id)
              AND NOT coalesce(:users = 'bulk' AND t.source_system = :source, false)""",
        _l("Another user who is stored here has this username."),
        _l("Give one of the two another username."),
    ),
    Rule(
        "users.csv",
        "identifier",
        f"""SELECT s.line, s.identifier FROM stage_users s JOIN students m ON m.student_unique_id = s.identifier
            WHERE s.{LIVE} AND m.deleted_at IS NULL AND lower(m.last_name) <> lower(s."familyName")
              AND (s.role = 'student'
                   OR EXISTS (SELECT FROM ({ROLES}) r WHERE r.user_id = s."sourcedId" AND r.role = 'student'))
              AND NOT EXISTS (SELECT FROM oneroster_users t
                              WHERE t.student_id = m.id
                                 OR (t.sourced_id = s."sourcedId" AND t.student_id IS NOT NULL))""",
        _l("A student with another last name has this student number."),
        _l("Correct the number or the name: the number tells who it is."),
    ),
    Rule(
        "orgs.csv",
        "identifier",
        f"""SELECT line, identifier FROM (
                SELECT s.line, {ORG_IDENTIFIER} AS identifier, count(*) OVER (PARTITION BY lower({ORG_IDENTIFIER})) AS count
                FROM stage_orgs s WHERE s.{LIVE}) counted WHERE count > 1""",
        _l("Another organization of the file has the same identifier."),
        _l("Give each its own, or none."),
    ),
    Rule(
        "orgs.csv",
        "identifier",
        f"""SELECT s.line, {ORG_IDENTIFIER} FROM stage_orgs s JOIN organizations t ON lower(t.identifier) = lower({ORG_IDENTIFIER})
            WHERE s.{LIVE} AND t.deleted_at IS NULL AND t.sourced_id <> s."sourcedId"
              AND NOT EXISTS (SELECT FROM stage_orgs o WHERE o."sourcedId" = t.sourced_id)
              AND NOT coalesce(:orgs = 'bulk' AND t.source_system = :source, false)""",
        _l("An organization that is stored here has this identifier, and another sourcedId."),
        _l("Use its sourcedId, or correct the identifier of one of them."),
    ),
    Rule(
        "enrollments.csv",
        "primary",
        f"""SELECT line, "classSourcedId" FROM (
                SELECT line, "classSourcedId", count(*) OVER (PARTITION BY "classSourcedId") AS count
                FROM stage_enrollments WHERE role = 'teacher' AND "primary" = 'true' AND {LIVE}) counted
            WHERE count > 1""",
        _l("The class has more than one primary teacher."),
        _l("Write true for one of them and false for the others."),
    ),
    *(
        Rule(
            target.file,
            "parentSourcedId",
            _unreached(target),
            _l("The parents above it go round in a circle, or are too many."),
            _l("Correct the parent of one of them."),
        )
        for target in (ORGS, SESSIONS)
    ),
    *(
        Rule(
            file,
            "sourcedId",
            f"""SELECT s.line, s."sourcedId" FROM {stage} s JOIN {stored} t ON t.sourced_id = s."sourcedId"
                WHERE t.source_system IS NOT NULL AND t.source_system <> :source""",
            _l("Another system has brought the record with this sourcedId."),
            _l("Name that system in the manifest, or use another sourcedId."),
        )
        for file, stage, stored in (
            *((target.file, target.stage, target.table) for target in TARGETS),
            ("demographics.csv", "stage_demographics", USERS.table),
        )
    ),
    *(
        Rule(
            file,
            column,
            f"""SELECT s.line, s."{column}" FROM {stage} s JOIN {own} o ON o.sourced_id = s."{column}"
                WHERE s.{LIVE} AND NOT EXISTS (SELECT FROM {mine} m WHERE m.sourced_id = s."sourcedId")""",
            _l("This belongs to the school's own classes, which are kept here and not by bundles."),
            _l("Leave the row out; enter it in the classroom."),
        )
        for file, column, stage, own, mine in (
            ("classes.csv", "courseSourcedId", "stage_classes", "own_courses", "own_classes"),
            ("enrollments.csv", "classSourcedId", "stage_enrollments", "own_classes", "own_enrollments"),
        )
    ),
)


def check(bundle: Bundle, issues: Issues) -> None:
    """Add a fault for each row that breaks a rule."""
    modes = {name.removesuffix(".csv"): bundle.modes.get(name, "absent") for name in bundle.standard.files}
    values = {"roles": modes.get("roles", "absent"), "users": modes["users"], "orgs": modes["orgs"]}
    for rule in RULES:
        if not issues.full and rule.file in bundle.modes and rule.version in ("", bundle.standard.version):
            for line, value in rows_of(f"{rule.query} ORDER BY 1", source=bundle.source, **values):
                if issues.full:
                    return
                found = fault(rule.file, str(rule.rule), str(rule.fix), value, line, rule.column)
                issues.add(IssueKind.INVALID, found)
