"""A real Chromium against a real server on a database of its own. Skipped, saying so, where there is no Chromium."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from werkzeug.serving import make_server

from tests.conftest import PASSWORD, work_off

CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
MISSING = "/no-such-page"  # the one page that is meant to answer 404
REFUSED = (409, 422)  # a form that comes back with what is wrong is an answer, not a fault
LISTENS_NOT_YET = "html:not([data-ready]):has(script[type=module])"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(
                    pytest.mark.skip(reason="no Chromium on this machine: install it, or name it in CHROMIUM")
                )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """What stood on the pages of a test that fails is part of its report."""
    report = yield
    if report.when == "call" and report.failed:
        for page in item.funcargs.get("pages", ()):
            report.sections.append((f"Page {page.url}", page.locator("body").inner_html()[:20_000]))
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def site(committed_app: Flask) -> Iterator[str]:
    """The address of a running server, with CSRF protection on as in use."""
    committed_app.config["WTF_CSRF_ENABLED"] = True
    server = make_server("127.0.0.1", 0, committed_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)


@pytest.fixture
def do_queued_work(committed_app: Flask) -> Callable[[], None]:
    """Work off the queue, as the worker process does."""
    return lambda: work_off(committed_app)


@pytest.fixture
def pages() -> list[Page]:
    """Those that the test has open."""
    return []


def wait_for_its_end() -> None:
    """No test acts on a page, or expects anything of it, before its scripts listen: a key pressed earlier is lost.
    Playwright itself waits until what called this is over.
    """


@pytest.fixture
def open_page(browser: Browser, site: str, pages: list[Page]) -> Iterator[Callable[..., Page]]:
    """Open a page, signed in through the login page; any error in the browser's console fails the test."""
    complaints: list[str] = []
    contexts: list[Any] = []

    def complain(message: ConsoleMessage) -> None:
        refused = any(f"status of {status}" in message.text for status in REFUSED)
        if message.type in {"error", "warning"} and not refused and not message.location["url"].endswith(MISSING):
            complaints.append(f"{message.type}: {message.text}")

    def make(username: str | None, **options: Any) -> Page:
        context = browser.new_context(base_url=site, **({"viewport": {"width": 1280, "height": 850}} | options))
        contexts.append(context)
        page = context.new_page()
        pages.append(page)
        if options.get("java_script_enabled", True):
            page.add_locator_handler(page.locator(LISTENS_NOT_YET), wait_for_its_end)
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if username is not None:
            page.goto("/login/")
            page.locator("input[name=username]").fill(username)
            page.locator("input[name=password]").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("heading", name="Today", exact=True, level=1).wait_for()
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []
