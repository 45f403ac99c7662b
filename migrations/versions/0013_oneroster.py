"""OneRoster: imported classes, and the clients of the REST service.

Revision: 0013
Follows: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NOISE = "updated_at,updated_by_id"
# table -> columns that its row history leaves out
HISTORY = {
    "oneroster_roles": NOISE,
    "oneroster_courses": NOISE,
    "oneroster_classes": NOISE,
    "oneroster_enrollments": NOISE,
    "oauth_clients": NOISE + ",last_used_at",
    "oneroster_exports": NOISE,
}
# That a program read something is no change of its client.
STAMPS = """
    CREATE TRIGGER stamps BEFORE UPDATE OF name, client_id, secret_hash, scopes, active ON oauth_clients
    FOR EACH ROW EXECUTE FUNCTION stamp_update()
"""
NO_HISTORY = ("oauth_tokens", "oneroster_export_files", "oneroster_former_teachers")

# The school of this installation is the one that was entered first.
FUNCTIONS = """
CREATE FUNCTION oneroster_home() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sourced_id FROM organizations WHERE type = 'school' AND deleted_at IS NULL AND active
    ORDER BY created_at, id LIMIT 1
$$;

CREATE FUNCTION oneroster_races() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    -- Those that demographics have a flag for.
    SELECT ARRAY['American Indian or Alaska Native', 'Asian', 'Black or African American',
                 'Native Hawaiian or Pacific Islander', 'White']
$$;

CREATE FUNCTION oneroster_username(wanted text, number text) RETURNS text LANGUAGE sql STABLE AS $$
    -- As services make them: ASCII, lower case; the number where somebody else has the name.
    SELECT CASE WHEN EXISTS (SELECT FROM oneroster_users WHERE lower(username) = name) OR name = ''
                THEN concat_ws('.', nullif(name, ''), number) ELSE name END
    FROM (SELECT btrim(regexp_replace(search_fold(wanted), '[^a-z0-9._@-]+', '', 'g'), '.') AS name) folded
$$;

