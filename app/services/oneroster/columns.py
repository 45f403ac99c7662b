"""How the columns of OneRoster's files are read from our views, as SQL. The views have the standard's names and hold values
with their types; here they become the text of a cell.
"""

from __future__ import annotations

from typing import Final, Literal

from app.services.oneroster.standard import STANDARDS, Column, File

Version = Literal["1.1", "1.2"]
ExportMode = Literal["bulk", "delta"]

# File -> the view that holds its rows.
VIEWS: Final = {
    "academicSessions.csv": "oneroster_v_academic_sessions",
    "classes.csv": "oneroster_v_classes",
    "courses.csv": "oneroster_v_courses",
    "demographics.csv": "oneroster_v_demographics",
    "enrollments.csv": "oneroster_v_enrollments_all",
    "orgs.csv": "oneroster_v_orgs",
    "roles.csv": "oneroster_v_roles",
    "users.csv": "oneroster_v_users",
}
NOT_KEPT: Final = {"password", "userProfileSourcedId"}  # columns that are always empty

# Roles that one version has and the other lacks. 1.1 says parent for whoever stands for a student.
ROLES: Final[dict[Version, dict[str, str]]] = {
    "1.1": {
        "guardian": "parent",
        "counselor": "aide",
        "principal": "administrator",
        "districtAdministrator": "administrator",
        "siteAdministrator": "administrator",
        "systemAdministrator": "administrator",
    },
    "1.2": {"administrator": "siteAdministrator"},
}
_TRANSLATED: Final = {"roles.csv", "users.csv"}  # the roles of enrollments are the same in both
SEXES_OF_11: Final = ("male", "female")  # the others are left blank

_MOMENT: Final = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
# All at once: looking them up user by user costs as much as all the rest.
_AGENTS: Final = """LEFT JOIN (
    SELECT "userSourcedId" AS owner, string_agg("agentSourcedId", ',' ORDER BY "agentSourcedId" COLLATE "C") AS agents
    FROM oneroster_v_agents GROUP BY "userSourcedId") AS of_user ON of_user.owner = source."sourcedId\""""


def exported(version: Version) -> list[File]:
    """The files of a version that we have rows for."""
    return [file for name, file in STANDARDS[version].files.items() if name in VIEWS]


def rows(file: File, version: Version, mode: ExportMode) -> str:
    """The statement that selects the rows of a file: of a bulk file those that are there, of a delta all that changed at
    the parameter `since` or after it: a row has the moment at which its transaction began.
    """
    cells = ", ".join(f'{_cell(file, column, version, mode)} AS "{column.name}"' for column in file.columns)
    where = "source.status = 'active'" if mode == "bulk" else 'source."dateLastModified" >= %(since)s'
    join = _AGENTS if file.name == "users.csv" else ""
    return (
        f"SELECT {cells} FROM {VIEWS[file.name]} AS source {join} WHERE {where}"  # noqa: S608 - names of the standard
        ' ORDER BY source."sourcedId" COLLATE "C"'
    )


def role_of(file: File, version: Version) -> str:
    """The SQL of the role in the rows of a file."""
    return role(version, "source.role") if file.name in _TRANSLATED else "source.role"


def role(version: Version, sql: str) -> str:
    """The SQL of a user's role under the name that the version has for it."""
    words = " ".join(f"WHEN '{ours}' THEN '{theirs}'" for ours, theirs in ROLES[version].items())
    return f"(CASE {sql} {words} ELSE {sql} END)"


def _cell(file: File, column: Column, version: Version, mode: ExportMode) -> str:
    name = f'source."{column.name}"'
    if column.name in NOT_KEPT or (mode == "bulk" and column.required == "delta"):
        return "NULL"
    if column.type == "datetime":
        return _MOMENT.format(name)
    if column.name == "role":
        return role_of(file, version)
    if column.name == "agentSourcedIds":
        return "of_user.agents"
    if column.name == "sex" and version == "1.1":
        return f"CASE WHEN source.sex IN {SEXES_OF_11} THEN source.sex END"
    if column.is_list:
        return _list(column, name)
    if column.is_boolean:
        return f"{name}::text"
    return f"nullif({name}, '')" if column.type in ("string", "userIds") else name


def _list(column: Column, name: str) -> str:
    """Items joined by commas. Keys and grades have neither commas nor quotes, so that the text of the JSON will do: much
    quicker than taking it apart.
    """
    if column.item_type == "guid" or column.name == "grades":
        return f"""nullif(replace(translate({name}::text, '[]"', ''), ', ', ','), '')"""
    return f"""(SELECT string_agg(replace(item, ',', ' '), ',' ORDER BY place)
        FROM jsonb_array_elements_text({name}) WITH ORDINALITY AS each (item, place))"""  # noqa: S608
