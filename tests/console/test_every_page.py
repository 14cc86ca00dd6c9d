"""Every page of the navigation, as people with other eyes, other screens and other lights see it."""

from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, expect

from salesloft_webhooks.console.application import all_routes, navigation
from tests.console.store_contents import fill
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server

AXE = Path(__file__).with_name("vendored") / "axe.min.js"
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
"""Of `axe.min.js` in the package axe-core 4.14.1 of npm, whose own integrity was checked when it was unpacked."""
LABELS = {page.path: page.label for page in navigation(all_routes())}
NARROW, WIDE = 320, 1440
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def test_axe_is_the_published_one() -> None:
    """Not a byte of it was changed."""
    assert sha256(AXE.read_bytes()).hexdigest() == AXE_SHA256


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [*LABELS, "/nowhere", "/events/dead", "/events/waiting", "/people/7"])
def test_a_page_is_for_everybody(
    path: str, scheme: Literal["light", "dark"], valkey: Server, console: ConsoleProcess, browser: Browser
) -> None:
    """Axe finds no fault by WCAG AA, on a wide screen and on a phone's, where nothing hangs over the edge."""
    fill(valkey)
    context = browser.new_context(base_url=console.url, color_scheme=scheme, reduced_motion="reduce")
    said: list[str] = []
    context.on("console", lambda message: said.append(message.text))
    page = context.new_page()
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        page.evaluate(AXE.read_text("utf-8"))
        found: dict[str, Any] = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
        faults = [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found["violations"]]
        assert faults == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [text for text in said if "404" not in text] == []
    context.close()
