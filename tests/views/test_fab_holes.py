"""Flask-AppBuilder's holes for someone with little rights: each as it is in stock, and closed here."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.leads import Lead, LeadNote
from app.policies.roles import Role
from app.services import accounts, listing, sessions
from app.services.errors import Invalid, NotAllowed
from app.services.leads import LEADS
from tests.conftest import make_app
from tests.factories.leads import lead
from tests.policies.world import grant
from tests.views.stock import Company, Deal
from tests.views.test_fab_types import lead_form


@pytest.fixture
def foreign(actors):
    """A lead that a teacher may not see, beside one that they may."""
    lead(assigned_teacher_id=actors.teacher.id, last_name="Visible")
    return lead(assigned_teacher_id=actors.teacher2.id, last_name="Hidden")


def test_actions_on_rows_that_one_may_not_see(stock, client_of, actors, foreign):
    clerk, key = stock.client("clerk"), stock.id_of(Company, "Foreign")
    assert clerk.get(f"/companyview/show/{key}").status_code != 200, "hidden on its page"
    clerk.get(f"/companyview/action/rename/{key}")
    clerk.post("/companyview/action_post", data={"action": "rename", "rowid": [str(key)]})
    assert stock.value(Company.name, key) == "Foreign!!", "stock is broken: executed, by GET and by POST"
    stock.session.query(Company).filter_by(id=key).update({"name": "Foreign"})
    stock.session.commit()

    for username in ("teacher", "student", "public"):
        client = client_of(username)
        for url in ("/leads/actions/add_note", "/leads/action/add_note/1", "/leads/action_post"):
            form = {
                "id": str(foreign.id),
                "_stage": "do",
                "body": "x",
                "action": "add_note",
                "rowid": str(foreign.id),
            }
            assert client.post(url, data=form).status_code in (302, 403, 404, 405)
    grant("Teacher", "can_add_note", "Leads")
    answer = client_of("teacher").post(
        "/leads/actions/add_note", data={"id": str(foreign.id), "_stage": "do", "body": "x"}
    )
    assert "There is no such record, or you may not see it." in answer.text, (
        "also with the permission, its row is out of reach"
    )
    assert "Hidden" not in answer.text
    assert db.session.query(LeadNote).count() == 0


def test_choices_hold_only_what_one_may_see(stock, client_of, foreign):
    clerk = stock.client("clerk")
    assert "Foreign" in clerk.get("/saleview/add").text, "stock is broken: every row is a choice"
    assert "Foreign" in clerk.get("/saleview/list/").text, "stock is broken: in the search form too"
    count = clerk.get("/api/v1/deal/_info").json["add_columns"][1]["count"]
    assert count == stock.session.query(Company).count(), "stock is broken: and in the API"

    teacher = client_of("teacher")
    found = teacher.get("/lookups/leads?q=").json["results"]
    assert [each["text"] for each in found] == ["Asha Visible"]
    assert teacher.get("/lookups/leads?q=hidden").json["results"] == []
    assert teacher.get("/lookups/tags").status_code == 403
    assert "Hidden" not in teacher.get("/leads/").text
    assert "Hidden" not in teacher.get("/search/?q=hidden").text
    people = client_of("staff").get("/lookups/teachers").json["results"]
    assert {each["text"] for each in people} == {"Teacher Tester", "Teacher2 Tester"}, "students are no teachers"


def test_related_records_that_one_may_not_choose(stock, client_of, actors):
    clerk, key = stock.client("clerk"), stock.id_of(Company, "Foreign")
    clerk.post("/saleview/add", data={"title": "By form", "company": str(key)})
    clerk.post(f"/saleview/add?_flt_0_company={key}", data={"title": "By address"})
    clerk.post("/api/v1/deal/", json={"title": "By API", "company": key})
    for title in ("By form", "By API"):
        assert stock.value(Deal.company_id, stock.id_of(Deal, title)) == key, f"stock is broken: {title}"

    staff = client_of("staff")
    student = actors.student.id
    for number, field in enumerate(("owner_id", "assigned_teacher_id")):
        form = lead_form(phone=f"020 7183 875{number}")
        answer = staff.post("/leads/new", data=form | {field: str(student)})
        assert answer.status_code == 422
        assert "Choose one from the list." in answer.text
        assert staff.post(f"/leads/new?{field}={student}&_flt_0_{field}={student}", data=form).status_code == 302
        assert db.session.query(Lead).filter(getattr(Lead, field) == student).count() == 0
    made = lead(owner_id=actors.staff.id)
    answer = staff.post(
        "/leads/actions/assign_owner", data={"id": str(made.id), "_stage": "do", "owner_id": str(student)}
    )
    assert answer.status_code == 422


def test_merging_into_a_lead_of_others(client_of, actors):
    """A related record of an action: staff may see all leads, but change only their own."""
    mine, other = lead(owner_id=actors.staff.id), lead(owner_id=actors.staff2.id)
    answer = client_of("staff").post(
        "/leads/actions/merge", data={"id": str(mine.id), "_stage": "do", "into_id": str(other.id)}
    )
    assert answer.status_code == 403
    db.session.refresh(mine)
    assert mine.deleted_at is None


def test_related_lists_without_the_permission(stock, client_of, actors):
    mine = stock.id_of(Company, "Mine")
    assert stock.client("clerk").get("/dealview/list/").status_code == 403
    assert "Secret deal" in stock.client("clerk").get(f"/companyview/show/{mine}").text, "stock is broken"

    made = lead(assigned_teacher_id=actors.teacher.id, phone="+442071838750")
    twin = lead(phone="+442071838750", last_name="Twin")
    db.session.add(LeadNote(lead_id=made.id, body="Between us"))
    db.session.commit()
    page = client_of("admin").get(f"/leads/{made.id}").text
    assert "Between us" in page
    assert str(twin.id) in page
    page = client_of("teacher").get(f"/leads/{made.id}").text
    assert made.last_name in page
    assert "Between us" not in page, "what staff wrote is theirs"
    assert str(twin.id) not in page


def test_sorting_by_what_is_not_a_column(stock, client_of):
    url = "/companyview/list/?_oc_CompanyView=owner.password&_od_CompanyView=asc"
    assert stock.client("clerk").get(url).status_code == 200, "stock is broken: sorted by the hash of the password"

    lead()
    for wrong in ("owner.password", "owner__password", "password", "search_text", "id", "notes"):
        assert listing.read_query(LEADS, {"sort": [wrong]}).sort == ""
        with pytest.raises(Invalid):
            listing.read_query(LEADS, {"sort": [wrong]}, strict=True)
        assert client_of("admin").get(f"/leads/?sort={wrong}&f={wrong}:contains:a&cols={wrong}").status_code == 200


def stocks_of(app) -> list[str]:
    """The screens and interfaces of Flask-AppBuilder itself that an app serves."""
    views = (type(view) for view in app.appbuilder.baseviews)
    return [view.__name__ for view in views if view.__module__.startswith("flask_appbuilder.")]


def test_a_help_desk_does_not_become_admin(stock, app, actors):
    """In stock `can_edit` on the view of users offers the roles: also one's own."""
    with stock.app.app_context():  # Flask-AppBuilder finds its own session there
        for permission in ("can_edit", "can_show", "can_list"):
            stock.grant("Help desk", permission, "UserDBModelView")
        role, admin = stock.security.find_role("Help desk"), stock.security.find_role("Admin").id
        desk = stock.security.add_user("desk", "De", "Sk", "desk@toy.example", role, hashed_password="x").id
    form = {
        "first_name": "De",
        "last_name": "Sk",
        "username": "desk",
        "active": "y",
        "email": "desk@toy.example",
    }
    stock.client("desk").post(f"/users/edit/{desk}", data=form | {"roles": [str(admin)]})
    with stock.app.app_context():
        held = [role.name for role in stock.security.find_user("desk").roles]
    assert "Admin" in held, "stock is broken"

    assert {"UserDBModelView", "RoleModelView"} <= set(stocks_of(stock.app)), "stock has other names"
    assert stocks_of(app) == []
    for username in ("staff", "admin"):
        actor = getattr(actors, username)
        with pytest.raises(NotAllowed):
            accounts.set_roles(actor.id, [Role.SUPER_ADMIN.value], actor=actor)
        with pytest.raises(NotAllowed):
            accounts.set_roles(actors.student.id, [Role.ADMIN.value], actor=actor)


