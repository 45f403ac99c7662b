"""REST of content."""

from __future__ import annotations

import io
import uuid

import pytest

from app.models.content import ContentStatus
from tests.api.conftest import token_of
from tests.factories.content import announcement, download, page

PUBLISHED = {"status": ContentStatus.PUBLISHED}


@pytest.fixture(autouse=True)
def directory(app, tmp_path, monkeypatch):
    monkeypatch.setitem(app.config, "INSTANCE_DIR", str(tmp_path))


@pytest.fixture
def admin(app, db_session):
    return {"Authorization": f"Bearer {token_of(app, 'admin')}"}


def test_what_is_published_is_read_without_a_token(app, db_session):
    client = app.test_client()
    shown, file = announcement(**PUBLISHED), download(**PUBLISHED)
    announcement(), download(), page(slug="draft")
    page(slug="rules", **PUBLISHED)
    base = "/api/v1/published"
    assert [each["id"] for each in client.get(f"{base}/announcements").json["items"]] == [str(shown.id)]
    assert "<strong>" in client.get(f"{base}/announcements/{shown.id}").json["html"]
    assert client.get(f"{base}/pages").json["items"] == [
        {"slug": "rules", "title": client.get(f"{base}/pages/rules").json["title"]}
    ]
    [only] = client.get(f"{base}/downloads").json["items"]
    assert only["url"] == f"/downloads/{file.id}/rules.pdf"
    for gone in (f"announcements/{uuid.uuid4()}", "pages/draft", "pages/%00"):
        assert client.get(f"{base}/{gone}").status_code == 404
    assert client.get(f"{base}/announcements?before=x").status_code == 422
    assert client.post(f"{base}/announcements").status_code == 405


def test_a_file_is_uploaded_and_replaced(app, admin):
    client, url = app.test_client(), "/api/v1/downloadable-resources"
    form = {"title": "Rules", "file": (io.BytesIO(b"%PDF-1"), "rules.pdf")}
    made = client.post(url, data=form, headers=admin)
    assert made.status_code == 201
    assert made.json["file_type"] == "application/pdf"
    assert made.json["status"] == "draft"
    key = made.json["id"]
    changed = client.put(f"{url}/{key}/file", data={"file": (io.BytesIO(b"a,b"), "fees.csv")}, headers=admin)
    assert changed.json["file_name"] == "fees.csv"
    assert client.patch(f"{url}/{key}", json={"title": "Fees"}, headers=admin).json["title"] == "Fees"
    assert client.post(f"{url}/{key}/actions/publish", json={}, headers=admin).json["state"] == "ok"


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"data": {"title": "T"}, "content_type": "multipart/form-data"}, 422),
        ({"json": {"title": "T"}}, 415),
        ({"data": {"title": "", "file": (io.BytesIO(b"%PDF-1"), "a.pdf")}}, 422),
        ({"data": {"title": "T", "file": (io.BytesIO(b"MZ\0"), "a.pdf")}}, 422),
    ],
)
def test_bad_uploads_are_refused(app, admin, more, status):
    client = app.test_client()
    answer = client.post("/api/v1/downloadable-resources", headers=admin, **more)
    assert answer.status_code == status
    assert client.get("/api/v1/downloadable-resources", headers=admin).json["items"] == []
    unknown = f"/api/v1/downloadable-resources/{uuid.uuid4()}/file"
    sent = {"file": (io.BytesIO(b"a"), "a.txt")}
    assert client.put(unknown, data=sent, headers=admin).status_code == 404


def test_announcements_are_written_over_rest(app, admin):
    client, url = app.test_client(), "/api/v1/announcements"
    made = client.post(url, json={"title": "T", "body": "B", "publication_date": "2026-03-01"}, headers=admin)
    assert made.status_code == 201
    assert client.post(url, json={"title": "T", "publication_date": "2026-03-01"}, headers=admin).status_code == 422
    assert client.post(f"{url}/{made.json['id']}/actions/publish", json={}, headers=admin).json["state"] == "ok"
