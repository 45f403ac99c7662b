"""A small roster: two schools, a year with terms, a class of the classroom, a class that came in a bundle, and its people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import text

from app.extensions import db
from app.models.oneroster import OneRosterClass, OneRosterCourse, OneRosterEnrollment
from app.models.organizations import Organization, Term
from app.models.student_records import Guardian, OneRosterAgent, OneRosterUser
from app.services import accounts
from tests.factories.admissions import admission
from tests.factories.courses import course, slot
from tests.factories.students import student

EARLIER = datetime(2020, 1, 1, tzinfo=UTC)  # in a test, all rows are of one moment


def saved(made: Any) -> Any:
    db.session.add(made)
    db.session.commit()
    return made


def roster(actor: Any) -> SimpleNamespace:
    """What the tests of OneRoster look at. The first school is our own."""
    home = saved(
        Organization(name="Home, School", identifier="H1", school_id=1, sourced_id="org-home", created_at=EARLIER)
    )
    other = saved(
        Organization(
            name="Other", identifier="O1", school_id=2, sourced_id="org-other", parent_id=home.id, grades=["09"]
        )
    )
    year = saved(
        Term(
            title="Year",
            type="schoolYear",
            start_date=date(2020, 9, 1),
            end_date=date(2199, 9, 1),
            school_year=2199,
            sourced_id="year",
        )
    )
    inside = {"start_date": date(2020, 9, 1), "end_date": date(2021, 1, 1), "school_year": 2021}
    term = saved(Term(title="Autumn", type="term", parent_id=year.id, sourced_id="term", **inside))
    saved(Term(title="First", type="gradingPeriod", parent_id=term.id, sourced_id="period", **inside))
    teacher = accounts.find("teacher")
    assert teacher is not None
    piano = course([teacher], name="Piano")
    weekly = [slot(piano, teacher, day, "16:00") for day in (1, 2)]
    learner = student(
        first_name="Zoë",
        last_name='O"Neil\nStone',
        birth_date=date(2012, 2, 29),
        birth_sex_descriptor="uri://ed-fi.org/SexDescriptor#Non-binary",
        races=["White", "Asian"],
        hispanic_latino_ethnicity=False,
        birth_city="Oslo",
    )
    admission(weekly, student_id=learner.id, actor=actor)
    return SimpleNamespace(
        home=home,
        other=other,
        year=year,
        term=term,
        teacher=teacher,
        course=piano,
        slots=weekly,
        student=learner,
        **_imported(other, year),
    )


def user(**values: Any) -> OneRosterUser:
    """A user who came in a bundle."""
    key = values.pop("sourced_id")
    given = {"given_name": "Given", "family_name": "Family", "username": f"user.{key}", "role": "student"}
    return saved(OneRosterUser(sourced_id=key, **{**given, **values}))


def _imported(school: Organization, year: Term) -> dict[str, Any]:
    pupil = user(sourced_id="pupil", org_ids=["org-other"], grades=["09", "10"], student_id=student().id)
    person = saved(Guardian(first_name="Maj", last_name="Berg"))
    parent = user(sourced_id="parent", org_ids=["org-other"], role="guardian", guardian_id=person.id)
    head = user(
        sourced_id="head",
        org_ids=["org-other", "org-home"],
        role="administrator",
        more={"userIds": "{LDAP:head},{Fed:1}", "pronouns": "they", "shoe": "44"},
    )
    saved(OneRosterAgent(oneroster_user_id=pupil.id, agent_id=parent.id))
    listed = {"organization_id": school.id, "grades": ["09"], "subjects": ["Maths, pure"], "subject_codes": ["M1"]}
    maths = saved(OneRosterCourse(sourced_id="maths", title="Maths", course_code="M", term_id=year.id, **listed))
    room = saved(
        OneRosterClass(
            sourced_id="maths-1", title="Maths 1", course_id=maths.id, term_ids=["term"], periods=["1", "2"], **listed
        )
    )
    taken = saved(
        OneRosterEnrollment(
            sourced_id="taken",
            class_id=room.id,
            organization_id=school.id,
            oneroster_user_id=pupil.id,
            role="student",
            begin_date=date(2020, 9, 1),
        )
    )
    return {"pupil": pupil, "parent": parent, "head": head, "maths": maths, "room": room, "taken": taken}


def rows(view: str, where: str = "true") -> list[dict[str, Any]]:
    """Rows of one of our views, in the order of their keys."""
    statement = text(f'SELECT * FROM oneroster_v_{view} WHERE {where} ORDER BY "sourcedId"')
    return [dict(row) for row in db.session.execute(statement).mappings()]


def many_users(number: int) -> None:
    """So many students at `org-home`, by one statement."""
    statement = text("""
        INSERT INTO oneroster_users (sourced_id, username, given_name, family_name, role, org_ids)
        SELECT 'm' || lpad(i::text, 6, '0'), 'many.' || i, 'Given', 'Family' || i % 7, 'student', '["org-home"]'
        FROM generate_series(1, :number) i
    """)
    db.session.execute(statement, {"number": number})
    db.session.commit()
