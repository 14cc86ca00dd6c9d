"""Every page can be read by everybody: WCAG AA by axe in both themes, and no page is wider than a phone."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from salesloft_webhooks.broker import quarantine
from salesloft_webhooks.broker.administration.run_records import NewRun, RunKind
from salesloft_webhooks.broker.administration.runs import begin
from salesloft_webhooks.console.application import all_routes
from salesloft_webhooks.console.routes import Page as ConsolePage
from salesloft_webhooks.errors import UnreadableReason
from tests.console.staged import stage
from tests.console.stages import arrange
from tests.support.broker_driver import Driven
from tests.support.console_process import ConsoleProcess
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.waiting_follow_up import let_one_wait

AXE = Path(__file__).with_name("axe.min.js")
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
"""Of `axe.min.js` in the package axe-core 4.14.1 of npm. Mozilla's licence (axe.LICENSE); never in the wheel."""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EXAMPLES = {
    "/dead/confirm": "/dead/confirm?group=crm",
    "/dead/tried": "/dead/tried?group=crm&event={letter}",
    "/events/{id:path}": "/events/{letter}",
    "/follow-ups/confirm": "/follow-ups/confirm?group=crm",
    "/follow-ups/{follow_up:path}": "/follow-ups/{follow_up}",
    "/groups/{name}": "/groups/crm",
    "/people/{id}": "/people/4700",
    "/quarantine/{reference:path}": "/quarantine/{delivery}",
    "/runs/{run}": "/runs/{run}",
}
"""What stands for a page whose path has names in it. A new one needs one, from what `staged.py` arranges."""
MORE = {
    "/dead?group=crm": "letters one by one",
    "/erase?person=4700": "what would be erased",
    "/events/evt-9002": "an event that waits",
    "/follow-ups?group=crm": "the button that cancels them",
    "/replay?group=activity": "what a replay would do",
}
"""Pages that say more when they are asked for something, with what that is."""
NOWHERE = "/nowhere"
FRAGMENTS = {"/events/more", "/people/{id}/more", "/store-state"}
"""Pieces of other pages."""
SMALLEST = 320
"""What WCAG asks for, in CSS pixels; most phones have 360 to 430."""
PHONE_WIDTHS = (SMALLEST, 375)
DESK: ViewportSize = {"width": 1440, "height": 900}


def addresses() -> list[str]:
    """Of every page there is, names in braces to be filled in, and of one that is not."""
    paths = [each.path for each in all_routes() if isinstance(each, ConsolePage) and each.path not in FRAGMENTS]
    return sorted([*(EXAMPLES.get(path, path) for path in paths), *MORE, NOWHERE])


async def a_run(driven: Driven) -> None:
    """Bulk work that finds nothing to do."""
    new = NewRun(kind=RunKind.REDRIVE, by="ada", group="activity", selection={}, total=0, ends=("0-0",))
    await begin(driven.store, new)


async def unreadable(driven: Driven) -> None:
    """A delivery in quarantine."""
    body, reason = b'{"email_address": "ada@crm.example"', UnreadableReason.NOT_JSON
    await quarantine(driven.store, source="team", dialect="envelope", reason=reason, body=body, limit=9)


async def one_that_waits(driven: Driven) -> None:
    """A follow-up of `crm`."""
    await let_one_wait(driven.store, 4_711)


def visit(page: Page, staged: ConsoleProcess, address: str) -> None:
    """Open it; it has to be there."""
    (run,) = staged.json("/runs")["runs"]
    letter, delivery_in_quarantine = staged.json("/dead?group=crm")["letters"][0], staged.json("/quarantine")["rows"][0]
    waiting = staged.json("/follow-ups")["rows"][0]
    known = {
        "run": run["run_id"],
        "letter": letter["event_id"],
        "delivery": delivery_in_quarantine["reference"],
        "follow_up": waiting["follow_up"],
    }
    wanted = 404 if address == NOWHERE else 200

    def there() -> bool:
        response = page.goto(address.format(**known))
        assert response is not None
        assert response.status in {wanted, HTTPStatus.ACCEPTED}  # on a busy machine it is still counted
        return response.status == wanted

    wait_until(there, description=f"{address} is shown")


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
    arrange(shared_valkey, stage, a_run, unreadable, one_that_waits)
    yield shared_console
    with shared_valkey.client() as client:
        client.flushall()


@pytest.fixture(scope="module", params=["light", "dark"])
def themed(request: pytest.FixtureRequest, browser: Browser, staged: ConsoleProcess) -> Iterator[Page]:
    """A window in one theme, into which axe can be put although the page's policy forbids it; no page complains."""
    context = browser.new_context(base_url=staged.url, viewport=DESK, color_scheme=request.param, bypass_csp=True)
    said: list[str] = []
    context.on("console", lambda message: said.append(message.text))
    yield context.new_page()
    context.close()
    assert [text for text in said if "404" not in text] == []


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
    paths = {each.path for each in all_routes() if isinstance(each, ConsolePage)} - FRAGMENTS

    assert {path for path in paths if "{" in path} <= EXAMPLES.keys() <= paths


def test_ticked_rows_keep_nobody_out(themed: Page, staged: ConsoleProcess) -> None:
    """Nor do boxes that are ticked, and the button that then says how many."""
    visit(themed, staged, "/events")
    themed.locator("input[type=checkbox]").first.check()

    assert found(themed) == []


@pytest.mark.parametrize("address", addresses())
def test_nothing_keeps_anybody_out(themed: Page, staged: ConsoleProcess, address: str) -> None:
    """No violation of WCAG 2.2 AA at a desk and on a phone, where only tables in their own frame scroll sideways."""
    visit(themed, staged, address)
    assert found(themed) == []
    try:
        for width in PHONE_WIDTHS:
            themed.set_viewport_size({"width": width, "height": 700})
            assert themed.evaluate("document.documentElement.scrollWidth") <= width
            assert themed.locator("h1").count() == 1
        assert found(themed) == []
    finally:
        themed.set_viewport_size(DESK)
