"""What a page sends twice is done once: each form has a key of its own, and a second press finds what the first one did."""

from __future__ import annotations

import html
import io
import re
from uuid import UUID, uuid4

import pytest
from flask import g, request
from sqlalchemy import event, func, select, text

from app.extensions import db
from app.models.access import IdempotencyKey
from app.models.admissions import Admission
from app.models.classroom import ClassCredit
from app.models.content import DownloadableResource
from app.models.enrollments import EnrollmentInvitation
from app.models.leads import Lead, LeadNote
from app.models.roster import RosterShift
from app.services import school
from app.views import once
from app.views.once import FIELD
from tests.factories import enrollments as make
from tests.factories.classroom import School
from tests.factories.leads import lead, stage
from tests.services.roster.conftest import make_desk

SENT_BEFORE = "This was sent before, and is not done again."
SAID_SOMETHING_ELSE = "This form was sent before, with something else in it"


@pytest.fixture
def staff(client_of):
    return client_of("staff")


def hidden(page: str, form: str = "") -> dict[str, str]:
    """What the form with this address (else all of the page) sends beside what is typed."""
    [inside] = re.findall(rf'<form method="post" action="{re.escape(form)}".*?</form>', page, re.S) if form else [page]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', inside)
    return {name: html.unescape(value) for name, value in found}


def key_of(page: str) -> str:
    key = hidden(page)[FIELD]
    assert str(UUID(key)) == key
    return key


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model))


def person(**values: str) -> dict[str, str]:
    return {
        "first_name": "Amina",
        "last_name": "Haddad",
        "phone": "+44 20 7946 0018",
        "follow_up_date": str(school.today()),
    } | values


def test_a_new_record_is_made_once(staff, db_session):
    form = person(**{FIELD: key_of(staff.get("/leads/new").text)})
    answers = [staff.post("/leads/new", data=form) for _twice in range(2)]
    assert [each.status_code for each in answers] == [302, 302] and count(Lead) == 1
    assert answers[0].location == answers[1].location == f"/leads/{db.session.scalars(select(Lead.id)).one()}"
    told = staff.get(answers[1].location).text
    assert "Amina Haddad is saved." in told and "Amina Haddad was saved before, and is not saved again." in told


def test_without_a_key_each_form_is_one_of_its_own(staff, db_session):
    for key in ({}, {FIELD: ""}, {FIELD: "no key"}, {FIELD: "\0" * 300}):
        answer = staff.post("/leads/new", data=person(accept_duplicates="1", **key))
        assert answer.status_code == 302
    assert count(Lead) == 4 and count(IdempotencyKey) == 0


def test_a_refused_form_keeps_its_key_and_may_be_corrected(staff, db_session):
    key = key_of(staff.get("/leads/new").text)
    refused = staff.post("/leads/new", data=person(phone="x", **{FIELD: key}))
    assert refused.status_code == 422 and key_of(refused.text) == key and count(IdempotencyKey) == 0
    for _twice in range(2):
        assert staff.post("/leads/new", data=person(**{FIELD: key})).status_code == 302
    assert count(Lead) == 1


def test_a_form_that_was_sent_and_now_says_something_else_is_asked_about(staff, db_session):
    """Who went back and typed another name may mean a second person: nothing is lost, and nothing done unasked."""
    key = key_of(staff.get("/leads/new").text)
    staff.post("/leads/new", data=person(**{FIELD: key}))
    other = person(first_name="Omar", phone="+44 20 7946 0019")
    asked = staff.post("/leads/new", data=other | {FIELD: key})
    assert asked.status_code == 409 and SAID_SOMETHING_ELSE in asked.text and "Idempotency" not in asked.text
    assert 'value="Omar"' in asked.text and count(Lead) == 1
    fresh = key_of(asked.text)
    assert fresh != key
    assert staff.post("/leads/new", data=other | {FIELD: fresh}).status_code == 302 and count(Lead) == 2


