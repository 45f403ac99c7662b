"""Security headers on every answer, whatever its status."""

from __future__ import annotations

from flask import Flask, Response, request
from flask_talisman import Talisman

# Nothing is loaded from elsewhere; scripts only from our own files. Style attributes come from the chart library.
POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


# Whose answers say themselves who may keep them.
KEPT = {"static", "CalendarFeedView.show"}


def init_app(app: Flask) -> None:
    """Install the policy. HSTS and secure cookies follow PUBLIC_URL."""
    secure = str(app.config["PUBLIC_URL"]).startswith("https://")
    Talisman(
        app,
        force_https=False,
        strict_transport_security=secure,
        session_cookie_secure=secure,
        session_cookie_http_only=True,
        content_security_policy=POLICY,
        content_security_policy_nonce_in=["script-src"],
        frame_options="DENY",
        referrer_policy="same-origin",
        permissions_policy={"camera": "()", "microphone": "()", "geolocation": "()"},
    )

    @app.after_request
    def forbid_keeping(response: Response) -> Response:
        """Personal pages are not kept by browsers or proxies; files of the application are, under an address that
        changes with them.
        """
        if request.endpoint not in KEPT:
            response.headers["Cache-Control"] = "no-store"
        elif request.endpoint == "static" and "v" in request.args and response.status_code == 200:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        return response
