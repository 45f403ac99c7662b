"""Every route and every action, for every role: allowed or refused, as declared."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from app.policies.roles import GRANTS, Role
from app.services import permission_sync
from tests.conftest import PEOPLE
from tests.policies import routes
from tests.policies.world import changed, checksums, undone

pytestmark = pytest.mark.slow

READING = {"GET", "HEAD", "OPTIONS"}
WRITING = "POST"
API = "/api/"  # has its own table, in the tests of the API
ROSTER = "/ims/"  # asks for the token of a program, as its own tests show for every route
OF_LOGINS = {("LogoutView.logout", "POST"), ("LoginView.login", "POST")}  # have their own tests


def rules(app) -> Iterator[tuple]:
    """Every route of the screens with every name by which it can be called."""
    for rule in sorted(app.url_map.iter_rules(), key=str):
        if not rule.rule.startswith((API, ROSTER)):
            for name in routes.names(rule):
                yield rule, name


def address(app, rule, name, world) -> str:
    return app.url_map.bind("localhost").build(rule.endpoint, world.arguments(rule, name))


def send(client, method, url, world, endpoint, accept="text/html"):
    headers = {"Accept": accept}
    if method == "GET":
        return client.get(url, query_string={"id": str(world.record(endpoint))}, headers=headers)
    if endpoint in ("LeadBoardView.move", "SeatView.put"):
        return client.post(url, json=world.form(endpoint), headers=headers)
    return client.post(url, data=world.form(endpoint), headers=headers)


def send_in_vain(client, method, url, world, endpoint):
    """What is refused needs no page around the reason, of which there would be thousands."""
    return send(client, method, url, world, endpoint, accept="application/json")


def was_refused(role, answer) -> bool:
    """A visitor is sent to the login page, or told 401 when a script asks; anyone else gets 403."""
    if role is routes.VISITOR:
        return answer.status_code == 401 or answer.headers.get("Location", "").startswith("/login/")
    return answer.status_code == 403


def test_every_route_is_declared(app):
    for rule, name in rules(app):
        routes.need(rule.endpoint, name)
    endpoints = {rule.endpoint for rule, _name in rules(app)}
    assert endpoints >= routes.PUBLIC_ROUTES
    assert set(routes.OTHER_ROUTES) <= endpoints, "an entry for a route that is gone"


def test_an_undeclared_route_would_fail():
    with pytest.raises(routes.UndeclaredError):
        routes.need("NewView.index")
    with pytest.raises(routes.UndeclaredError):
        routes.need("LeadView.something_new")


def test_every_action_and_every_choice_is_declared(app):
    assert routes.known_actions() == routes.ACTIONS
    assert routes.known_undoable() == routes.UNDOABLE
    assert routes.known_choices() == routes.CHOICES


def test_every_route_reads_or_is_a_post(app):
    for rule, _name in rules(app):
        assert rule.methods - READING <= {WRITING}, rule


def test_the_database_grants_what_the_table_says(app, db_session):
    rows = db_session.execute(
        text("""
            SELECT r.name AS role, p.name AS permission, v.name AS resource FROM ab_role r
            LEFT JOIN ab_permission_view_role pvr ON pvr.role_id = r.id
            LEFT JOIN ab_permission_view pv ON pv.id = pvr.permission_view_id
            LEFT JOIN ab_permission p ON p.id = pv.permission_id
            LEFT JOIN ab_view_menu v ON v.id = pv.view_menu_id
        """)
    ).all()
    held = {(row.role, row.permission, row.resource) for row in rows if row.permission}
    assert {row.role for row in rows} == {role.value for role in Role}
    declared = permission_sync.declared(app.extensions["appbuilder"])
    assert permission_sync.unknown_grants(declared) == []
    for role in Role:
        wanted = declared if role is Role.SUPER_ADMIN else permission_sync.granted(role)
        assert {(word, name) for held_by, word, name in held if held_by == role} == set(wanted), role
    assert GRANTS[Role.PUBLIC] == {}


@pytest.mark.parametrize("role", list(Role), ids=lambda role: PEOPLE.get(role, "public"))
def test_every_route_as_this_role(app, client_of, world, role):
    client = client_of(PEOPLE.get(role, "public"))
    wrong, refused_posts = [], []
    for rule, name in rules(app):
        wanted = routes.need(rule.endpoint, name)
        url = address(app, rule, name, world)
        for method in sorted(rule.methods & {"GET", "POST"}):
            if not routes.may(role, wanted):
                if "POST" in rule.methods:  # one function answers both
                    refused_posts += [(url, rule.endpoint)] if method == "POST" else []
                    continue
                answer = send_in_vain(client, method, url, world, rule.endpoint)
                if not was_refused(role, answer):
                    wrong.append(f"{method} {url}: {answer.status_code}, not refused ({wanted})")
            elif (rule.endpoint, method) not in OF_LOGINS:
                with undone():
                    answer = send(client, method, url, world, rule.endpoint)
                # Of a record that the role may see, a rule may still refuse a change: 403 with the reason.
                ruled = method == "POST" or rule.endpoint.endswith(".edit")
                if answer.status_code in ((401,) if ruled else (401, 403)) or answer.status_code >= 500:
                    wrong.append(f"{method} {url}: {answer.status_code}, although allowed ({wanted})")
    before = checksums()
    for url, endpoint in refused_posts:
        answer = send_in_vain(client, "POST", url, world, endpoint)
        if not was_refused(role, answer):
            wrong.append(f"POST {url}: {answer.status_code}, not refused")
    assert changed(before, checksums()) == [], "a refused POST changed something"
    assert wrong == []


def test_a_get_of_what_is_only_posted_is_405(app, client_of, world):
    client = client_of("super_admin")
    read = {rule.rule for rule, _name in rules(app) if "GET" in rule.methods}
    posted = [(rule, name) for rule, name in rules(app) if rule.rule not in read]
    assert len(posted) > 12
    for rule, name in posted:
        url = address(app, rule, name, world)
        answer = client.get(url)
        if url.endswith("/filters"):
            assert answer.status_code == 404, "reads as the key of a record, of which there is none"
            continue
        assert answer.status_code == 405, rule
        assert answer.headers["Allow"] == "OPTIONS, POST"


# POSTs that only log in or out, or of which the payload here is not one that they can take.
NOT_SHOWN = {
    "LoginView.login": "makes a login",
    "LogoutView.logout": "ends a login",
    "OwnSessionsView.end": "ends a login",
    "OwnSessionsView.end_others": "ends logins",
    "LoginView.code": "needs a login that waits",
    "LoginView.enrol": "needs a login that waits",
    "SecondFactorView.begin": "needs the current password",
    "SecondFactorView.confirm": "needs a code",
    "SecondFactorView.codes": "needs a code",
    "SecondFactorView.off": "needs a code",
    "SettingsView.password": "needs the current password",
    "LeadImportView.new": "needs a file",
    "DownloadableResourceView.add": "needs a file",
    "LeadImportView.confirm": "needs a checked file",
    "LeadImportView.undo": "needs a finished import",
    "OneRosterImportView.new": "needs a file",
    "OneRosterImportView.confirm": "needs a checked bundle",
    "AccountImportView.new": "needs a file",
    "AccountImportView.confirm": "needs a checked file",
    "AccountImportView.undo": "needs a finished import",
    "TestRegistrationImportView.new": "needs a file",
    "TestRegistrationImportView.confirm": "needs a checked file",
    "TestRegistrationImportView.undo": "needs a finished import",
    "StudentRecordImportView.new": "needs a file",
    "StudentRecordImportView.confirm": "needs a checked file",
    "StudentRecordImportView.undo": "needs a finished import",
    "RecordCreationView.retry": "no records are due",
    "IntegrityView.rehearsal": "takes back what it does",
    "InvitationImportView.new": "needs a file",
    "InvitationImportView.confirm": "needs a checked file",
    "InvitationImportView.undo": "needs a finished import",
    "EnrollmentView.upload": "needs a file",
    "MyEnrollmentsView.upload": "needs a file",
    "LeadView.unmerge": "needs a merged lead",
    "InboxView.read": "has no notice of its own",
    "InboxView.archive": "has no notice of its own",
    "InboxView.read_all": "has no notice of its own",
    "LeadView.undo": "only the batches of one's own",
    "AccountView.undo": "nothing of it can be undone",
    "AccountView.edit": "",
    "ClassroomView.mark": "the class is still to come",
}
# Actions that leave these records as they are.
ALREADY_SO = {"activate", "assign_teacher", "assign_owner", "unlink_account", "mark_unpaid", "resume", "complete"}
# The class is still to come and no make-up class, and nothing is planned on the closed day.
ALREADY_SO |= {"mark", "clear", "cancel_makeup", "apply"}
ALREADY_SO |= {"retry_records", "hand_over"}  # none are due; it is that coach's
ALREADY_SO |= {"erase"}  # an admission is not over
ALREADY_SO |= {"make_assistant"}  # the student has no account
ALREADY_SO |= {"new_link"}  # the request waits
ALREADY_SO |= {"cancel_solve", "unpublish", "unpin"}  # the week is a draft, nobody is pinned
ALREADY_SO |= {"open"}  # the session is open
ALREADY_SO |= {"publish"}  # the content is published
ALREADY_SO |= {"try_out"}  # asks another machine, and writes nothing
# The account is in no group.
ALREADY_SO |= {"leave", "remove_member"}


def test_the_same_posts_do_something_for_those_who_may(app, client_of, world):
    """Otherwise their refusal would prove nothing."""
    client = client_of("super_admin")
    idle, before = [], checksums()
    for rule, name in rules(app):
        if "POST" not in rule.methods or rule.endpoint in NOT_SHOWN or rule.endpoint.endswith("delete_filter"):
            continue
        if name in ALREADY_SO:
            continue
        with undone():
            answer = send(client, "POST", address(app, rule, name, world), world, rule.endpoint)
            if not changed(before, checksums()):
                idle.append(f"{rule} {name}: {answer.status_code}")
    assert not idle, "\n".join(idle)
