"""Documents: what is taken, replaced, verified, rejected; and who sees them."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.models.enrollments import DocumentStatus
from app.services.enrollments import documents, progress, steps
from app.services.errors import Invalid, NotAllowed, NotFound, WrongState
from app.services.files import Upload
from app.services.rate_limits import TooMany
from tests.factories import enrollments as make

TYPE = "birth_certificate"


@pytest.fixture
def found(db_session, actors, uploads):
    return make.enrollment_at(5)


def send(found, actors, name="birth.pdf", content=make.PDF, kind=TYPE):
    return documents.upload(found.id, kind, Upload(name, content), actor=actors.guardian)


def test_a_document_is_kept_under_its_digest_outside_of_what_is_served(found, actors, uploads):
    made = send(found, actors, "../../etc/birth certificate.pdf")
    assert (made.file_name, made.content_type, made.status) == (
        "birth certificate.pdf",
        "application/pdf",
        DocumentStatus.SUBMITTED,
    )
    assert documents.place(made).read_bytes() == make.PDF
    assert documents.place(made).is_relative_to(uploads)
    assert send(found, actors).id == made.id


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.pdf", b"<html><script>alert(1)</script>"),
        ("photo.png", make.PDF),
        ("birth.svg", b"<svg/>"),
        ("macro.docx", b"PK\x03\x04rest"),
        ("empty.pdf", b""),
        ("", b"x"),
        ("large.pdf", b"%PDF-" + b"x" * documents.MOST_BYTES),
    ],
)
def test_what_is_no_document_is_refused_at_its_type(found, actors, uploads, name, content):
    with pytest.raises(Invalid) as refused:
        send(found, actors, name, content)
    assert list(refused.value.fields) == [TYPE]
    assert list(uploads.rglob("*.*")) == []


def test_another_file_replaces_one_that_nobody_verified(found, actors):
    first = send(found, actors)
    second = send(found, actors, content=make.PDF + b"2")
    assert first.replaced_at is not None
    assert progress.documents_of(found.id)[TYPE].id == second.id
    documents.verify([second.id], actor=actors.admissions)
    with pytest.raises(WrongState, match="verified already"):
        send(found, actors, content=make.PDF + b"3")
    assert isinstance(documents.verify([first.id], actor=actors.admissions).outcomes[0].refusal, WrongState)


def test_the_step_names_what_is_missing(found, actors):
    send(found, actors)
    with pytest.raises(Invalid) as refused:
        steps.submit(found.id, 5, {}, actor=actors.guardian)
    assert set(refused.value.fields) == {"proof_of_address", "immunization_record"}


def test_a_rejected_document_opens_the_step_again_and_tells_why(db_session, actors, uploads):
    found = make.enrollment_at(6)
    there = progress.documents_of(found.id)[TYPE]
    assert documents.reject([there.id], actor=actors.admissions, reason="Not readable").count("ok") == 1
    assert documents.reject([there.id], actor=actors.admissions, reason="Not readable").count("unchanged") == 1
    db_session.refresh(found)
    assert found.current_step == 5
    told = text("SELECT body FROM notifications WHERE recipient_id = :id AND type = 'document_rejected'")
    assert "Not readable" in db_session.scalar(told, {"id": actors.guardian.id})
    with pytest.raises(Invalid):
        steps.submit(found.id, 5, {}, actor=actors.guardian)
    send(found, actors, content=make.PDF + b"better")
    steps.submit(found.id, 5, {}, actor=actors.guardian)
    db_session.refresh(found)
    assert found.current_step == 6


def test_a_document_is_taken_back_until_it_is_verified(db_session, actors, uploads):
    found = make.enrollment_at(6)
    there = progress.documents_of(found.id)[TYPE]
    documents.take_back(there.id, actor=actors.guardian)
    documents.take_back(there.id, actor=actors.guardian)
    db_session.refresh(found)
    assert found.current_step == 5
    other = progress.documents_of(found.id)["proof_of_address"]
    documents.verify([other.id], actor=actors.admissions)
    with pytest.raises(WrongState):
        documents.take_back(other.id, actor=actors.guardian)


@pytest.mark.parametrize("who", ["coach", "staff", "teacher", "student"])
def test_who_else_sees_no_document(found, actors, who):
    made = send(found, actors)
    other = getattr(actors, who)
    with pytest.raises(NotFound):
        documents.get(made.id, other)
    refusal = documents.verify([made.id], actor=other).outcomes[0].refusal
    assert isinstance(refusal, (NotFound, NotAllowed))


def test_an_unknown_type_or_enrollment_is_not_found(found, actors):
    for kind in ("poem", "a\0", "x" * 300):
        with pytest.raises(NotFound):
            send(found, actors, kind=kind)
    assert isinstance(documents.verify([found.id], actor=actors.admissions).outcomes[0].refusal, NotFound)


def test_files_that_nothing_refers_to_are_cleared_away(found, actors, uploads):
    made = send(found, actors)
    stray = uploads / "documents" / "ab" / ("ab" * 32)
    stray.parent.mkdir()
    stray.write_bytes(b"x")
    assert documents.clean_up() == 1
    assert documents.place(made).exists()


def test_a_file_that_was_replaced_before_it_was_reviewed_is_cleared_away(found, actors):
    replaced = send(found, actors)
    rejected = send(found, actors, content=make.PDF + b"2")
    documents.reject([rejected.id], actor=actors.admissions, reason="Not readable")
    now = send(found, actors, content=make.PDF + b"3")
    shared = send(found, actors, content=make.PDF + b"3", kind="proof_of_address")
    send(found, actors, content=make.PDF + b"4", kind="proof_of_address")
    assert documents.clean_up() == 1
    there = [documents.place(each).exists() for each in (replaced, rejected, now, shared)]
    assert there == [False, True, True, True]
    assert send(found, actors).sha256 == replaced.sha256
    assert documents.place(replaced).exists(), "the same file once more is kept anew"


def test_uploads_are_limited_for_each_enrollment(found, actors, monkeypatch):
    monkeypatch.setattr(documents, "MOST_UPLOADS", 2)
    for number in (b"1", b"2", b"2"):
        made = send(found, actors, content=make.PDF + number)
    with pytest.raises(TooMany):
        send(found, actors, content=make.PDF + b"3")
    assert progress.documents_of(found.id)[TYPE].id == made.id
    send(make.enrollment_at(5), actors)
