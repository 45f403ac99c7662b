"""Flask-Admin on the leads: a login, a list without a count, details, form, one bulk action."""

from __future__ import annotations

import re
import sys
import uuid
from typing import Any

from flask import Flask, request
from flask_admin import Admin
from flask_admin.actions import action
from flask_admin.contrib.sqla import ModelView
from flask_admin.contrib.sqla.filters import FilterEqual, IntEqualFilter
from flask_admin.form import SecureForm
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Date, Uuid, func, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bench.peers.common import Case, facts, searches, serve

db = SQLAlchemy()


class User(UserMixin, db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "ab_user"
    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    username: Mapped[str]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Stage(db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "lead_stages"
    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    name: Mapped[str]

    def __str__(self) -> str:
        return self.name


class Lead(db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "leads"
    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    first_name: Mapped[str]
    last_name: Mapped[str]
    phone: Mapped[str]
    email: Mapped[str | None]
    source: Mapped[str]
    area: Mapped[str | None]
    follow_up_date: Mapped[Any] = mapped_column(Date)
    follow_up_status: Mapped[str]
    created_at: Mapped[Any] = mapped_column(db.DateTime(timezone=True), server_default=func.now())
    search_text: Mapped[str] = mapped_column(deferred=True, server_default="")
    stage_id: Mapped[uuid.UUID] = mapped_column(db.ForeignKey("lead_stages.id"))
    owner_id: Mapped[int | None] = mapped_column(db.ForeignKey("ab_user.id"))
    stage: Mapped[Stage] = relationship()
    owner: Mapped[User | None] = relationship()


class LeadAdmin(ModelView):
    form_base_class = SecureForm
    can_view_details = True
    page_size = 25
    simple_list_pager = True
    column_list = (
        "first_name last_name phone email stage owner source follow_up_date follow_up_status created_at".split()
    )
    column_default_sort = ("created_at", True)
    column_searchable_list = ("search_text",)
    column_filters = (FilterEqual(Lead.stage_id, "Stage"), IntEqualFilter(Lead.owner_id, "Owner"))
    column_auto_select_related = True
    form_columns = "first_name last_name phone email stage owner source area follow_up_date follow_up_status".split()
    form_ajax_refs = {"owner": {"fields": ("first_name", "last_name"), "page_size": 20}}

    def is_accessible(self) -> bool:
        return bool(current_user.is_authenticated)

    @action("stage", "Change stage")
    def change_stage(self, ids: list[str]) -> None:
        db.session.execute(update(Lead).where(Lead.id.in_(ids)).values(stage_id=request.form["stage_id"]))
        db.session.commit()


def main(url: str) -> None:
    app = Flask(__name__)
    app.config.update(SQLALCHEMY_DATABASE_URI="postgresql+psycopg://" + url.partition("://")[2], SECRET_KEY="x" * 40)
    db.init_app(app)
    LoginManager(app).user_loader(lambda key: db.session.get(User, int(key)))
    Admin(app, name="Leads").add_view(LeadAdmin(Lead, db, endpoint="lead", url="/leads"))
    known = facts(url)

    @app.get("/login")
    def login() -> str:
        login_user(db.session.execute(db.select(User).filter_by(username="admin")).scalar_one())
        return "in"

    client = app.test_client()
    client.get("/login")
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/leads/new/").text)
    assert found
    form = known.lead | {"csrf_token": found[1], "stage": known.stages[0], "owner": str(known.owner)}

    def get(address: str) -> int:
        return client.get(address).status_code

    def add(number: int) -> int:
        return client.post(
            "/leads/new/", data=form | {"phone": f"+4479{number:08d}", "last_name": f"Lead {number}"}
        ).status_code

    def edit(number: int) -> int:
        return client.post(
            f"/leads/edit/?id={known.newest[number]}", data=form | {"area": f"Area {number}"}
        ).status_code

    def bulk(number: int) -> int:
        data = {"action": "stage", "rowid": known.newest, "stage_id": known.stages[1 + number % 2]}
        return client.post("/leads/action/", data=data | {"csrf_token": found[1]}).status_code

    serve(
        [
            Case("list, 25 rows", lambda _n: get("/leads/")),
            *searches(get, "/leads/?search=", known),
            Case(
                "filter by stage and owner",
                lambda _n: get(f"/leads/?flt0_0={known.stages[0]}&flt1_1={known.owner}"),
            ),
            Case("page 20,000 (the middle)", lambda _n: get(f"/leads/?page={known.leads // 50}")),
            Case("last page", lambda _n: get(f"/leads/?page={known.leads // 25 - 1}")),
            Case("record", lambda _n: get(f"/leads/details/?id={known.newest[0]}")),
            Case("autocomplete: staff", lambda _n: get(f"/leads/ajax/lookup/?name=owner&query={known.staff_name}")),
            Case("form of a new lead", lambda _n: get("/leads/new/")),
            Case("add", add, (302,)),
            Case("edit", edit, (302,)),
            Case("bulk stage change of 1,000", bulk, (302,)),
        ]
    )


if __name__ == "__main__":
    main(sys.argv[1])