def test_the_screens_of_accounts_do_not_lift_rights(client_of, actors):
    """An admin edits accounts, and may give no role that only a Super Admin may give, nor change one who has it."""
    admin = client_of("admin")
    form = {
        "username": "admin",
        "first_name": "A",
        "last_name": "B",
        "email": "admin@school.example",
        "roles": ["Super Admin"],
    }
    for key in (actors.admin.id, actors.super_admin.id, actors.admin2.id):
        assert admin.post(f"/accounts/{key}/edit", data=form).status_code in (403, 422)
    new = form | {"username": "mole", "email": "mole@school.example", "password": "purple walruses on ice"}
    assert admin.post("/accounts/new", data=new | {"password_again": new["password"]}).status_code in (
        403,
        422,
    )
    reset = {
        "id": str(actors.super_admin.id),
        "_stage": "do",
        "password": new["password"],
        "password_again": new["password"],
    }
    admin.post("/accounts/actions/reset_password", data=reset)
    admin.post("/accounts/actions/deactivate", data=reset)
    assert accounts.find("mole") is None
    assert actors.admin.roles == {"Admin"}
    row = db.session.execute(text("SELECT active, changed_by_fk FROM ab_user WHERE username = 'super_admin'")).one()
    assert row.active
    assert row.changed_by_fk != actors.admin.id


