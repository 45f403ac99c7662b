"""The answer for a load balancer."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from flask_appbuilder import BaseView, expose

from app.services import health


class HealthView(BaseView):
    route_base = "/health"
    default_view = "show"

    @expose("/")
    def show(self) -> Any:
        """200 when this process reaches its database, 503 when it does not. Says nothing else, for anybody may ask."""
        health.reach_database()
        return jsonify(status="ok")
