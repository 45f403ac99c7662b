"""Flask-AppBuilder as it comes: toy tables, stock views and a stock API, on a PostgreSQL of their own.

Each hole is shown here first, so that closing it proves something.
"""

from __future__ import annotations

import enum
import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from flask import Flask, g
from flask.testing import FlaskClient
from flask_appbuilder import AppBuilder, ModelView
from flask_appbuilder.actions import action
from flask_appbuilder.api import ModelRestApi
from flask_appbuilder.models.sqla.filters import FilterEqualFunction
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import CheckConstraint, ForeignKey, create_engine
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, scoped_session, sessionmaker

from app.models.access import User
from tests.conftest import Client

logging.getLogger("flask_appbuilder").setLevel(logging.CRITICAL)  # it tells of every permission that it adds
MANY = 150


class Toy(DeclarativeBase):
    """Apart from the metadata of the application: no migration knows these tables."""


class Company(Toy):
    __tablename__ = "toy_companies"
    __table_args__ = (CheckConstraint("name <> 'Forbidden'", name="not_forbidden"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey(User.__table__.c.id))
    owner: Mapped[Any] = relationship(User, foreign_keys=[owner_id])

    def __repr__(self) -> str:
        return self.name


class Stage(enum.Enum):
    OPEN = "open"
    DONE = "done"


class Deal(Toy):
    __tablename__ = "toy_deals"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(unique=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("toy_companies.id", ondelete="RESTRICT"))
    company: Mapped[Company | None] = relationship()
    stage: Mapped[Stage | None]
    paid: Mapped[bool | None]
    due: Mapped[datetime | None]
    facts: Mapped[Any | None] = mapped_column(JSONB)

    def __repr__(self) -> str:
        return self.title


class Flag(Toy):
    __tablename__ = "toy_flags"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    on: Mapped[bool] = mapped_column("is_on")


class Item(Toy):
    __tablename__ = "toy_items"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str]
    batch: Mapped[uuid.UUID | None]


def _me() -> Any:
    return g.user


class DealView(ModelView):
    datamodel = SQLAInterface(Deal)
    list_columns = ["title", "company"]


class CompanyView(ModelView):
    """One's own companies only, as Flask-AppBuilder's manual does it."""

    datamodel = SQLAInterface(Company)
    base_filters = [["owner", FilterEqualFunction, _me]]
    list_columns = ["name", "owner.username"]
    add_columns = ["name"]
    edit_columns = ["name"]
    search_columns = ["name"]
    related_views = [DealView]
    show_template = "appbuilder/general/model/show_cascade.html"

    @action("rename", "Rename", "Sure?", "fa-pen")
    def rename(self, items: Any) -> Any:
        for item in items if isinstance(items, list) else [items]:
            item.name += "!"
            self.datamodel.session.commit()
        return "done"


class SaleView(ModelView):
    """The same deals, for those who make them."""

    datamodel = SQLAInterface(Deal)
    list_columns = ["title"]
    add_columns = ["title", "company", "due", "facts"]
    edit_columns = ["title", "stage"]
    search_columns = ["title", "company"]


class FlagView(ModelView):
    datamodel = SQLAInterface(Flag)
    add_columns = ["name", "on"]


class ItemView(ModelView):
    datamodel = SQLAInterface(Item)
    list_columns = ["name"]
    search_columns = ["name", "batch"]


class CompanyApi(ModelRestApi):
    resource_name = "company"
    datamodel = SQLAInterface(Company)
    base_filters = [["owner", FilterEqualFunction, _me]]
    list_columns = ["name"]
    add_columns = ["name"]
    edit_columns = ["name"]
    allow_browser_login = True


class DealApi(ModelRestApi):
    resource_name = "deal"
    datamodel = SQLAInterface(Deal)
    list_columns = ["title"]
    add_columns = ["title", "company"]
    edit_columns = ["title", "company"]
    allow_browser_login = True


