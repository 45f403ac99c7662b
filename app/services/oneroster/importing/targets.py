"""Where the rows of each file go: which table, which columns, made of what. From this come the counts of the preview and
the statements that write.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from app.services.oneroster.importing.staging import table


@dataclass(frozen=True)
class Target:
    """The table of a file. `columns` are expressions over `s` (the staged row), `t` (the stored one, if there is one) and
    what `joins` adds. `soft` tables know the deleted by `deleted_at`, the others by `status`.
    """

    file: str
    table: str
    columns: dict[str, str]
    joins: str = ""
    soft: bool = False
    new_key: str = "gen_random_uuid()"
    own: str = ""  # the view in which the school's own rows of the kind are
    also_changed: str = "false"  # over `i`, the incoming row: what makes it changed beside its columns
    passes: tuple[str, ...] = field(default=("true",))  # over `i`: the order in which rows are updated
    late: tuple[str, ...] = ()  # columns that refer to rows of the same file: set when all of these are there
    unique: str = ""  # the column, beside the key, that no two rows share, whatever the capitals

    @property
    def stage(self) -> str:
        return table(self.file)

    @property
    def name(self) -> str:
        return self.stage.removeprefix("stage_")

    @property
    def incoming(self) -> str:
        """The temporary table of rows as they will be written."""
        return f"incoming_{self.name}"

    @property
    def keys(self) -> str:
        """The temporary table of all keys: of what is stored, and of what will be."""
        return f"keys_{self.name}"

    @property
    def dead(self) -> str:
        """Whether the stored row `t` is deleted."""
        return "(t.deleted_at IS NOT NULL)" if self.soft else "(t.status = 'tobedeleted')"


def _metadata(*standard: str, since_1_2: tuple[str, ...] = (), **more: str) -> str:
    """What there is no column for, as JSON: cells of the standard, and extensions. Our own rows keep what else they have,
    and 1.1 does not empty what only 1.2 has.
    """
    cells = {name: f's."{name}"' for name in standard} | more
    for name in since_1_2:
        cells[name] = f"""coalesce(s."{name}", CASE WHEN :version = '1.1' THEN t.metadata ->> '{name}' END)"""
    pairs = ", ".join(f"'{name}', {value}" for name, value in cells.items())
    sent = f"(coalesce(s.ext, '{{}}') || jsonb_strip_nulls(jsonb_build_object({pairs})))"
    return f"CASE WHEN t.id IS NOT NULL AND t.source_system IS NULL THEN t.metadata || {sent} ELSE {sent} END"


def _joined(alias: str, file: str, column: str) -> str:
    """The key of what a column refers to, as `alias`.id."""
    return f' LEFT JOIN keys_{table(file).removeprefix("stage_")} {alias} ON {alias}.sourced_id = s."{column}"'


ORG_IDENTIFIER = """coalesce(s.identifier, left(s."sourcedId", 60))"""  # each organization has one here
ORGS = Target(
    "orgs.csv",
    "organizations",
    {
        "name": "s.name",
        "type": "s.type",
        "identifier": ORG_IDENTIFIER,
        "parent_id": "parent.id",
        "metadata": _metadata(),
    },
    joins=_joined("parent", "orgs.csv", "parentSourcedId"),
    soft=True,
    late=("parent_id",),
    unique="identifier",
)
SESSIONS = Target(
    "academicSessions.csv",
    "terms",
    {
        "title": "s.title",
        "type": "s.type",
        "start_date": 's."startDate"::date',
        "end_date": 's."endDate"::date',
        "parent_id": "parent.id",
        "school_year": 's."schoolYear"::smallint',
        "metadata": _metadata(),
    },
    joins=_joined("parent", "academicSessions.csv", "parentSourcedId"),
    soft=True,
    late=("parent_id",),
)
USERS = Target(
    "users.csv",
    "oneroster_users",
    {
        "username": "s.username",
        "enabled_user": "(s.\"enabledUser\" = 'true')",
        "given_name": 's."givenName"',
        "family_name": 's."familyName"',
        "middle_name": 's."middleName"',
        "role": "coalesce(s.role, home.role)",
        "identifier": "s.identifier",
        "email": "s.email",
        "phone": "s.phone",
        "birth_date": """coalesce(born."birthDate"::date, t.birth_date)""",
        "org_ids": """coalesce(s."orgSourcedIds", home.org_ids, '[]')""",
        "grades": "coalesce(s.grades, '[]')",
        "metadata": _metadata(
            "userIds",
            "sms",
            since_1_2=(
                "userMasterIdentifier",
                "preferredGivenName",
                "preferredMiddleName",
                "preferredFamilyName",
                "pronouns",
            ),
            publicSchoolResidenceStatus="""coalesce(born."publicSchoolResidenceStatus",
                                                    t.metadata ->> 'publicSchoolResidenceStatus')""",
        ),
        "student_id": "t.student_id",
        "guardian_id": "t.guardian_id",
    },
    joins="""
        LEFT JOIN user_homes home ON home.user_id = s."sourcedId"
        LEFT JOIN stage_demographics born ON born."sourcedId" = s."sourcedId" AND born.status IS DISTINCT FROM 'tobedeleted'
    """,
    new_key="uuid_time_ordered()",
    also_changed="EXISTS (SELECT FROM changed_agents c WHERE c.user_id = i.id)",
    unique="username",
)
ROLES = Target(
    "roles.csv",
    "oneroster_roles",
    {
        "oneroster_user_id": "holder.id",
        "organization_id": "org.id",
        "role": "s.role",
        "role_type": 's."roleType"',
        "begin_date": 's."beginDate"::date',
        "end_date": 's."endDate"::date',
        "metadata": _metadata(),
    },
    joins=_joined("holder", "users.csv", "userSourcedId") + _joined("org", "orgs.csv", "orgSourcedId"),
    new_key="uuid_time_ordered()",
    own="oneroster_v_roles",
    passes=("i.role_type = 'secondary'", "i.role_type = 'primary'"),  # one primary role at a time
)
COURSES = Target(
    "courses.csv",
    "oneroster_courses",
    {
        "term_id": "term.id",
        "title": "s.title",
        "course_code": """coalesce(s."courseCode", left(s."sourcedId", 120))""",
        "grades": "coalesce(s.grades, '[]')",
        "organization_id": "org.id",
        "subjects": "coalesce(s.subjects, '[]')",
        "subject_codes": """coalesce(s."subjectCodes", '[]')""",
        "metadata": _metadata(),
    },
    joins=_joined("term", "academicSessions.csv", "schoolYearSourcedId") + _joined("org", "orgs.csv", "orgSourcedId"),
    own="oneroster_v_courses",
)
CLASSES = Target(
    "classes.csv",
    "oneroster_classes",
    {
        "title": "s.title",
        "course_id": "course.id",
        "organization_id": "org.id",
        "class_code": 's."classCode"',
        "class_type": 's."classType"',
        "location": "s.location",
        "grades": "coalesce(s.grades, '[]')",
        "term_ids": 's."termSourcedIds"',
        "subjects": "coalesce(s.subjects, '[]')",
        "subject_codes": """coalesce(s."subjectCodes", '[]')""",
        "periods": "coalesce(s.periods, '[]')",
        "metadata": _metadata(),
    },
    joins=_joined("course", "courses.csv", "courseSourcedId") + _joined("org", "orgs.csv", "schoolSourcedId"),
    own="oneroster_v_classes",
)
ENROLLMENTS = Target(
    "enrollments.csv",
    "oneroster_enrollments",
    {
        "class_id": "class.id",
        "organization_id": "org.id",
        "oneroster_user_id": "member.id",
        "role": "s.role",
        "primary": "(s.\"primary\" = 'true')",
        "begin_date": 's."beginDate"::date',
        "end_date": 's."endDate"::date',
        "metadata": _metadata(),
    },
    joins=_joined("class", "classes.csv", "classSourcedId")
    + _joined("org", "orgs.csv", "schoolSourcedId")
    + _joined("member", "users.csv", "userSourcedId"),
    new_key="uuid_time_ordered()",
    own="oneroster_v_enrollments",
)
# In the order in which they are written.
TARGETS = (ORGS, SESSIONS, USERS, ROLES, COURSES, CLASSES, ENROLLMENTS)
KEPT = {target.file for target in TARGETS} | {"demographics.csv"}
