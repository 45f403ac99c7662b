from __future__ import annotations

import pytest

from app.extensions import db
from app.models.content import DownloadableResource
from app.models.history import RowHistory
from app.services.content import DOWNLOADS, downloads, files
from app.services.content.files import Upload
from app.services.errors import Conflict, Invalid
from app.services.transaction import rehearse


@pytest.fixture(autouse=True)
def directory(app, tmp_path, monkeypatch):
    monkeypatch.setitem(app.config, "INSTANCE_DIR", str(tmp_path))
    return tmp_path


def put(actors, content: bytes = b"%PDF-1.7 a", **values) -> DownloadableResource:
    return downloads.create({"title": "Rules"} | values, actor=actors.admin, file=Upload("rules.pdf", content))


def test_a_file_is_kept_under_its_digest_once(actors, directory):
    first, second = put(actors), put(actors, title="The same")
    assert first.sha256 == second.sha256
    assert files.place(first.sha256).read_bytes() == b"%PDF-1.7 a"
    assert len(files.kept()) == 1
    assert first.status.value == "draft"
    assert first.download_count == 0


def test_without_a_file_nothing_is_made(actors, db_session):
    with pytest.raises(Invalid):
        downloads.create({"title": "Rules"}, actor=actors.admin)
    assert files.kept() == []
    assert db_session.query(DownloadableResource).count() == 0


def test_another_file_replaces_the_first(actors):
    made = put(actors)
    changed = downloads.update(made.id, {}, actor=actors.admin, file=Upload("new.txt", b"new"))
    assert (changed.file_name, changed.file_type, changed.size) == ("new.txt", "text/plain", 3)
    with pytest.raises(Invalid):
        downloads.update(made.id, {}, actor=actors.admin, file=Upload("new.txt", b"\0"))
    assert downloads.update(made.id, {"title": "Other"}, actor=actors.admin).file_name == "new.txt"


def test_counting_is_no_change_of_the_record(actors, db_session):
    made = put(actors)
    version, before = made.updated_at, db_session.query(RowHistory).count()
    downloads.count(made.id)
    downloads.count(made.id)
    db.session.refresh(made)
    assert (made.download_count, made.updated_at) == (2, version)
    assert db_session.query(RowHistory).count() == before
    downloads.update(made.id, {"title": "Other"}, actor=actors.admin, version=version)
    with pytest.raises(Conflict):
        downloads.update(made.id, {"title": "Third"}, actor=actors.admin, version=version.replace(year=2000))


def test_files_that_nothing_refers_to_are_cleared_away(actors):
    kept, replaced, deleted = put(actors), put(actors, b"%PDF-1.7 b"), put(actors, b"%PDF-1.7 c")
    old = replaced.sha256
    downloads.update(replaced.id, {}, actor=actors.admin, file=Upload("new.pdf", b"%PDF-1.7 d"))
    assert DOWNLOADS.delete is not None
    DOWNLOADS.delete([deleted.id], actor=actors.admin)
    assert downloads.clean_up() == 1
    assert not files.place(old).exists()
    assert files.place(kept.sha256).exists()
    assert files.place(deleted.sha256).exists(), "it can be restored"
    assert downloads.clean_up() == 0


def test_a_rehearsal_leaves_no_file(actors):
    rehearse(downloads.create, {"title": "Rules"}, actor=actors.admin, file=Upload("rules.pdf", b"%PDF-1.7 z"))
    assert files.kept() == []


def test_a_disk_that_is_full_is_said(actors, monkeypatch):
    def full(*_given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "keep", full)
    with pytest.raises(Invalid) as refused:
        put(actors)
    assert "file" in refused.value.fields


def test_they_are_kept_where_it_is_said(actors, app, directory, monkeypatch):
    monkeypatch.setitem(app.config, "UPLOADS_DIR", str(directory / "shared"))
    made = put(actors)
    assert files.place(made.sha256).is_relative_to(directory / "shared" / "downloads")
    assert files.kept() == downloads.places() == [files.place(made.sha256)]


def test_a_file_where_it_was_kept_before_is_found(actors, directory):
    kept, replaced = put(actors), put(actors, b"%PDF-1.7 old")
    new, old = files.place(kept.sha256), replaced.sha256
    (directory / "uploads" / "downloads").rename(directory / "downloads")
    assert files.place(kept.sha256) != new
    assert files.place(kept.sha256).read_bytes() == b"%PDF-1.7 a"
    assert downloads.clean_up() == 0, "nothing that is needed"
    downloads.update(replaced.id, {}, actor=actors.admin, file=Upload("rules.pdf", b"%PDF-1.7 a"))
    assert files.place(kept.sha256) == new, "what is sent in again is put where it belongs"
    assert downloads.clean_up() == 1
    assert not files.place(old).exists()
