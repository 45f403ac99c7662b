"""The pages of enrollment: the link, the steps of a family, the coach, the office."""

from __future__ import annotations

import html
import io
import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from app.models.enrollments import EnrollmentInvitation
from app.services import accounts, school, settings
from app.services.enrollments import deciding, documents, invitations, progress, steps
from app.services.students import records as students
from tests.factories import enrollments as make


@pytest.fixture(autouse=True)
def uploads(app, tmp_path, monkeypatch):
    monkeypatch.setitem(app.config, "UPLOADS_DIR", str(tmp_path))


def test_a_family_comes_from_the_link_to_its_first_step(client_of, db_session, actors):
    found = make.invitation(guardian_name="Amina Haddad")
    link = f"/enroll/{make.token(found)}"
    visitor = client_of("public")
    page = visitor.get(link).text
    assert "You are invited" in page
    assert found.student_last_name in page
    db_session.refresh(found)
    assert found.opened_at is None, "reading a link changes nothing"
    assert visitor.post(link).headers["Location"] == f"{link}/account"
    assert 'value="Amina"' in visitor.get(f"{link}/account").text
    form = {"first_name": "Amina", "last_name": "Haddad", "password": make.PASSWORD, "password_again": "x"}
    answer = visitor.post(f"{link}/account", data=form)
    assert answer.status_code == 422
    assert "This is not the same as above." in answer.text
    answer = visitor.post(f"{link}/account", data=form | {"password_again": make.PASSWORD})
    assert answer.headers["Location"].startswith("/me/enrollments/")
    page = visitor.get(answer.headers["Location"]).text
    assert "1. Program information" in page
    again = client_of("public").get(link)
    assert "Log in to go on" in again.text


@pytest.mark.parametrize("way", ["/enroll/nothing", "/enroll/nothing/account", "/enroll/%00"])
def test_a_link_that_is_none_says_the_same(client_of, db_session, way):
    for method in ("get", "post"):
        answer = getattr(client_of("public"), method)(way)
        assert answer.status_code == 404
        assert "does not work any more" in answer.text


def test_who_has_an_account_logs_in_and_goes_on(client_of, db_session, actors):
    found = make.invitation(guardian_email="guardian@school.example")
    link = f"/enroll/{make.token(found)}/account"
    page = client_of("public").get(link).text
    assert f"/login/?next={link}" in page
    answer = client_of("public").post(
        link, data={"first_name": "A", "last_name": "B", "password": make.PASSWORD, "password_again": make.PASSWORD}
    )
    assert answer.status_code == 409
    answer = client_of("guardian").post(link)
    assert answer.headers["Location"].startswith("/me/enrollments/")
    refused = client_of("coach").post(f"/enroll/{make.token(make.invitation())}/account")
    assert refused.status_code == 409


def test_a_step_that_is_refused_keeps_everything_and_names_the_fields(client_of, db_session, actors):
    found = make.enrollment_at(4)
    url = f"/me/enrollments/{found.id}/steps/4"
    guardian = client_of("guardian")
    answer = guardian.post(url, data=form(make.student_information(birth_date="", last_name="")))
    assert answer.status_code == 422
    assert answer.text.count("This field is required.") + answer.text.count("Must be a date") >= 2
    assert progress.steps_of(found.id)[4].data["first_name"] == "Noor", "kept as a draft"
    assert 'value="Noor"' in guardian.get(url).text
    answer = guardian.post(url, data=form(make.student_information()))
    assert answer.headers["Location"] == f"/me/enrollments/{found.id}"
    assert "5. Documents" in guardian.get(answer.headers["Location"]).text


def form(values):
    return {name: ("1" if value else "0") if isinstance(value, bool) else value for name, value in values.items()}


def test_a_draft_is_kept_by_the_button_and_by_the_script(client_of, db_session, actors):
    found = make.enrollment()
    guardian, url = client_of("guardian"), f"/me/enrollments/{found.id}/steps/1"
    assert guardian.post(url, data={"message": "Half", "_then": "draft"}).status_code == 302
    assert progress.steps_of(found.id)[1].data["message"] == "Half"
    answer = guardian.post(f"{url}/draft", data={"message": "More", "program_interests": "Music"})
    assert answer.json == {"message": "Saved"}
    assert progress.steps_of(found.id)[1].data == {"message": "More", "program_interests": ["Music"]}
    assert guardian.post(f"{url}/draft", data={"message": "x" * 2000}).status_code == 422


