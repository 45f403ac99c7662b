"""Fixtures for tests that start real servers."""

import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def place():
    """A directory of our own: `tmp_path` may be closed to the user that runs PostgreSQL for root."""
    with tempfile.TemporaryDirectory(prefix="registrar-", ignore_cleanup_errors=True) as path:
        yield Path(path).resolve()
