"""What mappings, servers, pushes and their logs are to people."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import aliased, joinedload

from app.models.edfi import DescriptorMapping, EdFiConnection, EdFiPush, EdFiPushItem
from app.policies.actor import Actor
from app.services import inputs, plain
from app.services.courses.switching import switches
from app.services.edfi import connections, mappings, pushing
from app.services.edfi.labels import LABELS, OUTCOMES, RESOURCE_OPTIONS, STATUSES
from app.services.edfi.schema import descriptor_names
from app.services.resource import Action, Attribute, Kind, Lookup, Option, Resource, register, register_lookup

_DESCRIPTORS = tuple(Option(name, name) for name in descriptor_names())
_connection, _connection_of_item, _push = aliased(EdFiConnection), aliased(EdFiConnection), aliased(EdFiPush)


def _plain(model: Any, name: str, kind: Kind = Kind.TEXT, **more: Any) -> Attribute:
    column = getattr(model, name)
    return Attribute(name, LABELS[name], kind, column, nullable=column.nullable, **more)


MAPPINGS = register(
    Resource(
        name="Descriptor mappings",
        slug="descriptor-mappings",
        model=DescriptorMapping,
        singular=_l("Descriptor mapping"),
        plural=_l("Descriptor mappings"),
        title=mappings.title,
        attributes=(
            _plain(DescriptorMapping, "descriptor", Kind.CHOICE, options=_DESCRIPTORS, sortable=True),
            _plain(DescriptorMapping, "value"),
            _plain(DescriptorMapping, "uri"),
        ),
        search=mappings.SEARCH,
        search_help=_l("Descriptor or value"),
        default_sort="descriptor",
        input=inputs.of(DescriptorMapping, "descriptor", "value", "uri"),
        labels=LABELS,
        options={"descriptor": _DESCRIPTORS},
        create=mappings.create,
        update=mappings.update,
        delete=partial(plain.delete, DescriptorMapping, title=mappings.title),
        icon="tags",
        title_columns=(DescriptorMapping.descriptor, DescriptorMapping.value),
        export_columns=("descriptor", "value", "uri"),
        small=True,
    )
)


CONNECTIONS = register(
    Resource(
        name="Ed-Fi servers",
        slug="edfi-servers",
        model=EdFiConnection,
        singular=_l("Server"),
        plural=_l("Servers"),
        title=connections.title,
        attributes=(
            _plain(EdFiConnection, "name"),
            _plain(EdFiConnection, "base_url"),
            _plain(EdFiConnection, "token_url"),
            _plain(EdFiConnection, "client_id"),
            _plain(EdFiConnection, "school_year", Kind.NUMBER, called=True),
            _plain(EdFiConnection, "extension"),
            _plain(EdFiConnection, "active", Kind.BOOL),
            _plain(EdFiConnection, "nightly", Kind.BOOL),
            _plain(EdFiConnection, "created_at", Kind.DATETIME, sortable=True),
        ),
        search=func.search_fold(EdFiConnection.name),
        search_help=_l("Name"),
        input=connections.ConnectionInput,
        labels=LABELS,
        create=connections.create,
        update=connections.update,
        delete=connections.delete,
        actions=(
            Action(
                "push",
                _l("Push now"),
                pushing.push,
                pushing.may_push,
                icon="send",
                help=_l("Sends everything that changed since the last push, and deletes there what is no more."),
            ),
            Action(
                "try_out",
                _l("Test"),
                connections.try_out,
                lambda actor, record: None,
                icon="activity",
                bulk=False,
                writes=False,
                help=_l("Asks the server for a token. No records are sent."),
            ),
            Action(
                "send_all_again",
                _l("Send all again"),
                connections.send_all_again,
                lambda actor, record: connections.busy(record),
                icon="rotate-ccw",
                bulk=False,
                help=_l("The next push sends everything, also what has not changed: for a server that lost its data."),
            ),
            *switches(EdFiConnection, connections.title),
        ),
        icon="server",
        title_columns=(EdFiConnection.name,),
        export_columns=(),
        small=True,
    )
)


def may_cancel(actor: Actor, push: Any) -> Any:
    return None if push.status in connections.OPEN else _l("It is over.")


PUSHES = register(
    Resource(
        name="Ed-Fi pushes",
        slug="edfi-pushes",
        model=EdFiPush,
        singular=_l("Push"),
        plural=_l("Pushes"),
        title=pushing.push_title,
        attributes=(
            Attribute(
                "connection",
                LABELS["connection"],
                Kind.RELATION,
                _connection.name,
                key=EdFiPush.connection_id,
                join=(_connection, _connection.id == EdFiPush.connection_id),
                lookup="edfi-servers",
            ),
            _plain(EdFiPush, "status", Kind.CHOICE, options=STATUSES),
            _plain(EdFiPush, "total", Kind.NUMBER),
            Attribute("created_at", LABELS["asked_at"], Kind.DATETIME, EdFiPush.created_at, sortable=True),
            _plain(EdFiPush, "started_at", Kind.DATETIME),
            _plain(EdFiPush, "finished_at", Kind.DATETIME),
            _plain(EdFiPush, "message"),
        ),
        labels=LABELS,
        actions=(
            Action(
                "cancel",
                _l("Cancel"),
                pushing.cancel,
                may_cancel,
                icon="x",
                help=_l("What was sent stays sent."),
            ),
        ),
        load=(joinedload(EdFiPush.connection),),
        icon="send",
        title_columns=(EdFiPush.created_at,),
    )
)
_WHEN = func.to_char(_push.created_at, "YYYY-MM-DD HH24:MI")
ITEMS = register(
    Resource(
        name="Ed-Fi push items",
        slug="edfi-push-items",
        model=EdFiPushItem,
        singular=_l("Record of a push"),
        plural=_l("Records of pushes"),
        title=lambda item: f"{item.resource} {item.natural_key}",
        attributes=(
            Attribute("number", LABELS["number"], Kind.NUMBER, EdFiPushItem.id, called=True, sortable=True),
            Attribute(
                "push",
                LABELS["push"],
                Kind.RELATION,
                _WHEN,
                key=EdFiPushItem.push_id,
                join=(_push, _push.id == EdFiPushItem.push_id),
                lookup="edfi-pushes",
            ),
            _plain(EdFiPushItem, "resource", Kind.CHOICE, options=RESOURCE_OPTIONS),
            _plain(EdFiPushItem, "natural_key"),
            _plain(EdFiPushItem, "outcome", Kind.CHOICE, options=OUTCOMES),
            _plain(EdFiPushItem, "status_code", Kind.NUMBER),
            _plain(EdFiPushItem, "message"),
            Attribute("created_at", LABELS["at"], Kind.DATETIME, EdFiPushItem.created_at),
        ),
        search=func.search_fold(EdFiPushItem.natural_key),
        search_help=_l("Record"),
        default_sort="-number",
        labels=LABELS,
        icon="list",
        title_columns=(EdFiPushItem.resource, EdFiPushItem.natural_key),
        export_columns=("number", "resource", "natural_key", "outcome", "status_code", "message", "created_at"),
    )
)


def _servers(actor: Actor) -> Any:
    statement = select(EdFiConnection.id, EdFiConnection.name, EdFiConnection.base_url)
    return statement.order_by(EdFiConnection.name, EdFiConnection.id)


def _pushes(actor: Actor) -> Any:
    when = func.to_char(EdFiPush.created_at, "YYYY-MM-DD HH24:MI")
    statement = select(EdFiPush.id, when, EdFiConnection.name).join(EdFiPush.connection)
    return statement.order_by(EdFiPush.created_at.desc(), EdFiPush.id)


register_lookup(
    Lookup(
        "edfi-servers",
        ("lookup", "Ed-Fi servers"),
        _servers,
        EdFiConnection.name,
        EdFiConnection.id,
        "edfi-servers",
    )
)
register_lookup(
    Lookup("edfi-pushes", ("lookup", "Ed-Fi pushes"), _pushes, EdFiConnection.name, EdFiPush.id, "edfi-pushes")
)
