"""Every page can be read by everybody: WCAG AA by axe in both themes, and no page is wider than a phone."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from salesloft_webhooks.broker.administration.run_records import NewRun, RunKind
from salesloft_webhooks.broker.administration.runs import begin
from salesloft_webhooks.console.application import all_routes
from salesloft_webhooks.console.routes import Page as ConsolePage
from tests.console.staged import stage
from tests.console.stages import arrange
from tests.support.broker_driver import Driven
from tests.support.console_process import ConsoleProcess
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server

AXE = Path(__file__).with_name("axe.min.js")
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
"""Of `axe.min.js` in the package axe-core 4.14.1 of npm. Mozilla's licence (axe.LICENSE); never in the wheel."""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = "/runs/latest"
"""Stands for the one run there is, whose id nobody knows before."""
EXAMPLES = {
    "/dead/confirm": "/dead/confirm?group=crm",
    "/events/{id:path}": "/events/evt-0001",
    "/groups/{name}": "/groups/crm",
    "/people/{id}": "/people/4700",
    "/runs/{run}": RUN,
}
"""What stands for a page whose path has names in it. A new one needs one, from what `staged.py` arranges."""
FRAGMENTS = {"/events/more", "/people/{id}/more", "/store-state"}
"""Pieces of other pages."""
ELSEWHERE = {"/dead/tried", "/quarantine/{reference:path}"}
"""Pages that need what only their own tests arrange; no axe looks at them yet."""
PHONE: ViewportSize = {"width": 320, "height": 700}
DESK: ViewportSize = {"width": 1440, "height": 900}


def addresses() -> list[str]:
    """Of every page there is."""
    paths = [
        each.path for each in all_routes() if isinstance(each, ConsolePage) and each.path not in FRAGMENTS | ELSEWHERE
    ]
    return sorted(EXAMPLES.get(path, path) for path in paths)


async def a_run(driven: Driven) -> None:
    """Bulk work that finds nothing to do."""
    new = NewRun(kind=RunKind.REDRIVE, by="ada", group="activity", selection={}, total=0, ends=("0-0",))
    await begin(driven.store, new)


def visit(page: Page, staged: ConsoleProcess, address: str) -> None:
    """Open it; it has to be there."""
    (run,) = staged.json("/runs")["runs"]
    response = page.goto(f"/runs/{run['run_id']}" if address == RUN else address)
    assert response is not None
    assert response.status == 200


@pytest.fixture(scope="module")
def staged(shared_valkey: Server, shared_console: ConsoleProcess) -> Iterator[ConsoleProcess]:
    """A console on a pipeline in which everything happens."""
    with shared_valkey.client() as client:
        client.flushall()
    with ReceiverProcess(shared_valkey.url, {"SHUTDOWN_DELAY_SECONDS": "0"}) as receiver:
        for number in range(3):
            receiver.send(delivery(envelope(f"in-{number}")))
        receiver.send(delivery(envelope("bad"), **{"X-Salesloft-Signature": "0" * 64}))
        receiver.terminate()
        receiver.wait()
    arrange(shared_valkey, stage, a_run)
    yield shared_console
    with shared_valkey.client() as client:
        client.flushall()


@pytest.fixture(scope="module", params=["light", "dark"])
def themed(request: pytest.FixtureRequest, browser: Browser, staged: ConsoleProcess) -> Iterator[Page]:
    """A window in one theme, into which axe can be put although the page's policy forbids it."""
    context = browser.new_context(base_url=staged.url, viewport=DESK, color_scheme=request.param, bypass_csp=True)
    yield context.new_page()
    context.close()


def found(page: Page) -> list[str]:
    """What axe complains about, in words."""
    page.add_script_tag(path=AXE)
    result: Mapping[str, Any] = page.evaluate(
        "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", RULES
    )
    return [
        f"{each['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for each in result["violations"]
        for node in each["nodes"]
    ]


def test_axe_is_the_published_one() -> None:
    """Not a byte was changed."""
    assert sha256(AXE.read_bytes()).hexdigest() == AXE_SHA256


def test_every_page_has_an_example() -> None:
    """No page is left out because of a name in its path."""
    assert [path for path in addresses() if "{" in path] == []


@pytest.mark.parametrize("address", addresses())
def test_nothing_keeps_anybody_out(themed: Page, staged: ConsoleProcess, address: str) -> None:
    """Contrast, names, landmarks, headings, tables: no violation of WCAG 2.2 AA."""
    visit(themed, staged, address)

    assert found(themed) == []


@pytest.mark.parametrize("address", addresses())
def test_a_page_is_as_wide_as_a_phone(themed: Page, staged: ConsoleProcess, address: str) -> None:
    """Nothing has to be scrolled sideways, but tables in their own frame; there is one heading of the first level."""
    themed.set_viewport_size(PHONE)
    try:
        visit(themed, staged, address)

        assert themed.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert themed.locator("h1").count() == 1
    finally:
        themed.set_viewport_size(DESK)