def test_an_open_page_does_not_overwrite_what_the_coach_has_set(client_of, db_session, actors):
    found = make.enrollment_at(3)
    guardian, url = client_of("guardian"), f"/me/enrollments/{found.id}/steps/3"
    assert 'name="_version"' in guardian.get(url).text
    deciding.set_shadow_day([found.id], actor=actors.coach, shadow_day=school.today())
    day = school.today().isoformat()
    stale = {"emergency_contact": "Aunt Layla", "_version": "2020-01-01T00:00:00+00:00"}
    answer = guardian.post(f"{url}/draft", data=stale, headers={"Accept": "application/json"})
    assert answer.status_code == 409 and "Someone else changed" in answer.json["message"]
    answer = guardian.post(url, data=stale | {"shadow_day": "", "waivers_signed": "1"})
    assert answer.status_code == 422 and "2020-01-01T00:00:00" in answer.text, "wrong, and still stale"
    answer = guardian.post(url, data=stale | {"shadow_day": "", "_then": "draft"})
    assert answer.status_code == 409 and "Somebody else changed this step" in answer.text
    assert "Aunt Layla" in answer.text and day in answer.text
    assert progress.steps_of(found.id)[3].data == {"shadow_day": day}
    version = re.search(r'name="_version" value="([^"]+)"', answer.text).group(1)
    again = stale | {"shadow_day": day, "waivers_signed": "1", "_version": html.unescape(version)}
    assert guardian.post(url, data=again).status_code == 302
    assert progress.steps_of(found.id)[3].data["emergency_contact"] == "Aunt Layla"


@pytest.mark.parametrize("who", ["guardian", "coach", "staff", "teacher", "student"])
def test_another_familys_enrollment_is_not_there(client_of, db_session, actors, who):
    found = make.enrollment_at(6)
    file = next(iter(progress.documents_of(found.id).values()))
    found.guardian_id = actors.student2.id if accounts.find("student2") else actors.admin.id
    db_session.commit()
    client = client_of(who)
    for url in (
        f"/me/enrollments/{found.id}",
        f"/me/enrollments/{found.id}/steps/1",
        f"/me/enrollments/documents/{file.id}/file",
    ):
        assert client.get(url).status_code in (403, 404), url
    assert client.post(f"/me/enrollments/{found.id}/steps/1", data=make.program()).status_code in (403, 404)
    assert client.post(f"/me/enrollments/documents/{file.id}/remove").status_code in (403, 404)


def test_odd_addresses_are_not_found(client_of, db_session, actors):
    found = make.enrollment()
    guardian = client_of("guardian")
    base = f"/me/enrollments/{found.id}"
    for url in (
        f"{base}/steps/0",
        f"{base}/steps/2",
        f"{base}/steps/99999999999999999999",
        f"/me/enrollments/{uuid4()}",
        "/me/enrollments/x",
    ):
        assert guardian.get(url).status_code == 404, url
    made = make.enrollment_at(5)
    for code in ("poem", "%00", "x" * 300):
        answer = guardian.post(
            f"/me/enrollments/{made.id}/documents/{code}", data={"file": (io.BytesIO(make.PDF), "a.pdf")}
        )
        assert answer.status_code == 404


def test_a_document_is_sent_in_downloaded_and_verified(client_of, db_session, actors):
    found = make.enrollment_at(5)
    guardian, office = client_of("guardian"), client_of("admissions")
    base = f"/me/enrollments/{found.id}"
    wrong = guardian.post(f"{base}/documents/birth_certificate", data={"file": (io.BytesIO(b"<html>"), "a.pdf")})
    assert wrong.status_code == 422
    assert "Files of this kind are not accepted" in wrong.text
    assert guardian.post(f"{base}/documents/birth_certificate").status_code == 422
    sent = guardian.post(f"{base}/documents/birth_certificate", data={"file": (io.BytesIO(make.PDF), "birth.pdf")})
    assert sent.status_code == 302
    made = progress.documents_of(found.id)["birth_certificate"]
    for client, url in (
        (guardian, f"/me/enrollments/documents/{made.id}/file"),
        (office, f"/enrollment-documents/{made.id}/file"),
    ):
        answer = client.get(url)
        assert answer.data == make.PDF
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in answer.headers["Cache-Control"]
    assert client_of("coach").get(f"/enrollment-documents/{made.id}/file").status_code == 403
    page = office.get(f"/enrollment-documents/{made.id}").text
    assert "Verify" in page
    assert office.post("/enrollment-documents/actions/verify", data={"id": made.id, "_stage": "do"}).status_code == 200
    db_session.refresh(made)
    assert made.status.value == "verified"


