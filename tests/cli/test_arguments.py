"""Arguments as a shell may hand them over."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

import config
from app.cli import main

BYTES = b"caf\xe9"


@pytest.mark.parametrize(
    "arguments",
    [("users", "roles", "staff", "--add", BYTES), ("edfi", "push", BYTES), (BYTES,), ("doctor", b"--output=" + BYTES)],
)
def test_what_is_not_utf8_is_refused_in_a_sentence(tmp_path, arguments):
    environ = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SECRET_KEY")}
    environ["REGISTRAR_INSTANCE"] = str(tmp_path / "i")
    command = [sys.executable, "-m", "app.cli", *arguments]
    ended = subprocess.run(command, cwd=config.ROOT, env=environ, capture_output=True, timeout=60, check=False)
    told = ended.stderr.decode()
    assert ended.returncode == 2
    assert "Error: This argument is not UTF-8: " in told
    assert "caf\N{REPLACEMENT CHARACTER}" in told
    assert "Traceback" not in told
    assert not (tmp_path / "i").exists(), "nothing was started for it"


def test_letters_of_any_language_are_taken():
    ended = CliRunner().invoke(main, ["مدير"])
    assert "No such command 'مدير'" in ended.output
