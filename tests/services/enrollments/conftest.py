from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask


@pytest.fixture
def uploads(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A directory of its own for files that are sent in."""
    monkeypatch.setitem(app.config, "UPLOADS_DIR", str(tmp_path))
    return tmp_path