def test_the_office_opens_and_takes_back_documents_in_place_of_the_family(client_of, db_session, actors):
    found, other = make.enrollment_at(6), make.enrollment_at(5)
    office, base = client_of("admissions"), f"/enrollments/{found.id}"
    page = office.get(f"{base}/steps/5").text
    made = progress.documents_of(found.id)["birth_certificate"]
    assert f'href="/enrollment-documents/{made.id}/file"' in page
    assert f'action="{base}/documents/{made.id}/remove"' in page
    assert office.get(f"/enrollment-documents/{made.id}/file").status_code == 200
    assert office.post(f"/enrollments/{other.id}/documents/{made.id}/remove").status_code == 404
    assert office.post(f"{base}/documents/{made.id}/remove").headers["Location"] == f"{base}/steps/5"
    assert "birth_certificate" not in progress.documents_of(found.id)


def test_saving_for_later_what_is_locked_by_now_says_so_on_the_page(client_of, db_session, actors):
    found, guardian = make.enrollment_at(6), client_of("guardian")
    answer = guardian.post(f"/me/enrollments/{found.id}/steps/1", data={"_then": "draft", "message": "x"})
    assert answer.status_code == 302
    assert "The next step is completed, which locks this one" in guardian.get(answer.headers["Location"]).text


def test_an_invitation_of_a_coach_who_left_can_be_corrected(client_of, db_session, actors):
    found = make.invitation()
    db_session.execute(text("UPDATE ab_user SET active = false WHERE username = 'coach'"))
    typed = {"student_first_name": "Nura", "student_last_name": "Haddad", "guardian_email": found.guardian_email}
    form_ = typed | {"coach_id": found.coach_id, "school_id": found.school_id}
    assert client_of("admissions").post(f"/enrollment-invitations/{found.id}/edit", data=form_).status_code == 302
    db_session.refresh(found)
    assert found.student_first_name == "Nura"


def test_the_documents_of_a_family_are_verified_together_on_its_page(client_of, db_session, actors):
    found = make.enrollment_at(6)
    url, office = f"/enrollments/{found.id}", client_of("admissions")
    page = office.get(url).text
    assert "Waits for the family · 4 documents to verify" in page
    dialog = html.unescape(re.search(r'href="(/enrollment-documents/actions/verify[^"]+)"', page)[1])
    assert "Verify 4 documents" in page
    assert "verify?" not in client_of("coach").get(url).text
    ids = parse_qs(urlsplit(dialog).query)["id"]
    assert office.get(dialog).status_code == 200
    assert office.post("/enrollment-documents/actions/verify", data={"id": ids, "_stage": "do"}).status_code == 200
    page = office.get(url).text
    assert "to verify" not in page and "verify?" not in page


def test_a_consultation_that_took_place_is_not_in_the_future(client_of, db_session, actors):
    found = make.enrollment_at(2)
    steps.submit(found.id, 2, make.consultation(), actor=actors.guardian)
    form_ = client_of("coach").get(f"/enrollments/actions/complete_consultation?id={found.id}").text
    assert f'name="consultation_date" required value="{school.today()}"' in re.sub(r'id="[^"]*" ', "", form_)
    late = make.consultation()
    assert late["consultation_date"] > school.today().isoformat()
    sent = late | {"id": found.id, "_stage": "preview"}
    answer = client_of("coach").post("/enrollments/actions/complete_consultation", data=sent)
    assert (answer.status_code, "Must be today or earlier." in answer.text) == (422, True)


def test_the_record_shows_everything_to_the_coach_and_the_office(client_of, db_session, actors):
    found = make.enrollment_at(6)
    for who in ("coach", "admissions", "admin"):
        page = client_of(who).get(f"/enrollments/{found.id}").text
        assert "Student information" in page
        assert "Documents" in page
        assert "Timeline" in page
        assert "None" not in page
    assert "birth_certificate.pdf" not in client_of("coach").get(f"/enrollments/{found.id}").text
    assert client_of("guardian").get(f"/enrollments/{found.id}").status_code == 403


