"""Deployment: everything from an empty database, nothing the second time, and several at once."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid

import pytest
from sqlalchemy import text

from app.extensions import db
from app.policies.roles import GRANTS, Role
from app.services import deployment, permission_sync, sessions
from tests.conftest import at, connect, moved

pytestmark = pytest.mark.slow

STATE = """
    SELECT (SELECT array_agg((r.name, p.name, v.name) ORDER BY 1, 2, 3)::text FROM ab_permission_view_role pvr
            JOIN ab_role r ON r.id = pvr.role_id JOIN ab_permission_view pv ON pv.id = pvr.permission_view_id
            JOIN ab_permission p ON p.id = pv.permission_id JOIN ab_view_menu v ON v.id = pv.view_menu_id),
           (SELECT array_agg((g.name, g.description, r.name) ORDER BY 1)::text FROM ab_group g
            JOIN ab_group_role gr ON gr.group_id = g.id JOIN ab_role r ON r.id = gr.role_id),
           (SELECT stamp FROM permission_stamp), (SELECT max(xmin::text::bigint) FROM ab_role)
"""
COUNTS = "SELECT count(*), count(DISTINCT name) FROM ab_role"


@pytest.fixture
def empty_url(server_url):
    name = f"registrar_empty_{uuid.uuid4().hex[:12]}"
    with connect(server_url) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield at(server_url, name)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def empty_app(app, empty_url):
    with moved(app, empty_url), app.app_context():
        yield app


@pytest.fixture
def deployed(committed_app):
    """The application on a database of its own that was deployed before."""
    with committed_app.app_context():
        yield committed_app


def rows(sql):
    with db.engine.connect() as connection:
        return connection.execute(text(sql)).all()


def test_an_empty_database_becomes_whole_and_the_second_time_nothing_happens(empty_app):
    done = deployment.deploy()
    assert done[0].startswith("schema empty ->")
    assert {"role Super Admin added", "group Engineer added", "system account added"} <= set(done)
    before = rows(STATE)
    assert deployment.deploy() == []
    assert rows(STATE) == before, "not even the stamp moved"


def test_every_role_has_what_the_table_says(deployed):
    held = {}
    for role, permission, view in rows("""
        SELECT r.name, p.name, v.name FROM ab_role r JOIN ab_permission_view_role pvr ON pvr.role_id = r.id
        JOIN ab_permission_view pv ON pv.id = pvr.permission_view_id
        JOIN ab_permission p ON p.id = pv.permission_id JOIN ab_view_menu v ON v.id = pv.view_menu_id
    """):
        held.setdefault(role, set()).add((permission, view))
    for role in GRANTS:
        assert held.get(role.value, set()) == permission_sync.granted(role), role
    everything = permission_sync.declared(deployed.extensions["appbuilder"])
    assert held[Role.SUPER_ADMIN.value] == everything
    assert {name for (name,) in rows("SELECT name FROM ab_role")} == {role.value for role in Role}


def test_the_database_follows_the_code(deployed, monkeypatch):
    stamp = rows("SELECT stamp FROM permission_stamp")
    monkeypatch.setitem(GRANTS, Role.COACH, GRANTS[Role.COACH] | {"Leads": frozenset({"list"})})
    monkeypatch.setitem(GRANTS, Role.TEACHER, {})
    done = deployment.deploy()
    assert "Coach may now can_list on Leads" in done
    assert "Teacher may no longer can_list on Leads" in done
    assert rows("SELECT stamp FROM permission_stamp") > stamp, "so that running processes read them again"
    monkeypatch.undo()
    assert "Teacher may now can_list on Leads" in deployment.deploy()


def test_what_views_no_longer_have_goes_and_roles_made_by_hand_keep_the_rest(deployed):
    with db.engine.begin() as connection:
        connection.execute(
            text("""
            INSERT INTO ab_role (id, name) VALUES (9001, 'By hand');
            INSERT INTO ab_permission (id, name) VALUES (9001, 'can_gone');
            INSERT INTO ab_view_menu (id, name) VALUES (9001, 'Gone');
            INSERT INTO ab_permission_view (id, permission_id, view_menu_id) VALUES (9001, 9001, 9001);
            INSERT INTO ab_permission_view_role (id, permission_view_id, role_id) VALUES (9001, 9001, 9001);
            INSERT INTO ab_permission_view_role (id, permission_view_id, role_id)
            SELECT 9002, pv.id, 9001 FROM ab_permission_view pv JOIN ab_view_menu v ON v.id = pv.view_menu_id
            JOIN ab_permission p ON p.id = pv.permission_id WHERE v.name = 'Leads' AND p.name = 'can_list'
        """)
        )
    assert deployment.deploy() == ["permission can_gone on Gone removed"]
    assert rows("SELECT id FROM ab_permission_view_role WHERE role_id = 9001") == [(9002,)]
    assert rows("SELECT count(*) FROM ab_view_menu WHERE name = 'Gone'") == [(0,)]
    assert rows("SELECT count(*) FROM ab_permission WHERE name = 'can_gone'") == [(0,)]


def test_a_grant_of_what_nothing_has_is_an_error(deployed, monkeypatch):
    before = rows(STATE)
    monkeypatch.setitem(GRANTS, Role.COACH, GRANTS[Role.COACH] | {"Leeds": frozenset({"list"})})
    with pytest.raises(permission_sync.UnknownGrantError, match="can_list on Leeds"):
        deployment.deploy()
    assert rows(STATE) == before


def test_groups_get_back_the_roles_they_carry_and_keep_others(deployed):
    with db.engine.begin() as connection:
        connection.execute(
            text("""
            DELETE FROM ab_group_role WHERE group_id = (SELECT id FROM ab_group WHERE name = 'Engineer');
            INSERT INTO ab_group_role (id, group_id, role_id)
            SELECT 9001, g.id, r.id FROM ab_group g, ab_role r WHERE g.name = 'Engineer' AND r.name = 'Staff'
        """)
        )
    assert deployment.deploy() == ["group Engineer carries Engineer"]
    carried = rows("""
        SELECT r.name FROM ab_group g JOIN ab_group_role gr ON gr.group_id = g.id
        JOIN ab_role r ON r.id = gr.role_id WHERE g.name = 'Engineer' ORDER BY 1
    """)
    assert carried == [("Engineer",), ("Staff",)]


def test_the_systems_account_cannot_log_in(deployed):
    assert rows("SELECT active, password FROM ab_user WHERE username = 'system'") == [(False, None)]
    assert sessions.system().id


DEPLOY = """
import sys
sys.path.insert(0, {root!r})
from tests.conftest import settings
from app import create_app
from app.services import deployment
with create_app(settings({url!r})).app_context():
    print(len(deployment.deploy()))
