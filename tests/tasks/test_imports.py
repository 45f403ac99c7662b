"""Imports as a worker runs them."""

from __future__ import annotations

from app.extensions import db
from app.models.imports import Import, ImportStatus
from app.services import accounts, imports, sessions
from tests.conftest import work_off

GOOD = b"first_name,last_name,phone\nAnna,Smith,020 7946 0018\n"


def test_a_worker_checks_and_then_imports(committed_app):
    with committed_app.app_context():
        staff = sessions.load_by_id(accounts.find("staff").id)
        import_id = imports.start("leads", "leads.csv", GOOD, actor=staff).id
    work_off(committed_app)
    with committed_app.app_context():
        assert db.session.get_one(Import, import_id).status is ImportStatus.CHECKED
        imports.confirm(import_id, actor=staff)
    work_off(committed_app)
    with committed_app.app_context():
        assert db.session.get_one(Import, import_id).status is ImportStatus.DONE
