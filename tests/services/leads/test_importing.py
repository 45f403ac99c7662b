"""The lead import, on a database of its own: status and progress are written on another connection, where a transaction
that is rolled back in the end would be invisible.
"""

from __future__ import annotations

import csv
import io
import itertools
import unicodedata
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text

from app.extensions import db
from app.models.history import RowHistory
from app.models.imports import Import, ImportStatus
from app.models.leads import Lead, LeadAuditEvent, LeadEvent, LeadNote, LeadStage, Tag, lead_tags
from app.models.notifications import Notification
from app.services import accounts, import_reports, import_undo, imports, school, sessions
from app.services.admissions import waitlist
from app.services.csv_files.writing import export
from app.services.errors import Invalid, NotFound
from app.services.leads import actions, merging
from app.services.leads.import_rows import NAMES
from tests.conftest import clone, make_app
from tests.factories import leads as make
from tests.factories.classroom import School

numbers = itertools.count(1)
DATABASE_LIMITS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def own_app(server_url, template):
    with clone(server_url, template) as url:
        application = make_app(url)
        yield application
        with application.app_context():
            db.engine.dispose()


@pytest.fixture
def staff(own_app):
    with own_app.app_context():
        yield actor("staff")
        db.session.remove()


def actor(username):
    return sessions.load_by_id(accounts.find(username).id)


def phone():
    return f"+4420{next(numbers):08d}"


def table(*rows, header="first_name,last_name,phone"):
    return "\n".join([header, *rows]).encode()


def bring(content, who, **options):
    """Upload, check, confirm and carry out; the import and its faults as (line, column, kind)."""
    job = imports.start("leads", "leads.csv", content, actor=who, options=options)
    assert imports.check(job.id)
    checked = afresh(job)
    counts = (
        checked.total_rows,
        checked.new_rows,
        checked.invalid_rows,
        checked.duplicate_rows,
        checked.unchanged_rows,
    )
    if checked.status is ImportStatus.CHECKED and checked.new_rows:
        imports.confirm(job.id, actor=who)
        assert imports.carry_out(job.id)
        done = afresh(job)
        assert (done.total_rows, done.new_rows, done.invalid_rows, done.duplicate_rows, done.unchanged_rows) == counts
        checked = done
    found, total = import_reports.issues(job.id, who, limit=1000)
    assert len(found) == total
    return checked, [(issue.line, issue.column, issue.kind.value) for issue in found]


def afresh(job):
    return db.session.get_one(Import, job.id, populate_existing=True)


def leads_of(job):
    return list(db.session.scalars(select(Lead).where(Lead.import_id == job.id).order_by(Lead.phone)))


def test_a_lead_has_everything_that_its_row_says(staff):
    today = school.today()
    row = {
        "first_name": "  Zo\u0065\u0308 ",
        "last_name": "'=Haddad",
        "phone": "020 7946 0018",
        "email": "Zoe@Example.org",
        "interest": "Piano",
        "source": "Walk in",
        "owner": "STAFF2@school.example",
        "area": "Old  Town",
        "community": "",
        "address": "1 High Street\nFlat 2",
        "guardian_name": "سلمى",
        "age": "9",
        "expected_budget": "99.50",
        "walk_in_date": "2026-03-31",
        "demo_date": "",
        "follow_up_date": str(today + timedelta(days=1)),
        "notes": "Line one\nline two",
        "tags": "open day; Family, open DAY",
    }
    out = io.StringIO()
    writer = csv.DictWriter(out, row)
    writer.writeheader()
    writer.writerow(row)
    job, faults = bring(out.getvalue().encode(), staff)
    (lead,) = leads_of(job)
    assert (job.status, faults) == (ImportStatus.DONE, [])
    assert (lead.first_name, lead.last_name, lead.phone, lead.phone_raw) == (
        "Zoë",
        "=Haddad",
        "+442079460018",
        "020 7946 0018",
    )
    assert (lead.email, lead.source, lead.owner_id, lead.area) == (
        "Zoe@Example.org",
        "walk_in",
        actor("staff2").id,
        "Old Town",
    )
    assert (lead.community, lead.address, lead.age, str(lead.expected_budget)) == (
        None,
        "1 High Street Flat 2",
        9,
        "99.50",
    )
    assert (lead.walk_in_date, lead.follow_up_date) == (date(2026, 3, 31), today + timedelta(days=1))
    assert lead.stage_id == make.stage("New").id
    assert lead.created_by_id == lead.updated_by_id == staff.id
    assert db.session.scalars(select(LeadNote.body).where(LeadNote.lead_id == lead.id)).all() == ["Line one\nline two"]
    tags = select(func.lower(Tag.name)).join(lead_tags).where(lead_tags.c.lead_id == lead.id).order_by(Tag.name)
    assert db.session.scalars(tags).all() == ["family", "open day"]


