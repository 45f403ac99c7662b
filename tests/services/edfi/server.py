"""A small Ed-Fi ODS/API: tokens that end, natural keys, references that must be there, descriptors that must be known, and
students who may only be touched by who has them at a school. Faults are served on demand.
"""

from __future__ import annotations

import base64
import json
import threading
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.factories.edfi import SECRET

KEYS = {
    "schools": ("schoolId",),
    "students": ("studentUniqueId",),
    "studentSchoolAssociations": ("studentReference", "schoolReference", "entryDate"),
    "studentEducationOrganizationAssociations": ("studentReference", "educationOrganizationReference"),
    "contacts": ("contactUniqueId",),
    "studentContactAssociations": ("studentReference", "contactReference"),
}
REQUIRED = {
    "schools": ("nameOfInstitution", "gradeLevels", "educationOrganizationCategories"),
    "students": ("firstName", "lastSurname", "birthDate"),
    "studentSchoolAssociations": ("entryGradeLevelDescriptor",),
    "contacts": ("firstName", "lastSurname"),
}
# Reference -> the resource it is to, and the property there.
REFERENCES = {
    "studentReference": ("students", "studentUniqueId", "studentUniqueId"),
    "schoolReference": ("schools", "schoolId", "schoolId"),
    "educationOrganizationReference": ("schools", "educationOrganizationId", "schoolId"),
    "contactReference": ("contacts", "contactUniqueId", "contactUniqueId"),
}
Reply = tuple[int, dict[str, str], Any]


class OdsApi:
    """`records[resource]` is what it has, by natural key; `requests` what it was asked; `faults` are answers that the next
    requests get instead, each with what the path has to contain.
    """

    def __init__(self) -> None:
        self.records: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in KEYS}
        self.requests: list[tuple[str, str]] = []
        self.faults: list[tuple[str, int, dict[str, str]]] = []
        self.codes = {"ed-fi.org"}  # namespaces whose descriptors it knows
        self.tokens: dict[str, int] = {}  # token -> requests left
        self.uses = 10_000
        self.expires_in = 1800
        self.year = ""
        self.forbidden: set[str] = set()
        self._lock = threading.Lock()

    def answer(self, method: str, target: str, headers: Any, body: bytes) -> Reply:
        with self._lock:
            path = urlsplit(target).path
            self.requests.append((method, path))
            for fault in self.faults:
                if fault[0] in path:
                    self.faults.remove(fault)
                    return fault[1], fault[2], {"message": "A fault that was asked for."}
            if path == "/oauth/token":
                return self._token(headers, body)
            token = headers.get("Authorization", "").removeprefix("Bearer ")
            if self.tokens.get(token, 0) <= 0:
                return 401, {}, {"title": "Authentication Failed", "detail": "The token is unknown or has ended."}
            self.tokens[token] -= 1
            prefix = f"/data/v3{self.year}/ed-fi/"
            resource, _slash, key = path.removeprefix(prefix).partition("/")
            if not path.startswith(prefix) or resource not in KEYS:
                return 404, {}, {"detail": "There is no such resource."}
            return self._delete(resource, key) if method == "DELETE" else self._upsert(resource, body)

    def _token(self, headers: Any, body: bytes) -> Reply:
        wanted = "Basic " + base64.b64encode(f"key:{SECRET}".encode()).decode()
        if headers.get("Authorization") != wanted:
            return 401, {}, {"error": "invalid_client"}
        if parse_qs(body.decode()).get("grant_type") != ["client_credentials"]:
            return 400, {}, {"error": "unsupported_grant_type"}
        token = uuid.uuid4().hex
        self.tokens[token] = self.uses
        return 200, {}, {"access_token": token, "expires_in": self.expires_in, "token_type": "bearer"}

    def _upsert(self, resource: str, body: bytes) -> Reply:
        sent = json.loads(body)
        if resource in self.forbidden:
            return 403, {}, {"detail": "Access to the resource could not be authorized."}
        missing = [name for name in KEYS[resource] + REQUIRED.get(resource, ()) if not sent.get(name)]
        unknown = [each for each in _descriptors(sent) if each.split("/")[2] not in self.codes]
        if missing or unknown:
            return 400, {}, {"detail": "Data validation failed.", "validationErrors": {"$": missing + unknown}}
        for name, (other, ours, theirs) in REFERENCES.items():
            if name in sent and not any(each[theirs] == sent[name][ours] for each in self.records[other].values()):
                return 409, {}, {"detail": f"The referenced {other} item does not exist."}
        key = json.dumps([sent[name] for name in KEYS[resource]], sort_keys=True)
        known = self.records[resource].get(key)
        if not self._may_touch(resource, sent, new=known is None):
            return 403, {}, {"detail": "No relationships have been established between the caller and the student."}
        identity = known["id"] if known else uuid.uuid4().hex
        self.records[resource][key] = sent | {"id": identity}
        # As behind a proxy that tells nobody its name.
        location = f"http://inner-host/data/v3{self.year}/ed-fi/{resource}/{identity}"
        return 200 if known else 201, {"Location": location}, None

    def _may_touch(self, resource: str, sent: dict[str, Any], *, new: bool) -> bool:
        student = sent.get("studentReference", sent).get("studentUniqueId")
        if student is None or resource == "studentSchoolAssociations" or (resource == "students" and new):
            return True
        at_school = self.records["studentSchoolAssociations"].values()
        return any(each["studentReference"]["studentUniqueId"] == student for each in at_school)

    def _delete(self, resource: str, key: str) -> Reply:
        for known, record in self.records[resource].items():
            if record["id"] == key:
                del self.records[resource][known]
                return 204, {}, None
        return 404, {}, {"detail": "The item was not found."}

    def of(self, resource: str) -> list[dict[str, Any]]:
        return list(self.records[resource].values())

    def counts(self) -> dict[str, int]:
        return {name: len(known) for name, known in self.records.items()}

    def posts(self) -> list[str]:
        return [path.rpartition("/")[2] for method, path in self.requests if method == "POST" and "oauth" not in path]


def _descriptors(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [each for inner in value.values() for each in _descriptors(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in _descriptors(inner)]
    return [value] if isinstance(value, str) and value.startswith("uri://") else []


def serve(api: OdsApi) -> tuple[str, Callable[[], None]]:
    """Its address on this machine, and what stops it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, told = api.answer(self.command, self.path, self.headers, body)
            content = json.dumps(told).encode() if told is not None else b""
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(content))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _do  # noqa: N815 - as http.server calls them

        def log_message(self, *_args: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return f"http://127.0.0.1:{server.server_port}", stop
