"""The students and guardians behind the users of a bundle. A user who is a student is, or becomes, a student here, with
demographics; one who is a guardian, parent or relative becomes a guardian.

What a bundle leaves blank does not empty what is known here. A telephone number is taken over when it begins with the
country's code.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from app.extensions import db
from app.services.oneroster.importing.writing import Counts, run

# Flag of demographics.csv -> code value of Ed-Fi.
RACES: Final = {
    "americanIndianOrAlaskaNative": "American Indian or Alaska Native",
    "asian": "Asian",
    "blackOrAfricanAmerican": "Black or African American",
    "nativeHawaiianOrOtherPacificIslander": "Native Hawaiian or Pacific Islander",
    "white": "White",
}
_GUARDIANS = "('guardian', 'parent', 'relative')"
_PHONE = r"""(SELECT digits FROM (SELECT regexp_replace(i.phone, '[\s().-]', '', 'g') AS digits) typed
             WHERE digits ~ '^\+[1-9][0-9]{4,14}$')"""
# Whose student number is theirs alone in the bundle: then it tells who they are, and becomes their student number.
_MATCH_STUDENTS = """
    WITH numbered AS (
        SELECT i.id, i.identifier, count(*) OVER (PARTITION BY i.identifier) = 1 AS alone
        FROM incoming_users i WHERE i.live AND i.role = 'student'
    ), matched AS (
        SELECT n.id, m.id AS student_id FROM numbered n
        JOIN students m ON m.student_unique_id = n.identifier AND n.alone AND m.deleted_at IS NULL
        WHERE NOT EXISTS (SELECT FROM oneroster_users o WHERE o.student_id = m.id)
    )
    UPDATE incoming_users i SET student_id = coalesce(matched.student_id, uuid_time_ordered())
    FROM numbered LEFT JOIN matched ON matched.id = numbered.id
    WHERE numbered.id = i.id AND i.student_id IS NULL
"""
# Who was deleted here stays so, whatever a bundle says. Of a guardian who was erased only the name is left that erasing
# gives: the record itself is gone.
_STAY_DELETED = f"""
    UPDATE incoming_users i SET live = false
    WHERE EXISTS (SELECT FROM students st WHERE st.id = i.student_id AND st.deleted_at IS NOT NULL)
       OR EXISTS (SELECT FROM oneroster_users t WHERE t.id = i.id AND t.username = 'erased.' || t.id)
       OR (i.role IN {_GUARDIANS}
           AND EXISTS (SELECT FROM guardians g WHERE g.id = i.guardian_id AND g.deleted_at IS NOT NULL))
"""
_MATCH_GUARDIANS = f"""
    UPDATE incoming_users i SET guardian_id = gen_random_uuid()
    WHERE i.live AND i.role IN {_GUARDIANS} AND i.guardian_id IS NULL
"""
_FLAGS = ", ".join(f"(d.\"{flag}\", '{code}')" for flag, code in RACES.items())
_CODES = "ARRAY[" + ", ".join(f"'{code}'" for code in RACES.values()) + "]"
# Races that the standard has no flag for are kept; so is the order, where nothing changes.
_RACES = f"""
    CASE WHEN NOT flags.told THEN coalesce(st.races, '[]')
         WHEN st.races @> flags.races AND NOT EXISTS (
             SELECT FROM jsonb_array_elements_text(st.races) had
             WHERE had = ANY ({_CODES}) AND NOT flags.races ? had) THEN st.races
         ELSE flags.races || coalesce((SELECT jsonb_agg(had) FROM jsonb_array_elements_text(st.races) had
                                       WHERE had <> ALL ({_CODES})), '[]') END
"""
NAMES: Final = ("first_name", "middle_name", "last_name", "email", "phone")
DEMOGRAPHICS: Final = (
    "birth_date",
    "birth_sex_descriptor",
    "hispanic_latino_ethnicity",
    "races",
    "birth_country",
    "birth_state",
    "birth_city",
)
_STUDENTS = f"""
    CREATE TEMPORARY TABLE incoming_students ON COMMIT DROP AS
    SELECT coalesce(i.student_id, t.student_id) AS id, st.id IS NOT NULL AS stored, d.line AS described,
           o.id IS NOT NULL AND o.source_system IS NULL AS own, i.line, i.identifier, coalesce(i.given_name, st.first_name) AS first_name,
           coalesce(i.middle_name, st.middle_name) AS middle_name, coalesce(i.family_name, st.last_name) AS last_name,
           coalesce(i.email, st.email) AS email, coalesce({_PHONE}, st.phone) AS phone,
           coalesce(d."birthDate"::date, st.birth_date) AS birth_date,
           CASE d.sex WHEN 'male' THEN 'Male' WHEN 'female' THEN 'Female' WHEN 'other' THEN 'Non-binary'
                      WHEN 'unspecified' THEN 'Not Selected' ELSE st.birth_sex_descriptor END AS birth_sex_descriptor,
           coalesce(d."hispanicOrLatinoEthnicity" = 'true', st.hispanic_latino_ethnicity) AS hispanic_latino_ethnicity,
           {_RACES} AS races, coalesce(d."countryOfBirthCode", st.birth_country) AS birth_country,
           coalesce(d."stateOfBirthAbbreviation", st.birth_state) AS birth_state,
           coalesce(d."cityOfBirth", st.birth_city) AS birth_city
    FROM (SELECT * FROM incoming_users WHERE live AND role = 'student') i
    FULL JOIN (SELECT k.id AS user_id, s.* FROM stage_demographics s JOIN keys_users k ON k.sourced_id = s."sourcedId"
               WHERE s.status IS DISTINCT FROM 'tobedeleted') d ON d.user_id = i.id
    LEFT JOIN oneroster_users t ON t.id = d.user_id AND t.status = 'active'
    LEFT JOIN oneroster_users o ON o.id = coalesce(i.id, d.user_id)
    LEFT JOIN students st ON st.id = coalesce(i.student_id, t.student_id)
    CROSS JOIN LATERAL (
        SELECT count(flag.told) > 0 AS told, coalesce(jsonb_agg(flag.code) FILTER (WHERE flag.told = 'true'), '[]') AS races
        FROM (VALUES {_FLAGS}) flag (told, code)
    ) flags
    WHERE coalesce(i.student_id, t.student_id) IS NOT NULL AND st.deleted_at IS NULL
