from __future__ import annotations

import io
import zipfile

import pytest

from app.services.content import files
from app.services.content.files import Upload
from app.services.errors import Invalid


def archive(*names: str, **texts: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as opened:
        for name in names:
            opened.writestr(name, "x")
        for name, text in texts.items():
            opened.writestr(name, text)
    return made.getvalue()


def damaged() -> bytes:
    """A zip whose directory is whole, and whose compressed content is not."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("mimetype", "application/vnd.oasis.opendocument.text" * 3)
    content = bytearray(made.getvalue())
    begins = 30 + len("mimetype")  # after the entry's header and name
    content[begins : begins + 8] = b"\xff" * 8
    return bytes(content)


WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TAKEN = [
    ("rules.pdf", b"%PDF-1.7", "application/pdf"),
    ("RULES.PDF", b"%PDF-1.7", "application/pdf"),
    ("a.png", b"\x89PNG\r\n\x1a\n1", "image/png"),
    ("a.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
    ("a.webp", b"RIFF1234WEBP", "image/webp"),
    ("a.txt", "Žofie".encode(), "text/plain"),
    ("a.csv", b"a,b\n1,2\n", "text/csv"),
    ("a.docx", archive("[Content_Types].xml", "word/document.xml"), WORD),
    ("a.odt", archive(mimetype="application/vnd.oasis.opendocument.text"), "application/vnd.oasis.opendocument.text"),
    ("a.zip", archive("a.txt"), "application/zip"),
]


@pytest.mark.parametrize(("name", "content", "kind"), TAKEN, ids=[each[0] for each in TAKEN])
def test_a_file_is_what_its_content_is(name, content, kind):
    checked = files.check(Upload(name, content))
    assert (checked.file_name, checked.file_type, checked.size) == (name, kind, len(content))


REFUSED = [
    ("", b"%PDF-1.7"),
    ("empty.txt", b""),
    ("page.html", b"<script>alert(1)</script>"),
    ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    ("rules.exe", b"%PDF-1.7"),
    ("rules.pdf", b"MZ\x90\x00"),
    ("rules.pdf", b"\x89PNG\r\n\x1a\n1"),
    ("no-ending", b"%PDF-1.7"),
    ("macros.docx", archive("word/document.xml", "word/vbaProject.bin")),
    ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ("broken.zip", b"PK\x03\x04broken"),
    ("damaged.odt", damaged()),
    ("other.odt", archive(mimetype="text/html")),
    ("..", b"%PDF-1.7"),
]


@pytest.mark.parametrize(("name", "content"), REFUSED, ids=[each[0] or "nameless" for each in REFUSED])
def test_what_is_refused(app, name, content):
    with app.app_context(), pytest.raises(Invalid) as refused:
        files.check(Upload(name, content))
    assert list(refused.value.fields) == ["file"]


def test_too_large(app, monkeypatch):
    monkeypatch.setattr(files, "MOST_BYTES", 10)
    with app.app_context(), pytest.raises(Invalid):
        files.check(Upload("a.txt", b"x" * 11))


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("../../etc/rules.pdf", "rules.pdf"),
        ("C:\\Temp\\rules.pdf", "rules.pdf"),
        ('a"\r\nb\0<c>.pdf', "abc.pdf"),
        ("x" * 500 + ".pdf", "x" * 190 + ".pdf"),
    ],
)
def test_a_name_is_only_a_name(raw, name):
    assert files.check(Upload(raw, b"%PDF-1")).file_name == name
