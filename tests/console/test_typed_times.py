"""Times that are typed into a page: the reader's own, whose zone is not the server's."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.letters import bury
from tests.console.stored_events import an_event, store_events
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server

ZONE = "Asia/Kathmandu"
"""Five hours and three quarters east of UTC, in summer and winter."""
FROM, UNTIL = 1_772_857_560_000, 1_772_857_800_000
"""2026-03-07 04:26 and 04:30 UTC."""
TIMES = (FROM - 1, FROM, UNTIL, UNTIL + 1)
SINCE_TYPED, UNTIL_TYPED = "2026-03-07 10:11", "2026-03-07T10:15:00"
EVENTS, DEAD = "sl:{0}:events", "sl:{0}:g:crm:dead"


@pytest.fixture
def far_away(browser: Browser, console: ConsoleProcess) -> Iterator[Page]:
    """A window of somebody in Kathmandu."""
    context = browser.new_context(base_url=console.url, timezone_id=ZONE)
    yield context.new_page()
    context.close()


def dated(server: Server, stream: str) -> None:
    """Let the entries of a stream be of `TIMES`."""
    with server.client() as client:
        entries = client.xrange(stream)
        client.delete(stream)
        for (_, fields), ms in zip(entries, TIMES, strict=True):
            died = {"died": str(ms)} if "died" in fields else {}
            client.xadd(stream, fields | died, id=f"{ms}-0")


def ask(page: Page) -> None:
    """Type the span and send the form."""
    page.get_by_label("Since").fill(SINCE_TYPED)
    page.get_by_label("Until").fill(UNTIL_TYPED)
    page.locator("form.filter button").click()
    expect(page).to_have_url(re.compile("since=.*until="))


def test_a_search_is_in_the_readers_zone(valkey: Server, far_away: Page) -> None:
    """It finds exactly what was stored in that span; the address names the offset, so it means the same to others."""
    store_events(valkey, *(an_event(f"e{number}") for number in range(4)))
    dated(valkey, EVENTS)
    far_away.goto("/events")

    ask(far_away)

    expect(far_away.locator("#found th code")).to_have_text(["e2", "e1"])
    expect(far_away.get_by_label("Since")).to_have_value("2026-03-07T10:11+05:45")
    expect(far_away.locator("#found time").last).to_contain_text("10:11")
    expect(far_away.locator(".command code")).to_contain_text("--until 2026-03-07T10:15:00+05:45")


def test_dead_letters_are_chosen_in_the_readers_zone(valkey: Server, far_away: Page) -> None:
    """Exactly what died in that span is listed."""
    bury(valkey.url, ["ValueError: no"] * 4)
    dated(valkey, DEAD)
    far_away.goto("/dead?group=crm")

    ask(far_away)

    expect(far_away.locator("input[type=checkbox]")).to_have_count(2)
    expect(far_away.locator("tbody th a[href^='/events/']")).to_have_text(["event-2", "event-1"])


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("2026-03-07", "2026-03-07T00:00+05:45"),
        ("2026-03-07T10:11Z", "2026-03-07T10:11Z"),
        ("2h", "2h"),
        ("2026-13-40", "2026-13-40"),
    ],
)
def test_what_names_its_zone_is_left_as_it_is(valkey: Server, far_away: Page, typed: str, sent: str) -> None:
    """A day begins where the reader is; offsets, spans and what is no time go to the server as they are."""
    store_events(valkey, an_event("e"))
    far_away.goto("/events")

    far_away.get_by_label("Since").fill(typed)
    far_away.locator("form.filter button").click()

    expect(far_away).to_have_url(re.compile("since="))
    expect(far_away.get_by_label("Since")).to_have_value(sent)
