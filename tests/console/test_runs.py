"""Bulk work in a browser: it needs none to go on, and can be stopped; by keyboard alone from the first page to its end.

On a server of its own, so that no other console carries it out, and faster than it can be looked at.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.letters import bury
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server
from tests.support.waiting import wait_until

LETTERS = 300
RATE = 100
"""A second, so that a run lasts for three."""
NO_REP = "ValueError: no such rep"
MOST_TABS = 60


@pytest.fixture
def console(own_server: Server) -> Iterator[ConsoleProcess]:
    """A console that takes its time."""
    own_server.start()
    with ConsoleProcess(own_server.url, {"CONSOLE_RUN_RATE": str(RATE)}) as running:
        yield running


def dead_letters(server: Server) -> int:
    """How many there are."""
    with server.client() as client:
        return int(client.xlen("sl:{0}:g:crm:dead"))


def begin(page: Page, server: Server) -> str:
    """Redrive them all by the page's buttons; the run's id, once it is under way."""
    bury(server.url, [NO_REP] * LETTERS)
    page.goto("/dead/confirm?group=crm")
    page.get_by_label(f"Type {LETTERS} to confirm").fill(str(LETTERS))
    page.get_by_role("button", name=f"Redrive {LETTERS} letters to crm").click()
    page.wait_for_url("**/runs/*")
    wait_until(lambda: 0 < dead_letters(server) < LETTERS, seconds=10, description="it is under way")
    return re.split(r"[/?]", page.url)[4]


def test_a_closed_browser_ends_no_run(own_server: Server, console: ConsoleProcess, page: Page) -> None:
    """Whoever began it closes the window in the middle: all of it is done, once, with nobody looking."""
    run_id = begin(page, own_server)
    page.close()
    left = dead_letters(own_server)

    wait_until(lambda: dead_letters(own_server) == 0, seconds=15, description="all are redriven")
    wait_until(
        lambda: console.json(f"/runs/{run_id}")["run"]["state"] == "done", seconds=10, description="the run says so"
    )

    assert left > 0
    assert console.json(f"/runs/{run_id}")["run"]["outcomes"] == {"redriven": LETTERS}


def test_the_button_stops_a_run(own_server: Server, console: ConsoleProcess, page: Page) -> None:
    """The rest stays dead; the page says who stopped it without being loaded anew, and the audit has it."""
    run_id = begin(page, own_server)

    page.get_by_role("button", name="Stop it").click()

    expect(page.locator("#run")).to_contain_text("stopped")
    expect(page.locator("#run")).to_contain_text("Stopped by")
    expect(page.get_by_role("button", name="Stop it")).to_have_count(0)
    left = dead_letters(own_server)
    assert 0 < left < LETTERS
    assert console.json(f"/runs/{run_id}")["run"]["outcomes"] == {"redriven": LETTERS - left}
    (stopped,) = (act for act in console.json("/audit")["acts"] if act["act"] == "stop_run")
    assert (stopped["run"], stopped["outcome"]) == (run_id, "done")


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until it has the focus; nothing else gives it that."""
    for _ in range(MOST_TABS):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{MOST_TABS} Tabs do not reach {wanted}")


def focused(page: Page, text: str) -> None:
    """The row that has the focus says this."""
    expect(page.locator("main tbody tr:focus")).to_contain_text(text)


@pytest.mark.usefixtures("console")
def test_a_redrive_by_keyboard_alone(own_server: Server, page: Page) -> None:
    """`g` `d`, `j`, `Enter` to the letters of an error, `j` `k` `x` to choose two, Tab and Enter for the rest."""
    bury(own_server.url, [NO_REP] * 4 + ["TimeoutError: crm"])
    page.goto("/")
    page.keyboard.press("g")
    page.keyboard.press("d")
    expect(page.locator("#errors tbody tr")).to_have_count(2)
    page.keyboard.press("j")
    focused(page, NO_REP)
    page.keyboard.press("Enter")
    expect(page.locator("input[type=checkbox]")).to_have_count(4)

    page.keyboard.press("j")  # the error itself
    page.keyboard.press("j")
    focused(page, "event-3")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    focused(page, "event-1")
    page.keyboard.press("k")
    focused(page, "event-2")
    page.keyboard.press("x")
    expect(page.locator("input[type=checkbox]:checked")).to_have_count(2)
    tab_to(page, page.get_by_role("button", name="Redrive selected …"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Redrive 2 letters of crm?")
    tab_to(page, page.get_by_role("button", name="Redrive 2 letters to crm"))
    page.keyboard.press("Enter")

    expect(page.locator("#run")).to_contain_text("done")
    assert dead_letters(own_server) == 3