CREATE FUNCTION oneroster_add_teachers(accounts integer[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO oneroster_users (sourced_id, username, enabled_user, given_name, family_name, role, email, org_ids, user_id)
    SELECT 'teacher_' || gen_random_uuid(), oneroster_username(a.username, a.id::text), coalesce(a.active, false),
           coalesce(nullif(btrim(a.first_name), ''), a.username), coalesce(nullif(btrim(a.last_name), ''), a.username), 'teacher',
           nullif(a.email, ''), coalesce((SELECT jsonb_agg(home) FROM oneroster_home() AS home WHERE home IS NOT NULL), '[]'), a.id
    FROM ab_user a WHERE a.id = ANY (accounts) AND NOT EXISTS (SELECT FROM oneroster_users u WHERE u.user_id = a.id)
    ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION oneroster_add_students(keys uuid[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO oneroster_users (sourced_id, username, given_name, family_name, middle_name, role, identifier, email, birth_date,
                                 org_ids, student_id)
    SELECT 'student_' || gen_random_uuid(), oneroster_username(s.first_name || '.' || s.last_name || '.' || s.student_usi, s.student_usi::text),
           s.first_name, s.last_name, s.middle_name, 'student', s.student_unique_id, s.email, s.birth_date,
           coalesce((SELECT jsonb_agg(home) FROM oneroster_home() AS home WHERE home IS NOT NULL), '[]'), s.id
    FROM students s WHERE s.id = ANY (keys) AND NOT EXISTS (SELECT FROM oneroster_users u WHERE u.student_id = s.id)
    ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION oneroster_note_teacher() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM oneroster_add_teachers(ARRAY[NEW.teacher_id]);
    IF TG_OP = 'UPDATE' AND OLD.teacher_id <> NEW.teacher_id THEN
        DELETE FROM oneroster_former_teachers WHERE classroom_slot_id = NEW.id AND teacher_id = NEW.teacher_id;
        INSERT INTO oneroster_former_teachers (classroom_slot_id, teacher_id) VALUES (NEW.id, OLD.teacher_id);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION oneroster_note_students() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM oneroster_add_students(ARRAY(SELECT DISTINCT student_id FROM new_rows ORDER BY student_id));
    RETURN NULL;
END $$;

CREATE FUNCTION oneroster_follow_student() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE oneroster_users SET given_name = NEW.first_name, family_name = NEW.last_name, middle_name = NEW.middle_name,
        email = NEW.email, birth_date = NEW.birth_date,
        status = CASE WHEN NEW.deleted_at IS NULL AND OLD.deleted_at IS NULL THEN status
                      WHEN NEW.deleted_at IS NULL THEN 'active' ELSE 'tobedeleted' END
    WHERE student_id = NEW.id;
    RETURN NULL;
END $$;

CREATE FUNCTION oneroster_follow_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE oneroster_users SET given_name = coalesce(nullif(btrim(NEW.first_name), ''), given_name),
        family_name = coalesce(nullif(btrim(NEW.last_name), ''), family_name),
        email = nullif(NEW.email, ''), enabled_user = coalesce(NEW.active, false)
    WHERE user_id = NEW.id AND source_system IS NULL;
    RETURN NULL;
END $$;

CREATE FUNCTION oneroster_follow_school() RETURNS trigger LANGUAGE plpgsql AS $$
-- The first school is where those are who were there before it.
BEGIN
    UPDATE oneroster_users SET org_ids = jsonb_build_array(NEW.sourced_id)
    WHERE org_ids = '[]' AND source_system IS NULL;
    RETURN NULL;
END $$;

CREATE FUNCTION oneroster_note_agents() RETURNS trigger LANGUAGE plpgsql AS $$
-- Who has another agent has changed: that is what a delta goes by.
BEGIN
    UPDATE oneroster_users SET updated_at = now()
    WHERE id IN (SELECT oneroster_user_id FROM changed UNION SELECT agent_id FROM changed) AND updated_at < now();
    RETURN NULL;
END $$;

CREATE FUNCTION oneroster_note_status() RETURNS trigger LANGUAGE plpgsql AS $$
-- Whose agent goes or comes back has changed as well: agents who are gone are not told.
BEGIN
    UPDATE oneroster_users SET updated_at = now()
    WHERE updated_at < now() AND id IN (SELECT agent_id FROM oneroster_agents WHERE oneroster_user_id = NEW.id
                                        UNION ALL SELECT oneroster_user_id FROM oneroster_agents WHERE agent_id = NEW.id);
    RETURN NULL;
END $$;

CREATE TRIGGER oneroster_teacher AFTER INSERT OR UPDATE OF teacher_id ON classroom_slots
    FOR EACH ROW EXECUTE FUNCTION oneroster_note_teacher();
CREATE TRIGGER oneroster_students AFTER INSERT ON classroom_enrollments REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION oneroster_note_students();
CREATE TRIGGER oneroster_follow AFTER UPDATE ON students FOR EACH ROW
    WHEN ((OLD.first_name, OLD.last_name, OLD.middle_name, OLD.email, OLD.birth_date, OLD.deleted_at)
          IS DISTINCT FROM (NEW.first_name, NEW.last_name, NEW.middle_name, NEW.email, NEW.birth_date, NEW.deleted_at))
    EXECUTE FUNCTION oneroster_follow_student();
CREATE TRIGGER oneroster_follow AFTER UPDATE ON ab_user FOR EACH ROW
    WHEN ((OLD.first_name, OLD.last_name, OLD.email, OLD.active) IS DISTINCT FROM (NEW.first_name, NEW.last_name, NEW.email, NEW.active))
    EXECUTE FUNCTION oneroster_follow_account();
CREATE TRIGGER oneroster_follow AFTER INSERT ON organizations FOR EACH ROW WHEN (NEW.type = 'school')
    EXECUTE FUNCTION oneroster_follow_school();
CREATE TRIGGER oneroster_agents_added AFTER INSERT ON oneroster_agents REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION oneroster_note_agents();
CREATE TRIGGER oneroster_agents_removed AFTER DELETE ON oneroster_agents REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION oneroster_note_agents();
CREATE TRIGGER oneroster_agents_changed AFTER UPDATE OF status ON oneroster_users FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION oneroster_note_status();
CREATE INDEX ix_oneroster_users_demographics ON oneroster_users (sourced_id) WHERE student_id IS NOT NULL OR birth_date IS NOT NULL;
CREATE INDEX ix_classroom_enrollments_sourced_id ON classroom_enrollments (('enrollment_' || id::text));
"""
BACKFILL = """
SELECT oneroster_add_teachers(ARRAY(SELECT DISTINCT teacher_id FROM classroom_slots));
SELECT oneroster_add_students(ARRAY(SELECT DISTINCT student_id FROM classroom_enrollments));
"""

# What the standard's files and collections hold, under its names. What came in a bundle and what the classroom has stand
# side by side. A row that belongs to another one is gone with it. Subqueries instead of joins: whoever asks for a few
# columns, or only for the keys of a page, pays for no others.
VIEWS = """
CREATE VIEW oneroster_v_orgs AS
SELECT o.sourced_id::text AS "sourcedId",
       CASE WHEN o.deleted_at IS NULL AND o.active THEN 'active' ELSE 'tobedeleted' END AS status,
       greatest(o.updated_at, o.deleted_at) AS "dateLastModified", o.name::text, o.type::text, o.identifier::text,
       (SELECT p.sourced_id FROM organizations p WHERE p.id = o.parent_id)::text AS "parentSourcedId", o.metadata, false AS derived
FROM organizations o;

CREATE VIEW oneroster_v_academic_sessions AS
SELECT t.sourced_id::text AS "sourcedId", CASE WHEN t.deleted_at IS NULL THEN 'active' ELSE 'tobedeleted' END AS status,
       greatest(t.updated_at, t.deleted_at) AS "dateLastModified", t.title::text, t.type::text, t.start_date AS "startDate",
       t.end_date AS "endDate", (SELECT p.sourced_id FROM terms p WHERE p.id = t.parent_id)::text AS "parentSourcedId",
       t.school_year::text AS "schoolYear", t.metadata, false AS derived
FROM terms t;

CREATE VIEW oneroster_v_courses AS
SELECT c.sourced_id::text AS "sourcedId", c.status::text, c.updated_at AS "dateLastModified",
       (SELECT t.sourced_id FROM terms t WHERE t.id = c.term_id)::text AS "schoolYearSourcedId", c.title::text,
       c.course_code::text AS "courseCode", c.grades,
       (SELECT o.sourced_id FROM organizations o WHERE o.id = c.organization_id)::text AS "orgSourcedId", c.subjects,
       c.subject_codes AS "subjectCodes", c.metadata, false AS derived
FROM oneroster_courses c
UNION ALL
SELECT 'course_' || c.id::text, CASE WHEN c.deleted_at IS NULL THEN 'active' ELSE 'tobedeleted' END,
       greatest(c.updated_at, c.deleted_at), NULL, c.name::text, c.code::text, '[]'::jsonb, (SELECT oneroster_home()), '[]'::jsonb,
       '[]'::jsonb, '{}'::jsonb, true
FROM courses c;

CREATE VIEW oneroster_v_classes AS
SELECT k.sourced_id::text AS "sourcedId",
       CASE WHEN c.status = 'active' THEN k.status ELSE 'tobedeleted' END::text AS status,
       greatest(k.updated_at, c.updated_at) AS "dateLastModified", k.title::text, k.grades,
       c.sourced_id::text AS "courseSourcedId", k.class_code::text AS "classCode", k.class_type::text AS "classType",
       k.location::text, (SELECT o.sourced_id FROM organizations o WHERE o.id = k.organization_id)::text AS "schoolSourcedId",
       k.term_ids AS "termSourcedIds", k.subjects, k.subject_codes AS "subjectCodes", k.periods, k.metadata, k.id AS key,
       false AS derived
FROM oneroster_classes k JOIN oneroster_courses c ON c.id = k.course_id
UNION ALL
SELECT 'class_' || s.id::text,
       CASE WHEN s.deleted_at IS NULL AND s.active AND c.deleted_at IS NULL THEN 'active' ELSE 'tobedeleted' END,
       greatest(s.updated_at, s.deleted_at, c.updated_at, c.deleted_at, z.updated_at, t.updated_at),
       c.name || ' ' || (ARRAY['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'])[z.day + 1] || to_char(z.start_time, ' HH24:MI'),
       '[]'::jsonb, 'course_' || c.id::text,
       c.code || '-' || (ARRAY['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'])[z.day + 1] || to_char(z.start_time, '-HH24MI'),
       'scheduled', s.room::text, (SELECT oneroster_home()), coalesce(t.ids, '[]'), '[]'::jsonb, '[]'::jsonb,
       jsonb_build_array((ARRAY['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'])[z.day + 1]
                         || to_char(z.start_time, ' HH24:MI') || to_char(z.end_time, '-HH24:MI')), '{}'::jsonb, s.id, true
FROM classroom_slots s JOIN courses c ON c.id = s.course_id JOIN time_slot_templates z ON z.id = s.time_slot_id
CROSS JOIN LATERAL (
    -- The school years (or whatever is outermost) in which the class exists. One in which it is no more has changed it, too.
    SELECT jsonb_agg(t.sourced_id ORDER BY t.start_date, t.sourced_id) FILTER (
               WHERE t.deleted_at IS NULL AND t.parent_id IS NULL AND t.type <> 'gradingPeriod' AND t.end_date > s.created_at::date
                 AND (s.deleted_at IS NULL OR t.start_date <= s.deleted_at::date)) AS ids,
           max(greatest(t.updated_at, t.deleted_at)) AS updated_at
    FROM terms t
) t;

CREATE VIEW oneroster_v_users AS
SELECT u.sourced_id::text AS "sourcedId", u.status::text, u.updated_at AS "dateLastModified", u.enabled_user AS "enabledUser",
       u.org_ids AS "orgSourcedIds", u.role::text, u.username::text, u.metadata ->> 'userIds' AS "userIds",
       u.given_name::text AS "givenName", u.family_name::text AS "familyName", u.middle_name::text AS "middleName",
       u.identifier::text, u.email::text, u.metadata ->> 'sms' AS sms, u.phone::text,
       (SELECT jsonb_agg(a.sourced_id ORDER BY a.sourced_id) FROM oneroster_users a
        WHERE a.status = 'active' AND a.id IN (
            SELECT x.agent_id FROM oneroster_agents x WHERE x.oneroster_user_id = u.id
            UNION ALL SELECT y.oneroster_user_id FROM oneroster_agents y WHERE y.agent_id = u.id)) AS "agentSourcedIds",
       u.grades, u.metadata ->> 'userMasterIdentifier' AS "userMasterIdentifier",
       u.metadata ->> 'preferredGivenName' AS "preferredGivenName", u.metadata ->> 'preferredMiddleName' AS "preferredMiddleName",
       u.metadata ->> 'preferredFamilyName' AS "preferredFamilyName", u.org_ids ->> 0 AS "primaryOrgSourcedId",
       u.metadata ->> 'pronouns' AS pronouns, u.metadata, false AS derived
FROM oneroster_users u;

CREATE VIEW oneroster_v_agents AS
-- Who stands for whom, both ways: for whoever wants all of them at once.
SELECT u.sourced_id::text AS "userSourcedId", a.sourced_id::text AS "agentSourcedId"
FROM (SELECT oneroster_user_id AS one, agent_id AS other FROM oneroster_agents
      UNION SELECT agent_id, oneroster_user_id FROM oneroster_agents) pair
JOIN oneroster_users u ON u.id = pair.one JOIN oneroster_users a ON a.id = pair.other AND a.status = 'active';

CREATE VIEW oneroster_v_roles AS
SELECT r.sourced_id::text AS "sourcedId", CASE WHEN u.status = 'active' THEN r.status ELSE 'tobedeleted' END::text AS status,
       greatest(r.updated_at, u.updated_at) AS "dateLastModified",
       u.sourced_id::text AS "userSourcedId", r.role_type::text AS "roleType", r.role::text, r.begin_date AS "beginDate",
       r.end_date AS "endDate", (SELECT o.sourced_id FROM organizations o WHERE o.id = r.organization_id)::text AS "orgSourcedId",
       r.metadata, false AS derived
FROM oneroster_roles r JOIN oneroster_users u ON u.id = r.oneroster_user_id
UNION ALL
SELECT 'role_' || md5(u.sourced_id || ' ' || o.id), u.status::text, u.updated_at, u.sourced_id::text, 'primary', u.role::text,
       NULL, NULL, o.id, '{}'::jsonb, true
FROM oneroster_users u CROSS JOIN LATERAL jsonb_array_elements_text(u.org_ids) AS o (id)
WHERE NOT EXISTS (SELECT FROM oneroster_roles r WHERE r.oneroster_user_id = u.id);

CREATE VIEW oneroster_v_enrollments AS
SELECT e.sourced_id::text AS "sourcedId",
       CASE WHEN (SELECT k.status = 'active' AND c.status = 'active' FROM oneroster_classes k JOIN oneroster_courses c ON c.id = k.course_id
                  WHERE k.id = e.class_id) AND (SELECT u.status = 'active' FROM oneroster_users u WHERE u.id = e.oneroster_user_id)
            THEN e.status ELSE 'tobedeleted' END::text AS status,
       greatest(e.updated_at,
                (SELECT greatest(k.updated_at, c.updated_at) FROM oneroster_classes k JOIN oneroster_courses c ON c.id = k.course_id
                 WHERE k.id = e.class_id),
                (SELECT u.updated_at FROM oneroster_users u WHERE u.id = e.oneroster_user_id)) AS "dateLastModified",
       (SELECT k.sourced_id FROM oneroster_classes k WHERE k.id = e.class_id)::text AS "classSourcedId",
       (SELECT o.sourced_id FROM organizations o WHERE o.id = e.organization_id)::text AS "schoolSourcedId",
       (SELECT u.sourced_id FROM oneroster_users u WHERE u.id = e.oneroster_user_id)::text AS "userSourcedId",
       e.role::text, coalesce(e."primary", false) AS "primary", e.begin_date AS "beginDate", e.end_date AS "endDate", e.metadata,
       e.class_id AS class_key, e.organization_id AS school_key, false AS derived
FROM oneroster_enrollments e
UNION ALL
SELECT 'enrollment_' || e.id::text,
       CASE WHEN e.status = 'active'
             AND (SELECT s.deleted_at IS NULL AND s.active AND c.deleted_at IS NULL FROM classroom_slots s JOIN courses c ON c.id = s.course_id
                  WHERE s.id = e.classroom_slot_id)
             AND (SELECT u.status = 'active' FROM oneroster_users u WHERE u.student_id = e.student_id)
            THEN 'active' ELSE 'tobedeleted' END,
       greatest(e.updated_at,
                (SELECT greatest(s.updated_at, s.deleted_at, c.updated_at, c.deleted_at)
                 FROM classroom_slots s JOIN courses c ON c.id = s.course_id WHERE s.id = e.classroom_slot_id),
                (SELECT u.updated_at FROM oneroster_users u WHERE u.student_id = e.student_id),
                (SELECT a.updated_at FROM admissions a WHERE a.id = e.admission_id)),
       'class_' || e.classroom_slot_id::text, (SELECT oneroster_home()),
       (SELECT u.sourced_id FROM oneroster_users u WHERE u.student_id = e.student_id)::text, 'student', false,
       (SELECT a.starts_on FROM admissions a WHERE a.id = e.admission_id), (SELECT a.ends_on + 1 FROM admissions a WHERE a.id = e.admission_id),
       '{}'::jsonb, e.classroom_slot_id, (SELECT o.id FROM organizations o WHERE o.sourced_id = oneroster_home()), true
FROM classroom_enrollments e
UNION ALL
SELECT 'teaching_' || s.id::text || '_' || s.teacher_id,
       CASE WHEN s.deleted_at IS NULL AND s.active AND (SELECT c.deleted_at IS NULL FROM courses c WHERE c.id = s.course_id)
             AND (SELECT u.status = 'active' FROM oneroster_users u WHERE u.user_id = s.teacher_id)
            THEN 'active' ELSE 'tobedeleted' END,
       greatest(s.updated_at, s.deleted_at, (SELECT greatest(c.updated_at, c.deleted_at) FROM courses c WHERE c.id = s.course_id),
                (SELECT u.updated_at FROM oneroster_users u WHERE u.user_id = s.teacher_id)),
       'class_' || s.id::text, (SELECT oneroster_home()),
       (SELECT u.sourced_id FROM oneroster_users u WHERE u.user_id = s.teacher_id)::text, 'teacher', true, NULL, NULL, '{}'::jsonb, s.id,
       (SELECT o.id FROM organizations o WHERE o.sourced_id = oneroster_home()), true
FROM classroom_slots s
UNION ALL
-- Who taught a class that has another teacher now: gone, and not forgotten.
SELECT 'teaching_' || f.classroom_slot_id::text || '_' || f.teacher_id, 'tobedeleted', f.ended_at, 'class_' || f.classroom_slot_id::text,
       (SELECT oneroster_home()), (SELECT u.sourced_id FROM oneroster_users u WHERE u.user_id = f.teacher_id)::text, 'teacher', true,
       NULL, NULL, '{}'::jsonb, f.classroom_slot_id, (SELECT o.id FROM organizations o WHERE o.sourced_id = oneroster_home()), true
FROM oneroster_former_teachers f;

CREATE VIEW oneroster_v_enrollments_all AS
-- The same, joined: quicker for whoever wants all of them, and slower for a page. A test compares the two.
SELECT e.sourced_id::text AS "sourcedId",
       CASE WHEN k.status = 'active' AND c.status = 'active' AND u.status = 'active' THEN e.status ELSE 'tobedeleted' END::text AS status,
       greatest(e.updated_at, k.updated_at, c.updated_at, u.updated_at) AS "dateLastModified",
       k.sourced_id::text AS "classSourcedId", o.sourced_id::text AS "schoolSourcedId", u.sourced_id::text AS "userSourcedId",
       e.role::text, coalesce(e."primary", false) AS "primary", e.begin_date AS "beginDate", e.end_date AS "endDate"
FROM oneroster_enrollments e
JOIN oneroster_classes k ON k.id = e.class_id JOIN oneroster_courses c ON c.id = k.course_id
JOIN oneroster_users u ON u.id = e.oneroster_user_id JOIN organizations o ON o.id = e.organization_id
UNION ALL
SELECT 'enrollment_' || e.id::text,
       CASE WHEN e.status = 'active' AND s.deleted_at IS NULL AND s.active AND c.deleted_at IS NULL AND u.status = 'active'
            THEN 'active' ELSE 'tobedeleted' END,
       greatest(e.updated_at, s.updated_at, s.deleted_at, c.updated_at, c.deleted_at, u.updated_at, a.updated_at),
       'class_' || e.classroom_slot_id::text, (SELECT oneroster_home()), u.sourced_id::text, 'student', false, a.starts_on,
       a.ends_on + 1
FROM classroom_enrollments e
JOIN classroom_slots s ON s.id = e.classroom_slot_id JOIN courses c ON c.id = s.course_id JOIN admissions a ON a.id = e.admission_id
LEFT JOIN oneroster_users u ON u.student_id = e.student_id
UNION ALL
SELECT "sourcedId", status, "dateLastModified", "classSourcedId", "schoolSourcedId", "userSourcedId", role, "primary", "beginDate",
       "endDate"
FROM oneroster_v_enrollments WHERE derived AND role = 'teacher';

CREATE VIEW oneroster_v_memberships AS
-- Who is in which class now, to be asked from either end.
SELECT u.sourced_id::text AS "userSourcedId", k.id AS class_key, e.role::text
FROM oneroster_enrollments e JOIN oneroster_classes k ON k.id = e.class_id JOIN oneroster_users u ON u.id = e.oneroster_user_id
WHERE e.status = 'active' AND k.status = 'active'
UNION ALL
SELECT u.sourced_id::text, e.classroom_slot_id, 'student'
FROM classroom_enrollments e JOIN oneroster_users u ON u.student_id = e.student_id
JOIN classroom_slots s ON s.id = e.classroom_slot_id
WHERE e.status = 'active' AND s.deleted_at IS NULL AND s.active
UNION ALL
SELECT u.sourced_id::text, s.id, 'teacher' FROM classroom_slots s JOIN oneroster_users u ON u.user_id = s.teacher_id
WHERE s.deleted_at IS NULL AND s.active;

CREATE VIEW oneroster_v_demographics AS
SELECT u.sourced_id::text AS "sourcedId", u.status::text, greatest(u.updated_at, s.updated_at) AS "dateLastModified",
       coalesce(s.birth_date, u.birth_date) AS "birthDate",
       CASE regexp_replace(s.birth_sex_descriptor, '^.*#', '') WHEN 'Male' THEN 'male' WHEN 'Female' THEN 'female'
            WHEN 'Non-binary' THEN 'other' WHEN 'Not Selected' THEN 'unspecified' END AS sex,
       CASE WHEN s.races ?| oneroster_races() THEN s.races ? 'American Indian or Alaska Native' END AS "americanIndianOrAlaskaNative",
       CASE WHEN s.races ?| oneroster_races() THEN s.races ? 'Asian' END AS asian,
       CASE WHEN s.races ?| oneroster_races() THEN s.races ? 'Black or African American' END AS "blackOrAfricanAmerican",
       CASE WHEN s.races ?| oneroster_races() THEN s.races ? 'Native Hawaiian or Pacific Islander' END AS "nativeHawaiianOrOtherPacificIslander",
       CASE WHEN s.races ?| oneroster_races() THEN s.races ? 'White' END AS white,
       CASE WHEN s.races ?| oneroster_races() THEN (s.races ? 'American Indian or Alaska Native')::integer + (s.races ? 'Asian')::integer
            + (s.races ? 'Black or African American')::integer + (s.races ? 'Native Hawaiian or Pacific Islander')::integer
            + (s.races ? 'White')::integer > 1 END AS "demographicRaceTwoOrMoreRaces",
       s.hispanic_latino_ethnicity AS "hispanicOrLatinoEthnicity", s.birth_country::text AS "countryOfBirthCode",
       s.birth_state::text AS "stateOfBirthAbbreviation", s.birth_city::text AS "cityOfBirth",
       u.metadata ->> 'publicSchoolResidenceStatus' AS "publicSchoolResidenceStatus", '{}'::jsonb AS metadata, false AS derived
FROM oneroster_users u LEFT JOIN students s ON s.id = u.student_id
WHERE u.student_id IS NOT NULL OR u.birth_date IS NOT NULL;
"""
VIEW_NAMES = (
    "orgs",
    "academic_sessions",
    "courses",
    "classes",
    "users",
    "agents",
    "roles",
    "enrollments",
    "enrollments_all",
    "memberships",
    "demographics",
)
TRIGGERS = (
    ("classroom_slots", "oneroster_teacher"),
    ("classroom_enrollments", "oneroster_students"),
    ("students", "oneroster_follow"),
    ("ab_user", "oneroster_follow"),
    ("organizations", "oneroster_follow"),
    ("oneroster_agents", "oneroster_agents_added"),
    ("oneroster_agents", "oneroster_agents_removed"),
    ("oneroster_users", "oneroster_agents_changed"),
)
DROP_FUNCTIONS = (
    "oneroster_note_teacher()",
    "oneroster_note_students()",
    "oneroster_follow_student()",
    "oneroster_follow_account()",
    "oneroster_follow_school()",
    "oneroster_note_agents()",
    "oneroster_note_status()",
    "oneroster_add_teachers(integer[])",
    "oneroster_add_students(uuid[])",
    "oneroster_username(text, text)",
    "oneroster_home()",
    "oneroster_races()",
)
# Before this revision no two had the same name, not even of those who are gone.
NAMES_APART = """
UPDATE oneroster_users u SET username = left(u.username, 200) || '.' || u.id
WHERE u.status <> 'active' AND EXISTS (SELECT FROM oneroster_users o WHERE lower(o.username) = lower(u.username) AND o.id <> u.id)
"""
# Tables of earlier revisions that bundles bring records of.
BROUGHT_TO = ("organizations", "terms", "oneroster_users")


def upgrade() -> None:
    # ### commands auto generated by Alembic - please adjust! ###
    op.create_table(
        "oauth_clients",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("secret_hash", sa.String(length=255), nullable=False),
        sa.Column(
            "scopes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("btrim(name) <> ''", name=op.f("ck_oauth_clients_name_not_blank")),
        sa.CheckConstraint(
            "jsonb_typeof(scopes) = 'array' AND jsonb_array_length(scopes) > 0",
            name=op.f("ck_oauth_clients_scopes_list"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_oauth_clients_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_oauth_clients_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oauth_clients")),
        sa.UniqueConstraint("client_id", name=op.f("uq_oauth_clients_client_id")),
    )
    op.create_table(
        "oauth_tokens",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column(
            "scopes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["oauth_clients.id"],
            name=op.f("fk_oauth_tokens_client_id_oauth_clients"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_oauth_tokens")),
    )
    op.create_index("ix_oauth_tokens_client_id", "oauth_tokens", ["client_id"], unique=False)
    op.create_index("ix_oauth_tokens_expires_at", "oauth_tokens", ["expires_at"], unique=False)
    op.create_table(
        "oneroster_exports",
        sa.Column("version", sa.String(length=3), nullable=False),
        sa.Column("mode", sa.String(length=8), server_default="bulk", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "running",
                "done",
                "refused",
                "failed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="queued",
            nullable=False,
        ),
        sa.Column(
            "counts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "faults", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("version IN ('1.1', '1.2')", name=op.f("ck_oneroster_exports_version")),
        sa.CheckConstraint("mode IN ('bulk', 'delta')", name=op.f("ck_oneroster_exports_mode")),
        sa.CheckConstraint("(mode = 'delta') = (since IS NOT NULL)", name=op.f("ck_oneroster_exports_since")),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_oneroster_exports_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_oneroster_exports_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oneroster_exports")),
    )
    op.create_index("ix_oneroster_exports_created_at_id", "oneroster_exports", ["created_at", "id"], unique=False)
    op.create_table(
        "oneroster_export_files",
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"],
            ["oneroster_exports.id"],
            name=op.f("fk_oneroster_export_files_export_id_oneroster_exports"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("export_id", name=op.f("pk_oneroster_export_files")),
    )
    op.create_table(
        "oneroster_former_teachers",
        sa.Column("classroom_slot_id", sa.Uuid(), nullable=False),
        sa.Column("teacher_id", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["classroom_slot_id"],
            ["classroom_slots.id"],
            name=op.f("fk_oneroster_former_teachers_classroom_slot_id_classroom_slots"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["teacher_id"],
            ["ab_user.id"],
            name=op.f("fk_oneroster_former_teachers_teacher_id_ab_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("classroom_slot_id", "teacher_id", name=op.f("pk_oneroster_former_teachers")),
    )
    op.create_index("ix_oneroster_former_teachers_teacher_id", "oneroster_former_teachers", ["teacher_id"])
    op.create_table(
        "oneroster_courses",
        sa.Column("sourced_id", sa.String(length=255), nullable=False),
        sa.Column(
            "status",
            sa.Enum("active", "tobedeleted", name="status", native_enum=False, create_constraint=True, length=32),
            server_default="active",
            nullable=False,
        ),
        sa.Column("term_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("course_code", sa.String(length=120), nullable=False),
        sa.Column(
            "grades", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column(
            "subjects", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "subject_codes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "metadata", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("sourced_id ~ '^[0-9A-Za-z._/@-]{1,255}$'", name=op.f("ck_oneroster_courses_sourced_id")),
        sa.CheckConstraint(
            "jsonb_array_length(subjects) = jsonb_array_length(subject_codes)",
            name=op.f("ck_oneroster_courses_subject_codes"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_oneroster_courses_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_oneroster_courses_organization_id_organizations"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["term_id"], ["terms.id"], name=op.f("fk_oneroster_courses_term_id_terms"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_oneroster_courses_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oneroster_courses")),
        sa.UniqueConstraint("sourced_id", name=op.f("uq_oneroster_courses_sourced_id")),
    )
    op.create_index("ix_oneroster_courses_organization_id", "oneroster_courses", ["organization_id"], unique=False)
    op.create_index("ix_oneroster_courses_term_id", "oneroster_courses", ["term_id"], unique=False)
    op.create_table(
        "oneroster_classes",
        sa.Column("sourced_id", sa.String(length=255), nullable=False),
        sa.Column(
            "status",
            sa.Enum("active", "tobedeleted", name="status", native_enum=False, create_constraint=True, length=32),
            server_default="active",
            nullable=False,
        ),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("class_code", sa.String(length=120), nullable=True),
        sa.Column("class_type", sa.String(length=16), server_default="scheduled", nullable=False),
        sa.Column("location", sa.String(length=255), nullable=True),
        sa.Column(
            "grades", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "term_ids", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "subjects", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "subject_codes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "periods", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "metadata", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("class_type IN ('homeroom', 'scheduled')", name=op.f("ck_oneroster_classes_class_type")),
        sa.CheckConstraint("jsonb_typeof(term_ids) = 'array'", name=op.f("ck_oneroster_classes_term_ids_list")),
        sa.CheckConstraint("sourced_id ~ '^[0-9A-Za-z._/@-]{1,255}$'", name=op.f("ck_oneroster_classes_sourced_id")),
        sa.CheckConstraint(
            "jsonb_array_length(subjects) = jsonb_array_length(subject_codes)",
            name=op.f("ck_oneroster_classes_subject_codes"),
        ),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["oneroster_courses.id"],
            name=op.f("fk_oneroster_classes_course_id_oneroster_courses"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_oneroster_classes_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_oneroster_classes_organization_id_organizations"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_oneroster_classes_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oneroster_classes")),
        sa.UniqueConstraint("sourced_id", name=op.f("uq_oneroster_classes_sourced_id")),
    )
    op.create_index("ix_oneroster_classes_course_id", "oneroster_classes", ["course_id"], unique=False)
    op.create_index("ix_oneroster_classes_organization_id", "oneroster_classes", ["organization_id"], unique=False)
    op.create_table(
        "oneroster_roles",
        sa.Column("sourced_id", sa.String(length=255), nullable=False),
        sa.Column(
            "status",
            sa.Enum("active", "tobedeleted", name="status", native_enum=False, create_constraint=True, length=32),
            server_default="active",
            nullable=False,
        ),
        sa.Column("oneroster_user_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "administrator",
                "aide",
                "counselor",
                "districtAdministrator",
                "guardian",
                "parent",
                "principal",
                "proctor",
                "relative",
                "siteAdministrator",
                "student",
                "systemAdministrator",
                "teacher",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("role_type", sa.String(length=16), server_default="primary", nullable=False),
        sa.Column("begin_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column(
            "metadata", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("role_type IN ('primary', 'secondary')", name=op.f("ck_oneroster_roles_role_type")),
        sa.CheckConstraint("sourced_id ~ '^[0-9A-Za-z._/@-]{1,255}$'", name=op.f("ck_oneroster_roles_sourced_id")),
        sa.CheckConstraint("end_date >= begin_date", name=op.f("ck_oneroster_roles_ends_after_begin")),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_oneroster_roles_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["oneroster_user_id"],
            ["oneroster_users.id"],
            name=op.f("fk_oneroster_roles_oneroster_user_id_oneroster_users"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_oneroster_roles_organization_id_organizations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_oneroster_roles_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oneroster_roles")),
        sa.UniqueConstraint("sourced_id", name=op.f("uq_oneroster_roles_sourced_id")),
    )
    op.create_index("ix_oneroster_roles_organization_id", "oneroster_roles", ["organization_id"], unique=False)
    op.create_index(
        "uq_oneroster_roles_primary",
        "oneroster_roles",
        ["oneroster_user_id", "organization_id"],
        unique=True,
        postgresql_where=sa.text("role_type = 'primary' AND status = 'active'"),
    )
    op.create_table(
        "oneroster_enrollments",
        sa.Column("sourced_id", sa.String(length=255), nullable=False),
        sa.Column(
            "status",
            sa.Enum("active", "tobedeleted", name="status", native_enum=False, create_constraint=True, length=32),
            server_default="active",
            nullable=False,
        ),
        sa.Column("class_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("oneroster_user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("primary", sa.Boolean(), nullable=True),
        sa.Column("begin_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column(
            "metadata", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint(
            "role IN ('administrator', 'proctor', 'student', 'teacher')", name=op.f("ck_oneroster_enrollments_role")
        ),
        sa.CheckConstraint(
            "sourced_id ~ '^[0-9A-Za-z._/@-]{1,255}$'", name=op.f("ck_oneroster_enrollments_sourced_id")
        ),
        sa.CheckConstraint("end_date >= begin_date", name=op.f("ck_oneroster_enrollments_ends_after_begin")),
        sa.ForeignKeyConstraint(
            ["class_id"],
            ["oneroster_classes.id"],
            name=op.f("fk_oneroster_enrollments_class_id_oneroster_classes"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_oneroster_enrollments_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["oneroster_user_id"],
            ["oneroster_users.id"],
            name=op.f("fk_oneroster_enrollments_oneroster_user_id_oneroster_users"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_oneroster_enrollments_organization_id_organizations"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_oneroster_enrollments_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oneroster_enrollments")),
        sa.UniqueConstraint("sourced_id", name=op.f("uq_oneroster_enrollments_sourced_id")),
    )
    op.create_index("ix_oneroster_enrollments_class_id", "oneroster_enrollments", ["class_id", "role"], unique=False)
    op.create_index(
        "ix_oneroster_enrollments_oneroster_user_id", "oneroster_enrollments", ["oneroster_user_id"], unique=False
    )
    op.create_index(
        op.f("ix_oneroster_enrollments_organization_id"), "oneroster_enrollments", ["organization_id"], unique=False
    )
    # Who is not in the roster any more does not keep a name from others.
    op.drop_index("uq_oneroster_users_username", table_name="oneroster_users")
    op.create_index(
        "uq_oneroster_users_username",
        "oneroster_users",
        [sa.literal_column("lower(username)")],
        unique=True,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.add_column("import_issues", sa.Column("file", sa.String(length=255), server_default="", nullable=False))
    op.drop_index("ix_import_issues_import_id_line", table_name="import_issues")
    op.create_index("ix_import_issues_import_id_file_line", "import_issues", ["import_id", "file", "line", "id"])
    for table in (*BROUGHT_TO, "oneroster_roles", "oneroster_courses", "oneroster_classes", "oneroster_enrollments"):
        op.add_column(table, sa.Column("source_system", sa.String(length=255), nullable=True))
    for table in BROUGHT_TO:
        op.execute(f"SELECT keep_history('{table}', '{NOISE}')")
    for table, left_out in HISTORY.items():
        op.execute(f"SELECT keep_history('{table}', '{left_out}')")
        if table != "oauth_clients":
            op.execute(f"SELECT keep_stamps('{table}')")
    op.execute(STAMPS)
    for statements in (FUNCTIONS, BACKFILL, VIEWS):
        op.execute(statements)


def downgrade() -> None:
    for name in reversed(VIEW_NAMES):
        op.execute(f"DROP VIEW oneroster_v_{name}")
    for index in ("ix_classroom_enrollments_sourced_id", "ix_oneroster_users_demographics"):
        op.execute(f"DROP INDEX {index}")
    for table, trigger in TRIGGERS:
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in DROP_FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.drop_index("ix_import_issues_import_id_file_line", table_name="import_issues")
    op.create_index("ix_import_issues_import_id_line", "import_issues", ["import_id", "line", "id"])
    op.drop_column("import_issues", "file")
    op.drop_index("uq_oneroster_users_username", table_name="oneroster_users")
    op.execute(NAMES_APART)
    op.create_index(
        "uq_oneroster_users_username", "oneroster_users", [sa.literal_column("lower(username)")], unique=True
    )
    for table in BROUGHT_TO:
        op.drop_column(table, "source_system")
        op.execute(f"SELECT keep_history('{table}', '{NOISE}')")
    for table in reversed(NO_HISTORY):
        op.drop_table(table)
    for table in reversed(HISTORY):
        op.drop_table(table)
        op.execute(f"DROP FUNCTION record_update_of_{table}()")
