"""The screens of enrollment, student records and the standards, checked with axe in light and dark, and on a phone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page
from sqlalchemy import text

from app.extensions import db
from app.services import imports
from app.services.enrollments import progress, steps
from app.services.records import creation
from tests.browser.looks import faults
from tests.factories import bundles
from tests.factories import enrollments as make
from tests.policies.edfi import EdFi
from tests.policies.programs import Programs

# One of each kind of page: lists and forms are drawn by the same templates everywhere.
ENROLLMENT = (
    "/enrollment-invitations/",
    "/enrollment-invitations/{invitation}",
    "/enrollment-invitation-imports/new",
    "/enrollments/board/",
    "/enrollments/{begun}",
    "/enrollments/{begun}/steps/1",
    "/enrollments/{failed}",
    "/enrollments/actions/record_payment?id={paying}",
    "/enrollment-documents/",
    "/enrollment-documents/{document}",
)
RECORDS = (
    "/students/{student}",
    "/record-creation/",
)
STANDARDS = (
    "/oneroster-exports/new",
    "/oneroster-exports/{export}",
    "/oneroster-imports/{good}",
    "/oneroster-imports/{bad}",
    "/oauth-clients/new",
    "/edfi/",
    "/edfi/problems",
    "/edfi-servers/{server}",
    "/edfi-pushes/{push}",
)


@pytest.fixture(autouse=True)
def uploads(committed_app, tmp_path, monkeypatch):
    monkeypatch.setitem(committed_app.config, "UPLOADS_DIR", str(tmp_path))


@pytest.fixture
def families(committed_app, monkeypatch) -> dict[str, Any]:
    """Families at several steps: one whose records could not be made, one that pays, one that is through."""
    with committed_app.app_context():
        begun, failed = make.enrollment_at(1), make.enrollment_at(4)
        with monkeypatch.context() as broken:
            broken.setattr(creation.sets, "write", lambda **_values: 1 / 0)
            steps.submit(failed.id, 4, make.student_information(), actor=make.actor("guardian"))
        paying, enrolled = make.enrollment_at(6), make.enrollment_at(7)
        made = {
            "invitation": make.invitation(message="See you soon").id,
            "begun": begun.id,
            "failed": failed.id,
            "paying": paying.id,
            "document": progress.documents_of(paying.id)["birth_certificate"].id,
            "student": enrolled.student_id,
        }
        db.session.remove()
        return made


@pytest.fixture
def programs(committed_app) -> dict[str, Any]:
    """An export, a program that reads, an import to be confirmed and a faulty one, and a server with a push."""
    with committed_app.app_context():
        admin, rows = make.actor("admin"), bundles.rows()
        exported, edfi = Programs(), EdFi()
        made = {
            "export": exported.keys["OneRosterExportView"],
            "server": edfi.keys["EdFiConnectionView"],
            "push": edfi.keys["EdFiPushView"],
        }
        for name in ("good", "bad"):
            job = imports.start("oneroster", "bundle.zip", bundles.bundle(rows), actor=admin, queued=False)
            imports.check(job.id)
            made[name] = job.id
            rows["users.csv"][0] |= {"grades": "9", "email": "<b>x"}
        db.session.remove()
        return made


def wrong(page: Page, addresses: tuple[str, ...], **keys: Any) -> dict[str, list[str]]:
    """What is wrong with these pages, by their address."""
    found = {}
    for address in addresses:
        answer = page.goto(address.format(**keys))
        assert answer is not None
        assert answer.status == 200, address
        if here := faults(page):
            found[address] = here
    return found


@pytest.mark.parametrize("addresses", [ENROLLMENT, RECORDS], ids=["enrollment", "records"])
def test_what_the_office_sees_of_families(open_page, families, addresses):
    assert wrong(open_page("admin"), addresses, **families) == {}


def test_what_a_coach_sees_of_families(open_page, families):
    assert wrong(open_page("coach"), ("/enrollments/board/", "/enrollments/{begun}"), **families) == {}


def test_the_standards(open_page, programs):
    assert wrong(open_page("admin"), STANDARDS, **programs) == {}


def test_the_link_of_an_invitation(open_page, committed_app):
    with committed_app.app_context():
        known = {"guardian_email": "guardian@school.example"}
        links = tuple(f"/enroll/{make.token(make.invitation(**values))}" for values in ({}, known))
        db.session.remove()
    assert wrong(open_page(None), (*links, *(f"{link}/account" for link in links))) == {}
    assert wrong(open_page("guardian"), (f"{links[1]}/account",)) == {}


def test_the_steps_of_a_family(open_page, committed_app):
    with committed_app.app_context():
        mine = tuple(f"/me/enrollments/{make.enrollment_at(step).id}" for step in range(1, 8))
        sent = make.enrollment_at(2)
        steps.submit(sent.id, 2, make.consultation(), actor=make.actor("guardian"))
        waiting = f"/me/enrollments/{sent.id}"
        assert db.session.scalar(text("SELECT count(*) FROM enrollments")) == 8
        db.session.remove()
    done = tuple(f"{mine[5]}/steps/{step}" for step in range(1, 6))
    assert wrong(open_page("guardian"), ("/me/enrollments/", *mine, waiting, *done)) == {}