def test_audit_history_and_one_notice_per_owner(staff):
    rows = [f"A,B,{phone()},{owner}" for owner in ("staff2", "staff2", "staff", "admin")]
    job, _ = bring(table(*rows, header="first_name,last_name,phone,owner"), staff)
    ids = [lead.id for lead in leads_of(job)]
    events = db.session.scalars(select(LeadAuditEvent).where(LeadAuditEvent.lead_id.in_(ids))).all()
    assert [(event.type, event.actor_id) for event in events] == [(LeadEvent.BULK_IMPORTED, staff.id)] * 4
    assert sorted(event.after["line"] for event in events) == [2, 3, 4, 5]
    history = select(RowHistory.actor_id).where(RowHistory.table_name == "leads", RowHistory.row_id.in_(map(str, ids)))
    assert db.session.scalars(history).all() == [staff.id] * 4
    notices = db.session.execute(
        select(Notification.recipient_id, Notification.title).where(Notification.entity_id == str(job.id))
    ).all()
    assert sorted(notices) == sorted(
        [(actor("staff2").id, "2 new leads for you"), (actor("admin").id, "1 new lead for you")]
    )


def test_all_faults_of_all_rows_are_told_and_the_good_rows_written(staff):
    header = "first_name,last_name,phone,email,source,owner,age,expected_budget,demo_date,follow_up_date,tags"
    job, faults = bring(
        table(
            f"Good,One,{phone()},,,,,,,,",
            ",,,nobody,tv,ghost,121,1.234,2026-02-30,2001-01-01," + "x" * 41,
            "A" * 81 + f",B,{phone()},,,,-1,£5,31/12/2026,tomorrow,",
            "Short,Row",
            f"Good,Two,{phone()},,,student,,,,,",
            f"Good,Three,{phone()},,,,,,,,",
            header=header,
        ),
        staff,
    )
    columns = header.split(",")
    assert faults[:11] == [(3, column, "invalid") for column in columns]
    assert faults[11:] == [
        (4, column, "invalid") for column in ("first_name", "age", "expected_budget", "demo_date", "follow_up_date")
    ] + [
        (5, "", "invalid"),
        (6, "owner", "invalid"),
    ]
    assert (job.status, job.total_rows, job.new_rows, job.invalid_rows) == (ImportStatus.DONE, 6, 2, 4)
    assert [lead.last_name for lead in leads_of(job)] == ["One", "Three"]


def test_duplicates_by_phone_and_email_of_live_leads_and_in_the_file(staff):
    known, gone = (
        make.lead(email="Known@example.org", owner_id=staff.id),
        make.lead(email="gone@example.org", deleted_at=func.now()),
    )
    other, new = phone(), phone()
    header = "first_name,last_name,phone,email"
    content = table(
        f"By,Phone,{known.phone},",
        f"By,Mail,{other},KNOWN@EXAMPLE.ORG",
        f"Not,Deleted,{gone.phone},gone@example.org",
        f"New,One,{new},n@example.org",
        f"Same,Phone,{new},",
        f"Same,Mail,{phone()},N@example.org",
        header=header,
    )
    job, faults = bring(content, staff)
    assert (job.new_rows, job.duplicate_rows) == (2, 4)
    assert faults == [
        (2, "phone", "duplicate"),
        (3, "email", "duplicate"),
        (6, "phone", "duplicate"),
        (7, "email", "duplicate"),
    ]
    issues, _ = import_reports.issues(job.id, staff)
    assert [issue.record_id for issue in issues] == [known.id, known.id, None, None]
    assert issues[0].rule == f"{known.name} already has this phone number."
    assert issues[2].rule == "Line 5 of this file already has this phone number."
    again, faults = bring(content, staff, duplicates="import")
    assert (again.new_rows, again.duplicate_rows, len(faults), len(leads_of(again))) == (6, 6, 6, 6)


