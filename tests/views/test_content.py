"""Content: the pages that everybody may read, and the screens of those who write it."""

from __future__ import annotations

import io
import uuid
from datetime import timedelta
from xml.etree import ElementTree

import pytest

from app.extensions import db
from app.models.content import Announcement, ContentPage, ContentStatus, DownloadableResource
from app.services import school
from app.services.content import files
from tests.factories.content import announcement, download, page

PUBLISHED = {"status": ContentStatus.PUBLISHED}


@pytest.fixture(autouse=True)
def directory(app, tmp_path, monkeypatch):
    monkeypatch.setitem(app.config, "INSTANCE_DIR", str(tmp_path))


def test_visitors_read_what_is_published_and_nothing_else(client_of):
    shown = announcement(title="Term <begins>", summary="Soon", category="Office", **PUBLISHED)
    announcement(title="A draft")
    later = announcement(title="Later", publication_date=school.today() + timedelta(days=1), **PUBLISHED)
    page(slug="rules", title="Rules", **PUBLISHED)
    visitor = client_of("public")
    news = visitor.get("/news/").text
    assert "Term &lt;begins&gt;" in news
    assert "A draft" not in news and "Later" not in news
    assert "Rules" in news, "the way to the pages"
    article = visitor.get(f"/news/{shown.id}")
    assert "<strong>Text</strong>" in article.text
    assert "Open the record" not in article.text
    assert "Open the record" in client_of("admin").get(f"/news/{shown.id}").text
    assert visitor.get("/pages/rules").status_code == 200
    for gone in (
        f"/news/{later.id}",
        f"/news/{uuid.uuid4()}",
        "/news/x",
        "/pages/other",
        "/pages/%00",
        "/news/?before=x",
    ):
        assert visitor.get(gone).status_code == 404, gone
    for odd in ("/news/?category=%00", f"/news/?category={'x' * 300}", f"/news/?before={uuid.uuid4()}"):
        assert visitor.get(odd).status_code == 200, odd


def test_the_login_leads_to_the_news(client_of):
    assert 'href="/news/"' in client_of("public").get("/login/").text


def test_older_news_are_on_the_next_page(client_of):
    made = [
        announcement(title=f"Number {n:02}", publication_date=school.today() - timedelta(days=n), **PUBLISHED)
        for n in range(22)
    ]
    visitor = client_of("public")
    first = visitor.get("/news/").text
    assert "Number 19" in first and "Number 20" not in first
    older = visitor.get(f"/news/?before={made[19].id}").text
    assert "Number 20" in older and "Number 19" not in older
    assert f"before={made[19].id}" in first


def test_the_feed_is_rss(client_of):
    announcement(title="A & B", category="Office", **PUBLISHED)
    visitor = client_of("public")
    answer = visitor.get("/news/feed.xml")
    assert answer.mimetype == "application/rss+xml"
    item = ElementTree.fromstring(answer.data).find("channel/item")
    assert item is not None
    assert item.findtext("title") == "A & B"
    assert item.findtext("category") == "Office"
    tag = answer.headers["ETag"]
    assert visitor.get("/news/feed.xml", headers={"If-None-Match": tag}).status_code == 304


def upload(client, url, **form):
    return client.post(url, data=form, content_type="multipart/form-data")


def test_a_file_is_uploaded_published_downloaded_and_counted(client_of):
    admin, visitor = client_of("admin"), client_of("public")
    answer = upload(
        admin, "/downloadable-resources/new", title="Rules", file=(io.BytesIO(b"%PDF-1.7 x"), "rules é.pdf")
    )
    assert answer.status_code == 302
    made = db.session.query(DownloadableResource).one()
    url = f"/downloads/{made.id}/rules.pdf"
    assert visitor.get(url).status_code == 404, "a draft"
    admin.post("/downloadable-resources/actions/publish", data={"id": str(made.id), "_stage": "do"})
    listed = visitor.get("/downloads/").text
    assert "Rules" in listed and "PDF, 1 KB" in listed
    answer = visitor.get(url)
    assert answer.data == b"%PDF-1.7 x"
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "rules%20%C3%A9.pdf" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    visitor.head(url)
    visitor.get(url, headers={"Range": "bytes=2-3"})
    visitor.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    db.session.refresh(made)
    assert made.download_count == 1, "parts, heads and what a browser has already are none"
    files.place(made.sha256).unlink()
    assert visitor.get(url).status_code == 404


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (None, "Choose a file."),
        ((b"", "a.txt"), "The file is empty."),
        ((b"MZ\0\0", "a.pdf"), "not accepted"),
        ((b"%PDF-1", "a.txt"), "should end with .pdf"),
    ],
)
def test_a_wrong_file_comes_back_with_the_form(client_of, file, said):
    more = {"file": (io.BytesIO(file[0]), file[1])} if file else {}
    answer = upload(client_of("admin"), "/downloadable-resources/new", title="Typed", **more)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="Typed"' in answer.text
    assert answer.text.count(said) <= 2, "at the field and in the summary"
    assert db.session.query(DownloadableResource).count() == 0


def test_another_file_or_none_when_editing(client_of):
    made = download()
    admin = client_of("admin")
    url = f"/downloadable-resources/{made.id}/edit"
    assert "Leave it empty to keep rules.pdf." in admin.get(url).text
    upload(admin, url, title="Changed")
    db.session.refresh(made)
    assert (made.title, made.file_name) == ("Changed", "rules.pdf")
    upload(admin, url, title="Changed", file=(io.BytesIO(b"a,b"), "fees.csv"))
    db.session.refresh(made)
    assert (made.file_name, made.file_type) == ("fees.csv", "text/csv")


def test_announcements_and_pages_are_written_and_shown_as_they_read(client_of):
    admin = client_of("admin")
    form = {"title": "News", "body": "# Head\n\n<script>x</script>", "publication_date": str(school.today())}
    assert admin.post("/announcements/new", data=form).status_code == 302
    made = db.session.query(Announcement).one()
    shown = admin.get(f"/announcements/{made.id}").text
    assert "<h2>Head</h2>" in shown
    assert "<script>x" not in shown
    assert "Draft" in shown
    assert admin.post("/content-pages/new", data={"title": "T", "slug": "No good", "body": "B"}).status_code == 422
    assert admin.post("/content-pages/new", data={"title": "T", "slug": "good", "body": "B"}).status_code == 302
    assert db.session.query(ContentPage).one().status is ContentStatus.DRAFT


def test_only_admins_write(client_of):
    for who in ("staff", "exam_officer", "student"):
        assert client_of(who).get("/announcements/").status_code == 403