def test_the_api_takes_no_cookie(stock, app, client_of):
    answer = stock.client("clerk").post("/api/v1/company/", json={"name": "Forged"})
    assert answer.status_code == 201, "stock is broken: no token, no CSRF token"

    routes = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")]
    client = client_of("super_admin")
    for rule in routes:
        if "POST" in rule.methods and not rule.arguments and "login" not in rule.rule:
            assert client.post(rule.rule, json={}).status_code == 401, rule
    assert not any(getattr(view, "allow_browser_login", False) for view in app.extensions["appbuilder"].baseviews)


def test_a_get_deletes_nothing(stock, guarded, actors):
    victim = stock.id_of(Company, "Many 000")
    stock.client("clerk").get(f"/companyview/delete/{victim}")
    assert stock.value(Company.name, victim) is None, "stock is broken"

    made = lead()
    admin = guarded("admin")
    for url in ("/leads/delete", "/leads/actions/finish_follow_up"):
        assert admin.get(url, query_string={"id": str(made.id), "_stage": "do"}).status_code == 200, "asks"
    assert admin.get("/leads/actions/finish_follow_up/undo").status_code == 405
    assert admin.get("/leads/delete/" + str(made.id)).status_code == 404
    db.session.refresh(made)
    assert made.deleted_at is None
    assert made.follow_up_status == "open"


def test_views_keep_nothing_between_requests(stock, app, client_of):
    """Stock list views hold the filters of a request in an attribute that all threads share."""
    view = next(each for each in stock.appbuilder.baseviews if type(each).__name__ == "CompanyView")
    stock.client("clerk").get("/companyview/list/?_flt_0_name=Mine")
    assert view._filters.get_filters_values(), "stock is broken: the filter is still there"

    views = app.extensions["appbuilder"].baseviews
    before = [dict(vars(each)) for each in views]
    lead()
    client_of("admin").get("/leads/?f=last_name:contains:a&q=b&sort=-last_name&cols=name,phone")
    assert [dict(vars(each)) for each in views] == before
    assert not any(hasattr(each, "_filters") for each in views)


def test_an_unreachable_database_does_not_stop_the_start(server_url):
    """Stock writes its tables and permissions when it starts; four at once on an empty database fail. Ours writes
    nothing.
    """
    application = make_app("postgresql+psycopg://nobody@127.0.0.1:1/none")
    assert application.config["FAB_CREATE_DB"] is False
    assert application.config["FAB_UPDATE_PERMS"] is False
    assert not application.config.get("FAB_ADD_SECURITY_VIEWS")
    answer = application.test_client().get("/static/favicon.svg")
    assert answer.status_code == 200


def test_permissions_are_compared_whole(app, actors):
    """`FAB_ROLES` matches prefixes; nothing of ours does."""
    assert not app.config.get("FAB_ROLES")
    staff = actors.staff
    assert staff.may("add", "Leads")
    assert not staff.may("add", "Lead")
    assert not staff.may("add_", "Leads")
    assert not staff.may("ad", "Leads")


def test_weak_passwords_are_refused_by_the_service_too(stock, db_session):
    """In stock only the form of the screen looks at a password."""
    with stock.app.app_context():
        clerk = stock.security.find_role("Clerk")
        assert stock.security.add_user("weak", "We", "Ak", "weak@toy.example", clerk, password="a"), "stock is broken"

    with pytest.raises(Invalid) as refused:
        accounts.create_account(username="weak", password="a", roles=["Staff"], actor=sessions.system())
    assert "password" in refused.value.fields