"""
_GUARDIAN_ROWS = f"""
    CREATE TEMPORARY TABLE incoming_guardians ON COMMIT DROP AS
    SELECT i.guardian_id AS id, g.id IS NOT NULL AS stored,
           o.id IS NOT NULL AND o.source_system IS NULL AS own, i.line, i.given_name AS first_name,
           i.family_name AS last_name, coalesce(i.email, g.email) AS email, coalesce({_PHONE}, g.phone) AS phone
    FROM incoming_users i LEFT JOIN guardians g ON g.id = i.guardian_id LEFT JOIN oneroster_users o ON o.id = i.id
    WHERE i.live AND i.role IN {_GUARDIANS} AND g.deleted_at IS NULL
"""


def find() -> None:
    """Who of the incoming users is which student and guardian, and what will be written of them."""
    for statement in (_MATCH_STUDENTS, _STAY_DELETED, _MATCH_GUARDIANS, _STUDENTS, _GUARDIAN_ROWS):
        run(statement)
    for name in ("users", "students", "guardians"):
        run(f"ANALYZE incoming_{name}")


def count_demographics() -> Counts:
    """What becomes of the rows of demographics.csv. Those of users who are no students are not kept."""
    statement = f"""
        SELECT count(*) FILTER (WHERE i.described IS NOT NULL AND NOT i.stored) AS new,
               count(*) FILTER (WHERE i.described IS NOT NULL AND i.stored AND {_differs(DEMOGRAPHICS)}) AS changed,
               (SELECT count(*) FROM stage_demographics) AS rows
        FROM incoming_students i LEFT JOIN students t ON t.id = i.id
    """
    row = db.session.execute(text(statement)).one()
    return Counts(row.new, row.changed, row.rows - row.new - row.changed)


def changed_own() -> str:
    """A query for line and sourcedId of the rows of demographics.csv that would change a student who was entered here."""
    return f"""
        SELECT i.described, s."sourcedId" FROM incoming_students i JOIN students t ON t.id = i.id
        JOIN stage_demographics s ON s.line = i.described WHERE i.own AND {_differs(DEMOGRAPHICS)}
    """


def write() -> None:
    """Update and insert the students and guardians."""
    names = (*NAMES, *DEMOGRAPHICS)
    _update("students", names)
    run(f"""INSERT INTO students (id, student_unique_id, source_system_descriptor, {", ".join(names)})
            SELECT i.id,
                   CASE WHEN length(i.identifier) <= 32 AND count(*) OVER (PARTITION BY i.identifier) = 1
                         AND NOT EXISTS (SELECT FROM students o WHERE o.student_unique_id = i.identifier)
                        THEN i.identifier END,
                   'OneRoster', {", ".join(f"i.{name}" for name in names)}
            FROM incoming_students i WHERE NOT i.stored ORDER BY i.line""")
    guardian = ("first_name", "last_name", "email", "phone")
    _update("guardians", guardian)
    run(f"""INSERT INTO guardians (id, {", ".join(guardian)})
            SELECT id, {", ".join(guardian)} FROM incoming_guardians WHERE NOT stored ORDER BY line""")


def _update(name: str, columns: tuple[str, ...]) -> None:
    settings = ", ".join(f"{column} = i.{column}" for column in columns)
    run(
        f"UPDATE {name} t SET {settings} FROM incoming_{name} i WHERE t.id = i.id AND NOT i.own AND {_differs(columns)}"
    )


def _differs(columns: tuple[str, ...]) -> str:
    stored, sent = ", ".join(f"t.{name}" for name in columns), ", ".join(f"i.{name}" for name in columns)
    return f"(({stored}) IS DISTINCT FROM ({sent}))"