class ItemApi(ModelRestApi):
    resource_name = "item"
    datamodel = SQLAInterface(Item)
    list_columns = ["name"]
    add_columns = ["name"]
    edit_columns = ["name"]
    allow_browser_login = True


VIEWS = (DealView, CompanyView, SaleView, FlagView, ItemView)
APIS = (CompanyApi, DealApi, ItemApi)


class Stock:
    """A running stock application with a clerk who may use everything but the deals' pages, and a stranger."""

    def __init__(self, app: Flask, session: Any) -> None:
        self.app, self.session = app, session
        self.appbuilder = app.appbuilder  # type: ignore[attr-defined]

    @property
    def security(self) -> Any:
        return self.appbuilder.sm

    def client(self, username: str) -> FlaskClient:
        with self.app.app_context():
            key = self.security.find_user(username).id
        client = self.app.test_client()
        with client.session_transaction() as cookie:
            cookie["_user_id"], cookie["_fresh"] = str(key), True
        return client

    def id_of(self, model: Any, name: str) -> Any:
        title = getattr(model, "title", None) or model.name
        return self.session.query(model.id).filter(title == name).scalar()

    def value(self, column: Any, key: Any) -> Any:
        self.session.rollback()
        return self.session.query(column).filter(column.class_.id == key).scalar()

    def grant(self, role: str, permission: str, view: str) -> None:
        pair = self.security.find_permission_view_menu(permission, view)
        self.security.add_permission_role(self.security.find_role(role), pair)


@contextmanager
def running(url: str) -> Iterator[Stock]:
    """Stock views on this database, which has the tables of accounts already."""
    engine = create_engine(url)
    Toy.metadata.create_all(engine)
    session = scoped_session(sessionmaker(bind=engine))
    app = Flask("stock")
    app.test_client_class = Client
    app.logger.disabled = True
    app.config.update(
        SECRET_KEY="stock" * 10,
        SQLALCHEMY_DATABASE_URI=url,
        WTF_CSRF_ENABLED=False,
        PROPAGATE_EXCEPTIONS=False,
        FAB_PASSWORD_COMPLEXITY_ENABLED=True,
        RATELIMIT_ENABLED=False,
    )
    app.teardown_appcontext(lambda _error: session.remove())
    with app.app_context():
        builder = AppBuilder(app, session)
        for view in VIEWS:
            builder.add_view_no_menu(view)
        for api in APIS:
            builder.add_api(api)
        stock = Stock(app, session)
        _people(stock)
        _rows(stock)
        try:
            yield stock
        finally:
            session.remove()
            engine.dispose()


def _people(stock: Stock) -> None:
    from werkzeug.security import generate_password_hash

    stock.security.add_role("Clerk")
    stock.security.add_role("Help desk")
    for view in stock.appbuilder.baseviews:
        if isinstance(view, (*VIEWS[1:], *APIS)):
            for permission in view.base_permissions:
                stock.grant("Clerk", permission, view.class_permission_name)
    for username in ("clerk", "stranger"):
        stock.security.add_user(
            username,
            username,
            "Toy",
            f"{username}@toy.example",
            stock.security.find_role("Clerk"),
            hashed_password=generate_password_hash("toy password", "pbkdf2:sha256:1"),
        )


def _rows(stock: Stock) -> None:
    clerk, stranger = (stock.security.find_user(name) for name in ("clerk", "stranger"))
    mine, foreign = Company(name="Mine", owner_id=clerk.id), Company(name="Foreign", owner_id=stranger.id)
    stock.session.add_all([mine, foreign])
    stock.session.flush()
    stock.session.add_all([Deal(title="Secret deal", company_id=mine.id), Deal(title="Other", company_id=foreign.id)])
    stock.session.add_all([Company(name=f"Many {number:03}", owner_id=clerk.id) for number in range(MANY)])
    stock.session.add(Item(name="Thing", batch=uuid.uuid4()))
    stock.session.commit()
