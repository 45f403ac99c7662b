"""The papers of a test session, to be printed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request, send_file, stream_with_context
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.policies.actor import Actor
from app.services.papers import printing
from app.views.page import Link
from app.views.security import current_actor, requires

RESOURCE = "Test sessions"


class PaperView(BaseView):
    route_base = "/test-sessions"
    class_permission_name = RESOURCE
    default_view = "paper"

    @expose("/<uuid:session_id>/papers/<paper>.pdf")
    @requires("print")
    def paper(self, session_id: UUID, paper: str) -> Any:
        """Of one room, with `room`, or of all of them."""
        made = printing.draw(paper, session_id, request.args.get("room"), actor=current_actor())
        return send_file(made.file, mimetype="application/pdf", as_attachment=True, download_name=made.file_name)

    @expose("/<uuid:session_id>/papers.zip")
    @requires("print")
    def papers(self, session_id: UUID) -> Any:
        name, blocks = printing.all_papers(session_id, actor=current_actor())
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(stream_with_context(blocks), mimetype="application/zip", headers=headers)


def links(session_id: Any, actor: Actor) -> list[Link]:
    """What can be printed of a session, for its page."""
    if not actor.may("print", RESOURCE):
        return []
    url = f"/test-sessions/{session_id}/papers"
    return [
        Link(_("Door lists"), f"{url}/door-list.pdf", "door-open"),
        Link(_("Seating plans"), f"{url}/seating-plan.pdf", "table"),
        Link(_("Attendance register"), f"{url}/attendance-register.pdf", "clipboard-check"),
        Link(_("All papers by room"), f"{url}.zip", "archive"),
    ]


def room_links(session_id: Any, room_id: Any, actor: Actor) -> list[Link]:
    """What can be printed of one room in a session."""
    if not actor.may("print", RESOURCE):
        return []
    url = f"/test-sessions/{session_id}/papers"
    return [
        Link(_("Door list"), f"{url}/door-list.pdf?room={room_id}", "door-open"),
        Link(_("Seating plan"), f"{url}/seating-plan.pdf?room={room_id}", "table"),
        Link(_("Register"), f"{url}/attendance-register.pdf?room={room_id}", "clipboard-check"),
    ]
