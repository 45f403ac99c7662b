"""Seats by hand: the map of a room, moving on it, and the dialog for somebody without a seat.

Students list their own seats: what tells of the seats of others asks for `lookup`, which only who looks after tests has.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, jsonify, redirect, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.services import inputs
from app.services.allocation_plans import rules, seating
from app.services.allocation_plans.schemas import SeatInput
from app.services.errors import Invalid, Refusal
from app.services.test_sessions import ALLOCATIONS, seats
from app.views import forms
from app.views.allocation_plans import seat_page
from app.views.security import current_actor, requires, wants_fragment


class SeatView(BaseView):
    route_base = "/test-sessions"
    class_permission_name = ALLOCATIONS.name

    @expose("/<uuid:session_id>/allocation-status")
    @requires("lookup")
    def status(self, session_id: UUID) -> Any:
        """What the progress bar asks for."""
        run = next(iter(seats.session_for(session_id, current_actor()).runs), None)
        running = run is not None and run.status in rules.BUSY
        return jsonify(
            state="running" if running else "done",
            percent=run.progress if run else 100,
            message=_("Giving seats…"),
            reload=not running,
        )

    @expose("/<uuid:session_id>/seat", methods=["GET", "POST"])
    @requires("add")
    def give(self, session_id: UUID) -> Any:
        """Room and seat for somebody without one."""
        refusal = Refusal()
        raw = {**request.form, "student_id": request.values.get("student_id", "")}
        if request.method == "POST":
            try:
                made = seating.put(session_id, inputs.parse(SeatInput, raw), actor=current_actor())
                flash(made.message, "success")
                return redirect(f"/test-sessions/{session_id}")
            except Refusal as error:
                refusal = forms.shown(error)
        page = seat_page.dialog(session_id, raw["student_id"], refusal, current_actor())
        answer = render_template("seat_dialog.html", page=page, fragment=wants_fragment())
        return answer, refusal.status if str(refusal) else 200

    @expose("/<uuid:session_id>/rooms/<uuid:room_id>")
    @requires("lookup")
    def room(self, session_id: UUID, room_id: UUID) -> Any:
        page = seat_page.seat_map(session_id, room_id, current_actor())
        return render_template("seat_map.html", page=page, fragment=False)

    @expose("/<uuid:session_id>/rooms/<uuid:room_id>/live")
    @requires("lookup")
    def live(self, session_id: UUID, room_id: UUID) -> Any:
        """The map alone, for pages that are open: they ask by themselves."""
        page = seat_page.seat_map(session_id, room_id, current_actor(), live=True)
        return render_template("seat_map.html", page=page, fragment=True)

    @expose("/<uuid:session_id>/rooms/<uuid:room_id>/put", methods=["POST"])
    @requires("move")
    def put(self, session_id: UUID, room_id: UUID) -> Any:
        """Somebody was put on a seat of the map."""
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise Invalid(_("Send the student and the seat as JSON."))
        made = seating.put(session_id, inputs.parse(SeatInput, body | {"room_id": str(room_id)}), actor=current_actor())
        undo = None
        if made.before is not None:
            back = {"student_id": str(made.student_id), "seat_number": made.before.seat_number}
            url = f"/test-sessions/{session_id}/rooms/{made.before.room_id}/put"
            undo = {"url": url, "label": _("Undo"), "data": back}
        return jsonify(message=made.message, undo=undo)