"""


def test_four_processes_at_once_all_succeed_and_one_does_it(empty_url):
    root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    program = DEPLOY.format(root=root, url=empty_url)
    running = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _machine in range(4)
    ]
    answers = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0, 0], [error for _out, error in answers]
    did = sorted(int(out.split()[-1]) for out, _error in answers)
    assert did[:3] == [0, 0, 0]
    assert did[3] > 20
    with connect(empty_url) as connection:
        count, names = connection.execute(COUNTS).fetchone()
    assert count == names == len(Role)


@pytest.fixture
def role(deployed):
    name = f"app role {uuid.uuid4().hex[:6]}"
    with connect(deployed.config["SQLALCHEMY_DATABASE_URI"]) as connection:
        connection.execute(f'CREATE ROLE "{name}" LOGIN')
        yield name
        connection.execute(f'DROP OWNED BY "{name}"')
        connection.execute(f'DROP ROLE "{name}"')


def test_the_applications_role_may_work_but_not_rewrite_history(deployed, role):
    deployed.config["APP_ROLE"] = role
    deployment.deploy()
    with db.engine.connect() as connection:
        connection.execute(text(f'SET ROLE "{role}"'))
        connection.execute(text("INSERT INTO tags (name) VALUES ('kept')"))
        connection.execute(text("UPDATE tags SET name = 'changed'"))
        assert connection.execute(text("SELECT count(*) FROM row_history WHERE table_name = 'tags'")).scalar_one() == 2
        for table in deployment.APPEND_ONLY:
            for statement in (f"UPDATE {table} SET at = at", f"DELETE FROM {table}", f"TRUNCATE {table}"):
                savepoint = connection.begin_nested()
                with pytest.raises(Exception, match="permission denied"):
                    connection.execute(text(statement))
                savepoint.rollback()
        with pytest.raises(Exception, match="permission denied"):
            connection.execute(text("CREATE TABLE mine (id int)"))
        connection.rollback()


@pytest.mark.parametrize(("name", "problem"), [("nobody at all", "does not exist"), (None, "owns the tables")])
def test_a_wrong_application_role_is_told(deployed, name, problem):
    owner = rows("SELECT current_user")[0][0]
    deployed.config["APP_ROLE"] = name or owner
    with pytest.raises(deployment.DeploymentError, match=problem):
        deployment.deploy()


def test_append_only_tables_are_all_known(deployed):
    """Every table with the trigger is one whose rights are withheld, and the other way round."""
    found = rows("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'append_only'")
    assert {name for (name,) in found} == set(deployment.APPEND_ONLY)