def test_a_merged_lead_is_known_as_who_took_over(staff):
    gone, between, kept = make.lead(email="Was@example.org"), make.lead(), make.lead()
    merging.merge([gone.id], actor=actor("admin"), into_id=between.id)
    merging.merge([between.id], actor=actor("admin"), into_id=kept.id)
    other, header = phone(), "first_name,last_name,phone,email"
    rows = [f"By,Phone,{gone.phone},", f"By,Mail,{other},was@EXAMPLE.org", f"Both,Are,{kept.phone},was@example.org"]
    job, faults = bring(table(*rows, f"New,One,{phone()},", header=header), staff)
    assert faults == [(2, "phone", "duplicate"), (3, "email", "duplicate"), (4, "phone", "duplicate")]
    issues, _ = import_reports.issues(job.id, staff)
    assert [issue.record_id for issue in issues] == [kept.id] * 3
    actions.delete([kept.id], actor=actor("admin"))
    job, faults = bring(table(rows[0], header=header), staff)
    assert (job.new_rows, faults) == (1, [])


def test_the_same_file_again_is_unchanged(staff):
    header = "first_name,last_name,phone,email,age"
    rows = [f"A,B,{phone()},u{next(numbers)}@example.org,9", f"C,D,{phone()},,"]
    bring(table(*rows, header=header), staff)
    job, faults = bring(table(*rows, rows[0].replace(",9", ",10"), header=header), staff)
    assert (job.status, job.new_rows, job.unchanged_rows, job.duplicate_rows) == (ImportStatus.CHECKED, 0, 2, 1)
    assert faults == [(4, "phone", "duplicate")]


def test_the_check_writes_no_row_and_shows_the_first_ones(staff):
    before = {
        model: db.session.scalar(select(func.count()).select_from(model))
        for model in (Lead, LeadAuditEvent, Tag, Notification)
    }
    rows = [f"A{number},B,{phone()},fresh tag {number},staff2" for number in range(25)]
    job = imports.start("leads", "leads.csv", table(*rows, header="first_name,last_name,phone,tags,owner"), actor=staff)
    assert imports.check(job.id)
    job = afresh(job)
    assert (job.status, job.new_rows, job.done_rows, job.checked_at is not None) == (ImportStatus.CHECKED, 25, 25, True)
    assert [row["first_name"] for row in job.sample] == [f"A{number}" for number in range(20)]
    assert job.sample[0] | {"stage": "New", "owner": "Staff2 Tester", "tags": "fresh tag 0", "line": 2} == job.sample[0]
    assert {model: db.session.scalar(select(func.count()).select_from(model)) for model in before} == before


def test_who_gets_rows_without_an_owner(staff):
    mine, _ = bring(table(f"A,B,{phone()}"), staff)
    nobodys, _ = bring(table(f"A,B,{phone()}"), staff, default_owner_id=None)
    theirs, _ = bring(table(f"A,B,{phone()}"), staff, default_owner_id=actor("staff2").id)
    assert [leads_of(job)[0].owner_id for job in (mine, nobodys, theirs)] == [staff.id, None, actor("staff2").id]
    with pytest.raises(Invalid):
        imports.start("leads", "x.csv", b"", actor=staff, options={"default_owner_id": actor("student").id})
    with pytest.raises(Invalid):
        imports.start("leads", "x.csv", b"", actor=staff, options={"duplicates": "maybe"})
    with pytest.raises(NotFound):
        imports.start("cats", "x.csv", b"", actor=staff)


