"""What every page of the console has, seen in a browser."""

import re
from datetime import datetime

import pytest
from playwright.sync_api import Page, expect

from salesloft_webhooks.broker.administration.audit import Act
from tests.console.acts import write_acts
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}'


def test_a_page_names_itself_its_command_and_the_others(console: ConsoleProcess, page: Page) -> None:
    """One heading, the page's place in the navigation, who is signed in, and the command that shows the same."""
    page.goto("/audit")

    expect(page.get_by_role("heading", level=1)).to_have_text("Audit")
    expect(page.get_by_role("navigation", name="Pages").get_by_role("link", name="Audit")).to_have_attribute(
        "aria-current", "page"
    )
    expect(page.locator(".person")).to_contain_text("local")
    expect(page.locator(".command code")).to_have_text("salesloft-webhooks audit")
    assert page.title() == "Audit · salesloft-webhooks"


def test_what_strangers_wrote_is_text(valkey: Server, page: Page) -> None:
    """Markup, scripts and template marks in what is shown are shown as they are, and nothing of it runs."""
    page.on("dialog", lambda _: pytest.fail("a script ran"))
    write_acts(
        valkey.url, Act(who=HOSTILE, roles=("view",), act="redrive", arguments={"reason": HOSTILE}, message=HOSTILE)
    )

    page.goto("/audit")

    expect(page.locator("tbody th")).to_have_text(HOSTILE)
    expect(page.locator("tbody code")).to_have_text(HOSTILE)
    expect(page.locator("main img")).to_have_count(0)


def test_times_are_the_readers_and_utc_is_at_hand(valkey: Server, page: Page) -> None:
    """A time is shown in the reader's zone; its title has it in UTC, its attribute for programs."""
    write_acts(valkey.url, Act(who="robin", roles=("view",), act="pause"))

    page.goto("/audit")

    shown = page.locator("tbody time")
    expect(shown).not_to_contain_text("UTC")
    expect(shown).to_have_attribute("title", re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$"))
    assert datetime.fromisoformat(shown.get_attribute("datetime") or "").tzinfo is not None


def test_keys_step_through_rows_and_say_what_they_do(valkey: Server, page: Page) -> None:
    """`j` and `k` go through the rows, `/` to the search, `?` lists the keys, `g a` opens a page."""
    write_acts(valkey.url, *(Act(who=f"p{number}", roles=("view",), act="pause") for number in range(3)))
    page.goto("/audit")

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("tbody tr:focus th")).to_have_text("p2")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.get_by_role("searchbox").blur()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.goto("/audit?who=nobody")
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page).to_have_url(re.compile("/audit$"))


def test_it_can_be_read_without_a_script(valkey: Server, console: ConsoleProcess) -> None:
    """Everything a page says is in what the server sends."""
    write_acts(valkey.url, Act(who="robin", roles=("view",), act="pause", counts={"groups": 1234}))

    body = console.get("/audit").body.decode()

    assert all(word in body for word in ("robin", "pause", "1,234", " UTC</time>"))
