"""Races about enrollments: the same step twice, two who take one invitation, and what is reviewed while it is replaced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from app.models.enrollments import InvitationStatus
from app.policies.actor import NOBODY
from app.services.enrollments import accepting, deciding, documents, invitations, progress, steps
from app.services.enrollments.links import InvitationOver
from app.services.enrollments.schemas import PaymentMethod
from app.services.files import Upload
from tests.concurrency.racing import Meeting, actor, count, meet_after, meet_before, race, refusals
from tests.factories import enrollments as make

STUDENTS = "SELECT count(*) FROM students"
EVENTS = "SELECT count(*) FROM enrollment_events WHERE type = :type"


@pytest.fixture
def desk(committed_app, tmp_path) -> Iterator[Any]:
    committed_app.config["UPLOADS_DIR"] = str(tmp_path)
    with committed_app.app_context():
        yield committed_app


def test_the_student_information_is_sent_twice_at_once(desk, locked, monkeypatch):
    """With the lock the second finds the first's records, and nothing happens again. Without it both make them, and only
    the unique keys of the records keep them from being there twice.
    """
    key = make.enrollment_at(4).id
    meet_before(monkeypatch, steps, "complete")  # both have read the step; neither has written
    sent = make.student_information()
    results = race(desk, *(lambda: steps.submit(key, 4, sent, actor=actor("guardian")) for _time in range(2)))
    completed = count(EVENTS + " AND details->>'step' = '4'", type="step_completed")
    assert (completed == 1 and refusals(results) == []) is locked, (completed, results)
    assert count(STUDENTS) == 1
    if locked:
        assert count(EVENTS, type="records_created") == 1
        assert count("SELECT count(*) FROM record_creation_attempts") == 1


def test_two_take_one_invitation_at_once(desk, locked, monkeypatch):
    """With the lock the second finds it taken. Without it the unique key refuses the second."""
    found = make.invitation()
    token, password = make.token(found), SecretStr(make.PASSWORD)
    person = {"first_name": "Amina", "last_name": "Haddad", "password": password, "password_again": password}
    meet_after(monkeypatch, accepting, "_lock")
    results = race(
        desk,
        lambda: accepting.accept_as_new(token, person, actor=NOBODY, ip_address=make.HERE),
        lambda: accepting.accept_as_known(token, actor=actor("guardian"), ip_address=make.HERE),
    )
    [refused] = refusals(results)
    assert isinstance(refused, (accepting.InvitationOver, accepting.Conflict)) is True
    assert (isinstance(refused, accepting.InvitationOver) or "account" in str(refused)) is locked, refused
    assert count("SELECT count(*) FROM enrollments") == 1
    assert count("SELECT count(*) FROM enrollment_steps") == 6


def test_an_invitation_is_revoked_while_it_is_taken(desk, locked, monkeypatch):
    """It is revoked, and there is no enrollment; or it is accepted, and the revocation is refused. Without the lock both
    are told that it is done.
    """
    found = make.invitation()
    key, token, meeting = found.id, make.token(found), Meeting()
    meet_after(monkeypatch, accepting, "_lock", meeting)
    meet_after(monkeypatch, invitations, "_check", meeting)
    taken, revoked = race(
        desk,
        lambda: accepting.accept_as_known(token, actor=actor("guardian"), ip_address=make.HERE).id,
        lambda: invitations.revoke([key], actor=actor("coach")).outcomes[0],
    )
    made = count("SELECT count(*) FROM enrollments")
    assert made == (not isinstance(taken, InvitationOver))
    assert ((made == 1) != (revoked.state == "ok")) is locked, (taken, revoked)
    if locked:
        status = InvitationStatus.ACCEPTED if made else InvitationStatus.REVOKED
        assert count("SELECT count(*) FROM enrollment_invitations WHERE status = :s", s=status.value) == 1


def test_the_payment_and_the_last_verification_come_at_once(desk, locked, monkeypatch):
    """Each waits for the other's transaction: the one that comes last completes the enrollment, once. Without the lock
    neither sees the other, and the family waits for ever.
    """
    found = make.enrollment_at(6)
    key, there = found.id, {code: each.id for code, each in progress.documents_of(found.id).items()}
    last = there.pop("birth_certificate")
    documents.verify(list(there.values()), actor=actor("admin"))
    meet_after(monkeypatch, steps, "settle", Meeting())
    paid = {"payment_method": PaymentMethod.CASH, "deposit_amount": 250}
    done = race(
        desk,
        lambda: deciding.record_payment([key], actor=actor("admissions"), **paid),
        lambda: documents.verify([last], actor=actor("admin")),
    )
    assert [each.count("ok") for each in done] == [1, 1]
    enrolled = count("SELECT count(*) FROM enrollments WHERE status = 'enrolled' AND deposit_paid")
    assert (enrolled, count(EVENTS, type="enrolled")) == ((1, 1) if locked else (0, 0))


def test_two_send_the_same_document_at_once(desk, locked, monkeypatch):
    """With the lock one replaces the other. Without it the unique key refuses the second."""
    key = make.enrollment_at(5).id
    meet_after(monkeypatch, progress, "documents_of")
    files = [Upload("a.pdf", make.PDF + b"a"), Upload("b.pdf", make.PDF + b"b")]
    results = race(
        desk,
        *(
            lambda file=file: documents.upload(key, "birth_certificate", file, actor=actor("guardian"))
            for file in files
        ),
    )
    assert (refusals(results) == []) is locked
    assert count("SELECT count(*) FROM enrollment_documents WHERE replaced_at IS NULL") == 1