@pytest.mark.parametrize("out_of_use", ["account", "role"])
def test_rows_without_an_owner_do_not_go_to_who_left_since_the_check(staff, out_of_use):
    theirs, boss = actor("staff2"), actor("super_admin")
    job = imports.start(
        "leads", "leads.csv", table(f"A,B,{phone()}"), actor=staff, options={"default_owner_id": theirs.id}
    )
    assert imports.check(job.id)
    if out_of_use == "account":
        accounts.deactivate(theirs.id, actor=boss)
    else:
        accounts.set_roles(theirs.id, ["Student"], actor=boss)
    try:
        imports.confirm(job.id, actor=staff)
        imports.carry_out(job.id)
    finally:
        accounts.activate(theirs.id, actor=boss)
        accounts.set_roles(theirs.id, ["Staff"], actor=boss)
    job = afresh(job)
    assert (job.status, leads_of(job)) == (ImportStatus.FAILED, [])
    assert "cannot own leads any more" in job.message


def test_new_leads_begin_in_the_first_active_stage(staff):
    new = make.stage("New")
    new.active = False
    db.session.commit()
    try:
        job, _ = bring(table(f"A,B,{phone()}"), staff)
        assert db.session.get_one(LeadStage, leads_of(job)[0].stage_id).name == "Contacted"
    finally:
        new.active = True
        db.session.commit()


def test_a_file_that_breaks_in_the_middle_writes_nothing(staff):
    job, faults = bring(table(f"A,B,{phone()}", f"C,,{phone()}", f'"D,E,{phone()}'), staff)
    assert (job.status, leads_of(job)) == (ImportStatus.FAILED, [])
    assert faults == [(3, "last_name", "invalid"), (4, "", "file")]
    assert "Line 4" in job.message


def test_undo_keeps_what_somebody_has_worked_with(staff):
    job, _ = bring(
        table(
            *(f"L{number},B,{phone()},{owner}" for number, owner in enumerate(["", "", "", "staff2"])),
            header="first_name,last_name,phone,owner",
        ),
        staff,
    )
    untouched, edited, noted, others = leads_of(job)
    edited.interest = "Violin"
    db.session.add(LeadNote(lead_id=noted.id, body="Called"))
    db.session.commit()
    undone = import_undo.undo(job.id, actor=staff)
    assert (undone.status, undone.message) == (ImportStatus.UNDONE, "Taken back: 1 leads deleted, 3 kept.")
    live = db.session.scalars(select(Lead.id).where(Lead.import_id == job.id, Lead.deleted_at.is_(None))).all()
    assert set(live) == {edited.id, noted.id, others.id}
    issues, _ = import_reports.issues(job.id, staff)
    assert [(issue.line, issue.kind.value, issue.record_id) for issue in issues] == [
        (3, "kept", edited.id),
        (4, "kept", noted.id),
        (5, "kept", others.id),
    ]
    event = select(LeadAuditEvent.type).where(LeadAuditEvent.lead_id == untouched.id).order_by(LeadAuditEvent.at)
    assert db.session.scalars(event).all() == [LeadEvent.BULK_IMPORTED, LeadEvent.DELETED]
    assert import_undo.undo(job.id, actor=staff).message == undone.message


NAME = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]), max_size=30)


@DATABASE_LIMITS
@given(
    rows=st.lists(st.tuples(NAME, NAME, NAME, NAME), min_size=1, max_size=6),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_file_of_good_rows_imports_exactly_them(staff, rows, encoding):
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["first_name", "last_name", "phone", "interest", "notes"])
    expected = []
    for first, last, interest, note in rows:
        number = phone()
        writer.writerow(["F" + first, "L" + last, number, "I" + interest, "N" + note])
        tidy = [
            " ".join(unicodedata.normalize("NFC", value).split()) for value in ("F" + first, "L" + last, "I" + interest)
        ]
        expected.append((*tidy, number, unicodedata.normalize("NFC", ("N" + note).strip())))
    job, faults = bring(out.getvalue().encode(encoding), staff)
    found = (
        select(Lead.first_name, Lead.last_name, Lead.interest, Lead.phone, LeadNote.body)
        .join(LeadNote)
        .where(Lead.import_id == job.id)
    )
    assert faults == []
    assert [tuple(row) for row in db.session.execute(found.order_by(Lead.phone))] == expected