def test_the_same_key_on_another_page_is_another_form(staff, db_session):
    key = key_of(staff.get("/leads/new").text)
    staff.post("/leads/new", data=person(**{FIELD: key}))
    made = db.session.scalars(select(Lead.id)).one()
    note = {"id": str(made), "_stage": "preview", "body": "Called.", FIELD: key}
    assert staff.post("/leads/actions/add_note", data=note).status_code == 409 and count(LeadNote) == 0


def test_keys_are_ones_own(client_of, db_session):
    form = person(accept_duplicates="1", **{FIELD: str(uuid4())})
    for name in ("staff", "staff2"):
        assert client_of(name).post("/leads/new", data=form).status_code == 302
    assert count(Lead) == 2


def test_save_and_add_another_has_a_key_of_its_own(staff, db_session):
    key = key_of(staff.get("/leads/new").text)
    answer = staff.post("/leads/new", data=person(_then="add", **{FIELD: key}))
    assert answer.location == "/leads/new"
    assert key_of(staff.get(answer.location).text) != key
    # Which of the buttons is pressed says nothing of the person.
    assert "/leads/new" not in staff.post("/leads/new", data=person(**{FIELD: key})).location
    assert count(Lead) == 1


def test_a_change_has_no_key(staff, db_session, actors):
    assert FIELD not in hidden(staff.get(f"/leads/{lead(owner_id=actors.staff.id).id}/edit").text)


def test_credits_are_given_once(client_of, actors, db_session):
    made, admin = School(actors.admin).admit(), client_of("admin")
    form = {"admission_id": str(made.id), "classes": "2", "note": "Ill"}
    form[FIELD] = key_of(admin.get("/class-credits/new").text)
    answers = [admin.post("/class-credits/new", data=form) for _twice in range(2)]
    assert answers[0].location == answers[1].location
    assert db.session.scalars(select(ClassCredit.classes)).all() == [2]


def test_where_one_goes_on_is_the_same(client_of, db_session):
    desk, admin = make_desk(), client_of("admin")
    form = {"roster_id": str(desk.week.id), "day": "2", "start_time": "10:00", "end_time": "12:00", "place": ""}
    form[FIELD] = str(uuid4())
    before = count(RosterShift)
    for _twice in range(2):
        assert admin.post("/roster-shifts/new", data=form).location == f"/rosters/{desk.week.id}"
    assert count(RosterShift) == before + 1


def test_a_file_is_taken_once_and_another_file_is_another_form(client_of, db_session):
    admin, key = client_of("admin"), key_of(client_of("admin").get("/downloadable-resources/new").text)

    def send(content: bytes) -> int:
        form = {"title": "Rules", FIELD: key, "file": (io.BytesIO(content), "rules.pdf")}
        return admin.post("/downloadable-resources/new", data=form, content_type="multipart/form-data").status_code

    assert [send(b"%PDF-1.7 x"), send(b"%PDF-1.7 x"), send(b"%PDF-1.7 y")] == [302, 302, 409]
    assert db.session.scalars(select(DownloadableResource.size)).all() == [len(b"%PDF-1.7 x")]


def test_all_files_of_a_field_are_read_by_what_is_done(app, actors):
    read: list[bytes] = []
    files = [(io.BytesIO(content), "f.txt") for content in (b"one", b"two")]
    with app.test_request_context("/x", method="POST", data={FIELD: str(uuid4()), "file": files}):
        g.actor = actors.admin
        once.do(lambda: read.extend(each.read() for each in request.files.getlist("file")))
    assert read == [b"one", b"two"]


def extra(staff, made) -> dict[str, str]:
    """The dialog of extra classes, filled."""
    asked = staff.get(f"/admissions/actions/add_extra_classes?id={made}").text
    return {"classes": "3", **hidden(asked, "/admissions/actions/add_extra_classes")}