def test_the_record_leads_to_the_student_while_there_is_one(client_of, db_session, actors):
    found, office = make.enrollment_at(5), client_of("admissions")
    link = f'href="/students/{found.student_id}"'
    assert link in office.get(f"/enrollments/{found.id}").text
    deciding.withdraw([found.id], actor=actors.admissions, reason="Moved away")
    students.delete([found.student_id], actor=actors.admin)
    assert link not in office.get(f"/enrollments/{found.id}").text


def test_records_that_are_missing_have_a_red_badge_and_a_button(client_of, db_session, actors, monkeypatch):
    from app.services.records import creation

    def fault(*_arguments, **_values):
        raise RuntimeError

    found = make.enrollment_at(4)
    with monkeypatch.context() as broken:
        broken.setattr(creation.sets, "write", fault)
        steps.submit(found.id, 4, make.student_information(), actor=actors.guardian)
    office = client_of("admissions")
    page = office.get(f"/enrollments/{found.id}").text
    assert "Records missing" in page
    assert "Retry record creation" in page
    assert "Records missing" in office.get("/enrollments/board/").text
    assert office.post("/enrollments/actions/retry_records", data={"id": found.id, "_stage": "do"}).status_code == 200
    assert "Records missing" not in office.get(f"/enrollments/{found.id}").text


def test_the_office_fills_in_for_the_family(client_of, db_session, actors):
    found = make.enrollment()
    office, url = client_of("admissions"), f"/enrollments/{found.id}/steps/1"
    assert "Program information" in office.get(url).text
    assert office.post(url, data=make.program()).headers["Location"] == f"/enrollments/{found.id}"
    assert office.post(f"/enrollments/{found.id}/steps/2/draft", data={"notes": "x"}).json == {"message": "Saved"}
    assert client_of("coach").get(url).status_code == 403


def test_the_board_has_a_column_for_each_step_and_state(client_of, db_session, actors):
    made = {step: make.enrollment_at(step) for step in (1, 4, 7)}
    page = client_of("coach").get("/enrollments/board/").text
    for title in ("1 Program information", "6 Payment", "Enrolled", "Closed"):
        assert title in page
    assert all(str(each.id) in page for each in made.values())
    assert client_of("coach").get("/enrollments/?f=status:is:enrolled").text.count(f"/enrollments/{made[7].id}") >= 1


def test_the_board_has_no_deleted_enrollments(client_of, db_session, actors):
    gone, live = make.enrollment_at(1), make.enrollment_at(1)
    gone.deleted_at = datetime.now(UTC)
    db_session.commit()
    for role in ("coach", "admin"):
        page = client_of(role).get("/enrollments/board/?deleted=1").text
        assert f"/enrollments/{gone.id}" not in page, role
        assert f"/enrollments/{live.id}" in page, role


def test_a_coach_sees_only_what_they_invited(client_of, db_session, actors):
    found = make.enrollment_at(3)
    found.coach_id = db_session.get_one(EnrollmentInvitation, found.invitation_id).coach_id = actors.admin.id
    db_session.commit()
    coach = client_of("coach")
    assert coach.get(f"/enrollments/{found.id}").status_code == 404
    assert coach.get(f"/enrollment-invitations/{found.invitation_id}").status_code == 404
    answer = coach.post("/enrollments/actions/approve", data={"id": found.id, "_stage": "do"})
    assert "refused" in answer.text
    db_session.refresh(found)
    assert found.coach_decision is None


def test_a_coach_invites_and_sees_the_link_once(client_of, db_session, actors):
    make.hill_school()
    coach = client_of("coach")
    assert "coach_id" not in coach.get("/enrollment-invitations/new").text
    form_ = {
        "student_first_name": "Noor",
        "student_last_name": "Haddad",
        "guardian_email": "a@home.example",
        "program_interests": ["Tennis", "Music"],
    }
    answer = coach.post("/enrollment-invitations/new", data=form_)
    url = answer.headers["Location"]
    assert "/enroll/" in coach.get(url).text
    assert "http://localhost/enroll/" not in coach.get(url).text
    bad = coach.post("/enrollment-invitations/new", data=form_ | {"guardian_email": "x", "grade_level": "99"})
    assert bad.status_code == 422


