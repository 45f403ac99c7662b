"""What a client of the roster service is to people."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import Text as SqlText
from sqlalchemy import cast, func

from app.models.oneroster import OAuthClient
from app.policies.actor import Actor
from app.services.oneroster.oauth import clients
from app.services.resource import Action, Attribute, Kind, Option, Resource, register

_READS: Final = func.translate(cast(OAuthClient.scopes, SqlText), '[]"', "")
SCOPES: Final = (
    Option("roster-core", _l("Core lists")),
    Option("roster", _l("Whole roster")),
    Option("roster-demographics", _l("Demographics")),
)
LABELS: Final = {
    "name": _l("Name"),
    "client_id": _l("Client id"),
    "scopes": _l("May read"),
    "reads": _l("May read"),
    "active": _l("Active"),
    "last_used_at": _l("Last used"),
    "created_at": _l("Made"),
}


def _active(actor: Actor, client: Any) -> Any:
    return None if client.active else _l("It is switched off already.")


def _inactive(actor: Actor, client: Any) -> Any:
    return _l("It is active already.") if client.active else None


CLIENTS: Final = register(
    Resource(
        name="OAuth clients",
        slug="oauth-clients",
        model=OAuthClient,
        singular=_l("Roster client"),
        plural=_l("Roster clients"),
        title=clients.title,
        attributes=(
            Attribute("name", LABELS["name"], Kind.TEXT, OAuthClient.name),
            Attribute("client_id", LABELS["client_id"], Kind.TEXT, OAuthClient.client_id),
            Attribute("reads", LABELS["reads"], Kind.TEXT, _READS, filterable=False),
            Attribute("active", LABELS["active"], Kind.BOOL, OAuthClient.active),
            Attribute("last_used_at", LABELS["last_used_at"], Kind.DATETIME, OAuthClient.last_used_at, nullable=True),
            Attribute("created_at", LABELS["created_at"], Kind.DATETIME, OAuthClient.created_at, sortable=True),
        ),
        input=clients.OAuthClientInput,
        labels=LABELS,
        options={"scopes": SCOPES},
        create=clients.create,
        update=clients.update,
        delete=clients.remove,
        actions=(
            Action(
                "new_secret",
                _l("Make a secret"),
                clients.new_secret,
                lambda actor, client: None,
                help=_l("It is shown once. An earlier secret, and what was signed in with it, stops working at once."),
                icon="key-round",
                bulk=False,
            ),
            Action("deactivate", _l("Switch off"), clients.deactivate, _active, icon="pause"),
            Action("activate", _l("Switch on"), clients.activate, _inactive, icon="play"),
        ),
        search=func.search_fold(OAuthClient.name),
        search_help=_l("Name"),
        icon="key-round",
        title_columns=(OAuthClient.name,),
        export_columns=(),
        small=True,
    )
)