def test_extra_classes_are_added_once(staff, actors, db_session):
    made = School(actors.staff).admit().id
    form = extra(staff, made)
    first, second = (staff.post("/admissions/actions/add_extra_classes", data=form) for _twice in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert db.session.get_one(Admission, made, populate_existing=True).extra_classes == 3
    assert SENT_BEFORE not in first.text and SENT_BEFORE in second.text
    body = '<ul class="outcomes".*?</ul>|<div class="dialog-foot">.*?</div>|data-quick="[^"]*"'
    assert re.findall(body, first.text, re.S) == re.findall(body, second.text, re.S) != []
    # Asked anew, it is done anew.
    assert staff.post("/admissions/actions/add_extra_classes", data=extra(staff, made)).status_code == 200
    assert db.session.get_one(Admission, made, populate_existing=True).extra_classes == 6


def test_a_refused_dialog_keeps_its_key(staff, actors, db_session):
    made = School(actors.staff).admit().id
    form = extra(staff, made)
    refused = staff.post("/admissions/actions/add_extra_classes", data=form | {"classes": "x"})
    assert refused.status_code == 422
    assert hidden(refused.text, "/admissions/actions/add_extra_classes")[FIELD] == form[FIELD]
    for _twice in range(2):
        staff.post("/admissions/actions/add_extra_classes", data=form)
    other = staff.post("/admissions/actions/add_extra_classes", data=form | {"classes": "4"})
    assert other.status_code == 409 and SAID_SOMETHING_ELSE in other.text
    assert hidden(other.text, "/admissions/actions/add_extra_classes")[FIELD] != form[FIELD]
    assert db.session.get_one(Admission, made, populate_existing=True).extra_classes == 3


def test_what_was_refused_altogether_may_be_sent_again(staff, actors, db_session):
    """The reason may be gone by then."""
    made = School(actors.staff).admit().id
    form = extra(staff, made)
    admission = db.session.get_one(Admission, made)
    status, admission.status = admission.status, "cancelled"
    db.session.commit()
    assert 'class="refused"' in staff.post("/admissions/actions/add_extra_classes", data=form).text
    assert count(IdempotencyKey) == 0
    admission.status = status
    db.session.commit()
    assert 'class="ok"' in staff.post("/admissions/actions/add_extra_classes", data=form).text


def test_a_quick_note_is_written_once(staff, actors, db_session):
    made = lead(owner_id=actors.staff.id)
    url = f"/leads/actions/add_note?id={made.id}"
    form = {"body": "Called.", **hidden(staff.get(f"/leads/{made.id}").text, url)}
    first, second = (staff.post(url, data=form, headers={"X-Fragment": "1"}) for _twice in range(2))
    assert first.status_code == second.status_code == 200 and count(LeadNote) == 1
    assert 'data-quick="Add note: done"' in first.text and 'data-quick="Add note: done"' in second.text


def test_many_some_refused_through_the_preview(staff, actors, db_session):
    mine, other = lead(owner_id=actors.staff.id), lead(owner_id=actors.staff2.id)
    chosen = {"id": [str(mine.id), str(other.id), str(uuid4())]}
    url = "/leads/actions/change_stage"
    asked = hidden(staff.post(url, data=chosen).text, url)
    asked["stage_id"] = str(stage("Contacted").id)
    shown = hidden(staff.post(url, data=asked | chosen).text, url)
    assert shown["_stage"] == "do" and shown[FIELD] == asked[FIELD]
    first, second = (staff.post(url, data=shown | chosen) for _twice in range(2))
    tallies = [
        re.search(r'<ul class="tally">.*?</ul>\s*<ul class="outcomes".*?</ul>', each.text, re.S)[0]
        for each in (first, second)
    ]
    assert tallies[0] == tallies[1] and 'class="ok"' in tallies[0] and 'class="refused"' in tallies[0]
    undo = [re.search(r'action="(/leads/actions/change_stage/undo\?[^"]*)"', each.text)[1] for each in (first, second)]
    assert undo[0] == undo[1]
    assert SENT_BEFORE in second.text


def test_all_that_matched_when_it_was_sent(staff, actors, db_session):
    """What matches the list by then is nobody's business: it tells what was done."""
    for _each in range(3):
        lead(owner_id=actors.staff.id)
    form = {"_all": "1", "_query": "f=stage:is:" + str(stage().id), "_stage": "do", FIELD: str(uuid4())}
    form["stage_id"] = str(stage("Contacted").id)
    first, second = (staff.post("/leads/actions/change_stage", data=form) for _twice in range(2))
    title = re.compile(r'id="dialog-title"[^>]*>([^<]*)<')
    assert title.findall(first.text) == title.findall(second.text) == ["Change stage: 3 leads"]


def test_deleting_twice_says_the_same(client_of, db_session):
    made, admin = lead(), client_of("admin")
    form = hidden(admin.get(f"/leads/delete?id={made.id}").text, "/leads/delete")
    assert form["_stage"] == "do"
    first, second = (admin.post("/leads/delete", data=form) for _twice in range(2))
    assert 'class="ok"' in first.text and 'class="ok"' in second.text and "/leads/" in second.text


def test_a_secret_is_told_once_and_kept_nowhere(client_of, db_session):
    admin, url = client_of("admin"), "/oauth-clients/actions/new_secret"
    made = admin.post("/oauth-clients/new", data={"name": "Platform", "scopes": ["roster"], "active": "1"}).location
    form = hidden(admin.get(f"{url}?id={made.rpartition('/')[2]}").text, url)
    first, second = (admin.post(url, data=form).text for _twice in range(2))
    secret = re.search(r"secret (\S{43})\.", first)[1]
    assert secret not in second and "This was told once, in the first answer." in second
    assert "data-quick" not in second, "it stays until it is read"
    assert secret not in str(db.session.scalars(select(IdempotencyKey.answer)).all())


def test_the_link_of_an_invitation_is_told_once(client_of, actors, db_session):
    make.hill_school()
    office, url = client_of("admissions"), "/enrollment-invitations"
    person_ = {"student_first_name": "Noor", "student_last_name": "Haddad", "guardian_email": "a@home.example"}
    form = person_ | {"coach_id": str(actors.coach.id), FIELD: str(uuid4())}
    made = office.post(f"{url}/new", data=form).location
    first = office.get(made).text
    second = office.post(f"{url}/new", data=form, follow_redirects=True).text
    again = {"id": made.rpartition("/")[2], "_stage": "do", FIELD: str(uuid4())}
    third, fourth = (office.post(f"{url}/actions/resend", data=again).text for _twice in range(2))
    assert count(EnrollmentInvitation) == 1
    for told, later in ((first, second), (third, fourth)):
        [link] = re.findall(r"/enroll/[\w-]{20,}", told)
        assert link not in later and "This was told once, in the first answer." in later
        assert link not in str(db.session.scalars(select(IdempotencyKey.answer)).all())


def test_no_password_can_be_guessed_from_what_is_kept(app, monkeypatch):
    """A digest that everybody could make would tell whether a guess is right."""
    made = set()
    for secret in ("one", "another"):
        monkeypatch.setitem(app.config, "SECRET_KEY", secret)
        with app.test_request_context("/accounts/actions/reset_password", method="POST", data={"password": "x"}):
            made.add(once._fingerprint())
    assert len(made) == 2


def test_a_key_costs_two_statements(staff, db_session):
    """To forget old ones is left to the night; one of them that comes again is taken over in the same statement."""
    said: list[str] = []

    def note(_connection, _cursor, statement, *_more):
        said.append(statement)

    form = person(**{FIELD: str(uuid4())})
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert staff.post("/leads/new", data=form).status_code == 302
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert [each.split()[0] for each in said if "idempotency_keys" in each] == ["INSERT", "UPDATE"]
    db.session.execute(text("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'"))
    assert staff.post("/leads/new", data=form | {"accept_duplicates": "1", "age": "9"}).status_code == 302
    assert count(Lead) == 2 and count(IdempotencyKey) == 1