@pytest.mark.parametrize(
    ("who", "mail", "shown"), [("coach", "smtp://mail", False), ("admissions", "smtp://mail", True)]
)
def test_where_mail_is_sent_only_the_office_is_shown_the_link(
    app, client_of, db_session, actors, monkeypatch, who, mail, shown
):
    """The link proves the address, which the coach names."""
    make.hill_school()
    monkeypatch.setitem(app.config, "SMTP_URL", mail)
    person = {"student_first_name": "Noor", "student_last_name": "Haddad", "guardian_email": "a@home.example"}
    client = client_of(who)
    answer = client.post("/enrollment-invitations/new", data=person | {"coach_id": actors.coach.id})
    assert answer.status_code == 302
    assert ("/enroll/" in client.get(answer.headers["Location"]).text.replace("/enrollment", "")) is shown
    again = {"id": answer.headers["Location"].rpartition("/")[2], "_stage": "do"}
    told = client.post("/enrollment-invitations/actions/resend", data=again).text
    assert (f"/enroll/{make.token(db_session.scalars(select(EnrollmentInvitation)).one())}" in told) is shown


def test_the_form_of_an_invitation_marks_what_has_to_be_chosen(client_of, db_session, actors):
    for who, names in (("admissions", ["school_id", "coach_id"]), ("coach", ["school_id"])):
        form_ = client_of(who).get("/enrollment-invitations/new").text
        labels = re.findall(r'<label class="label" for="f-(school_id|coach_id)">[^<]*<span class="req"', form_)
        assert labels == names


def test_the_link_is_no_page_where_one_was_last(client_of, db_session, actors):
    settings.update({"remember_last_page": True}, actor=actors.guardian)
    link, guardian = f"/enroll/{make.token(make.invitation())}", client_of("guardian")
    assert guardian.get(link).status_code == guardian.get(f"{link}/account").status_code == 200
    assert db_session.scalar(text("SELECT count(*) FROM last_pages")) == 0
    assert guardian.get("/me/enrollments/").status_code == 200
    assert db_session.scalar(text("SELECT count(*) FROM last_pages")) == 1


def test_too_many_files_are_refused_at_the_document(client_of, db_session, actors, monkeypatch):
    monkeypatch.setattr(documents, "MOST_UPLOADS", 1)
    found, guardian = make.enrollment_at(5), client_of("guardian")
    url = f"/me/enrollments/{found.id}/documents/birth_certificate"
    sent = [guardian.post(url, data={"file": (io.BytesIO(make.PDF + each), "a.pdf")}) for each in (b"1", b"2")]
    assert [each.status_code for each in sent] == [302, 429]
    assert "Too many files in a short time. Please try again in an hour." in sent[1].text
    assert guardian.get(f"/me/enrollments/{make.enrollment_at(5).id}").status_code == 200


def test_sending_an_invitation_too_often_is_refused_in_words(client_of, db_session, actors, monkeypatch):
    monkeypatch.setattr(invitations, "MOST_RESENT", 1)
    found, coach = make.invitation(), client_of("coach")
    again = {"id": found.id, "_stage": "do"}
    done = [coach.post("/enrollment-invitations/actions/resend", data=again).text for _time in range(2)]
    words = "This invitation was sent too often. Please try again tomorrow."
    assert [words in each for each in done] == [False, True]
    form_ = {"guardian_email": "other@home.example", "student_first_name": "N", "student_last_name": "H"}
    answer = coach.post(f"/enrollment-invitations/{found.id}/edit", data=form_)
    assert (answer.status_code, words in answer.text) == (429, True)
    db_session.refresh(found)
    assert found.guardian_email != "other@home.example"


def test_the_front_page_of_a_family_tells_where_it_is(db_session, client_of):
    assert "My enrollments</h2>" not in client_of("guardian").get("/").text
    found = make.enrollment_at(4)
    page = client_of("guardian").get("/").text
    assert f'href="/me/enrollments/{found.id}"' in page and "Student information" in page


def test_nothing_is_chosen_that_nobody_chose_and_what_is_empty_is_required(db_session, client_of):
    found = make.enrollment_at(4)
    guardian, url = client_of("guardian"), f"/me/enrollments/{found.id}/steps/4"
    page = guardian.get(url).text
    assert '<option value="" selected>Choose one</option>' in page
    empty = dict.fromkeys(("birth_date", "birth_sex_descriptor", "hispanic_latino_ethnicity", "grade_level"), "")
    answer = guardian.post(url, data=form(make.student_information(races=[], **empty)))
    assert answer.status_code == 422
    assert answer.text.count("This field is required.") == 10, "five fields, each named on top too"
    assert "Must be" not in answer.text and "At least" not in answer.text
