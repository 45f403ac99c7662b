"""What every page must be: accessible in light and dark, and no wider than a phone."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

DESK, PHONE = {"width": 1280, "height": 850}, {"width": 390, "height": 844}
AXE = Axe().axe_script
ONLY_VIOLATIONS = "options => axe.run(options).then(({ violations }) => violations)"
SERIOUS = {"serious", "critical"}


def axe(page: Page, **options: Any) -> list[str]:
    """Serious faults that axe finds, with where they are."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate(ONLY_VIOLATIONS, {"resultTypes": ["violations"], **options})
    return [
        f"{fault['id']} ({fault['impact']}): {fault['nodes'][0]['html'][:150]}"
        for fault in found
        if fault["impact"] in SERIOUS
    ]


def faults(page: Page) -> list[str]:
    """What is wrong with the page that is open: everything in light, the colours in dark, the width on a phone."""
    found = axe(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")  # colours do not pass through others
    found += [f"in dark: {each}" for each in axe(page, runOnly=["color-contrast"])]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    if (width := page.evaluate("document.documentElement.scrollWidth")) > PHONE["width"]:
        found.append(f"{width} wide on a phone")
    page.set_viewport_size(DESK)
    if (titles := page.locator("h1").count()) != 1:
        found.append(f"{titles} titles")
    return found