@DATABASE_LIMITS
@given(junk=st.binary(max_size=120) | st.text('a",;\n+4420 =\u0660', max_size=60).map(str.encode))
def test_whatever_is_uploaded_ends_in_a_report(staff, junk):
    job = imports.start("leads", "junk.csv", b"first_name,last_name,phone\n" + junk, actor=staff)
    assert imports.check(job.id)
    job = afresh(job)
    assert job.status in (ImportStatus.CHECKED, ImportStatus.FAILED)
    assert job.message
    assert (
        job.total_rows == job.new_rows + job.invalid_rows + job.duplicate_rows + job.unchanged_rows
        or job.status is ImportStatus.FAILED
    )


def test_what_is_exported_comes_back_the_same(staff):
    columns = [name for name in NAMES if name not in ("owner", "notes", "tags")]
    rows = [
        [
            f"=F{number}",
            "'=L",
            phone(),
            "",
            "-x",
            "web",
            "@area",
            "+c",
            "\tHigh Street",
            "g",
            str(number),
            "10.00",
            "2026-01-01",
            "",
            str(school.today()),
        ]
        for number in range(5)
    ]
    out = io.StringIO(newline="")
    csv.writer(out).writerows([columns, *rows])
    job, _ = bring(out.getvalue().encode(), staff)

    def exported(which):
        statement = (
            select(*(getattr(Lead, name) for name in columns)).where(Lead.import_id == which.id).order_by(Lead.phone)
        )
        return b"".join(export(db.session.connection(), statement, columns))

    first = exported(job)
    assert b"'=F0" in first
    db.session.execute(text("SET registrar.erasing = 'on'"))
    db.session.execute(delete(Lead).where(Lead.import_id == job.id))
    db.session.execute(text("SET registrar.erasing = 'off'"))
    db.session.commit()
    again, faults = bring(first, staff)
    assert faults == []
    assert exported(again) == first


def test_the_report_names_file_line_column_value_rule_and_fix(staff):
    job, _ = bring(table(f"=A,,{phone()}", "=B,C,=1+1"), staff)
    report = list(csv.DictReader(io.StringIO(b"".join(import_reports.report(job.id, staff)).decode("utf-8-sig"))))
    assert [(row["file"], row["line"], row["column"], row["value"]) for row in report] == [
        ("leads.csv", "2", "last_name", ""),
        ("leads.csv", "3", "phone", "'=1+1"),
    ]
    assert all(row["rule"].endswith(".") and row["fix"].endswith(".") for row in report)
    with pytest.raises(NotFound):
        import_reports.report(job.id, actor("staff2"))


def test_the_template_is_read_by_the_import(staff):
    job, faults = bring(import_reports.template("leads"), staff)
    assert (job.status, job.total_rows, faults) == (ImportStatus.CHECKED, 0, [])


def test_undo_keeps_who_waits_for_a_place_and_who_was_admitted(staff):
    job, _ = bring(table(*(f"L{number},B,{phone()}" for number in range(3))), staff)
    _untouched, waits, admitted = leads_of(job)
    place = School(staff, capacity=1)
    place.admit(lead_id=admitted.id)
    waitlist.join({"lead_id": waits.id, "classroom_slot_id": place.tuesday.id}, actor=staff)
    undone = import_undo.undo(job.id, actor=staff)
    assert undone.message == "Taken back: 1 leads deleted, 2 kept."
    live = db.session.scalars(select(Lead.id).where(Lead.import_id == job.id, Lead.deleted_at.is_(None))).all()
    assert set(live) == {waits.id, admitted.id}
