"""REST of what is printed for a test session."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request, send_file, stream_with_context

from app.api import schemas
from app.api.routes import PREFIX, Api, Parameter, route
from app.services.papers import printing
from app.web import current_actor

BINARY = {"type": "string", "contentMediaType": "application/octet-stream"}


class PaperApi(Api):
    route_base = f"{PREFIX}/test-sessions"
    class_permission_name = "Test sessions"

    @route(
        "GET",
        "/<uuid:session_id>/papers/<paper>.pdf",
        "Print door-list, seating-plan or attendance-register",
        needs="print",
        parameters=(Parameter("room", "The room; all rooms if not given.", schemas.UUID_),),
        answer=BINARY,
        answer_type="application/pdf",
        others=(404,),
    )
    def paper(self, session_id: UUID, paper: str) -> Any:
        made = printing.draw(paper, session_id, request.args.get("room"), actor=current_actor())
        return send_file(made.file, mimetype="application/pdf", as_attachment=True, download_name=made.file_name)

    @route(
        "GET",
        "/<uuid:session_id>/papers.zip",
        "All papers of a session, by room",
        needs="print",
        answer=BINARY,
        answer_type="application/zip",
        others=(404,),
    )
    def papers(self, session_id: UUID) -> Any:
        name, blocks = printing.all_papers(session_id, actor=current_actor())
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(stream_with_context(blocks), mimetype="application/zip", headers=headers)
