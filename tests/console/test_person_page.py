"""One person's page: all that happened to them, and what of it waits for what."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from bench.filling import fill
from playwright.sync_api import Page, expect

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.settings import Ordering
from tests.console.arranged import arrange, publish
from tests.support.broker_driver import Driven
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server


async def three_of_one_person(driven: Driven) -> None:
    """`crm` fails at the first of three events of a person, and the others wait; `chat` has handled all."""
    crm, chat = await driven.group(ordering=Ordering.ENTITY), await driven.group("chat")
    for event_id in ("person.created/7/1", "email.sent/8/1", "email.replied/9/1"):
        await publish(driven, event_id, b'{"id":1}')
    await publish(driven, "person.created/11/1", b'{"id":1}', person=11)
    leases = [lease for lease in await driven.take(crm) if lease.lane == "person:7"]
    await driven.settle(crm, leases, Outcome.RETRY, delay_seconds=60.0, error="CrmDown: 503 for ada@crm.example")
    await driven.handle(chat)


def test_a_persons_events_are_told_in_order_and_what_waits_for_what(valkey: Server, page: Page) -> None:
    """Theirs and nobody else's, the latest first, with each group's outcome; the lane says what holds it back."""
    arrange(valkey, three_of_one_person)

    page.goto("/people/7")

    events = page.locator("[data-event]")
    expect(events.locator("th")).to_have_text(["email.replied/9/1", "email.sent/8/1", "person.created/7/1"])
    expect(events.last).to_contain_text(re.compile("chat ✓ done.*crm ◷ scheduled"))
    lane = page.get_by_role("table", name="crm takes them one after another: 3 in its lane").locator("tbody tr")
    expect(lane).to_contain_text(["CrmDown: 503 for •••@crm.example", "parked", "parked"])
    expect(page.locator(".command code")).to_have_text("salesloft-webhooks events search --person 7")


def test_a_person_of_whom_nothing_is_known(valkey: Server, page: Page) -> None:
    """The page says how long things are kept, instead of showing an empty table."""
    page.goto("/people/12345")

    expect(page.locator("main")).to_contain_text("No event of person 12345 is in the history.")
    expect(page.locator("main")).to_contain_text("Nothing of this person waits in the lane of any group.")


def test_many_events_have_pages(valkey: Server, console: ConsoleProcess, page: Page) -> None:
    """Fifty at a time; the link behind them leads to the older ones."""

    async def many(driven: Driven) -> None:
        for number in range(60):
            await publish(driven, f"person.updated/7/{number:03}", b'{"id":1}')

    arrange(valkey, many)
    page.goto("/people/7")
    expect(page.locator("[data-event]")).to_have_count(50)

    page.get_by_role("link", name="Older").click()

    expect(page.locator("[data-event]").first).to_contain_text("person.updated/7/009")
    expect(page.locator("[data-event]")).to_have_count(10)


def test_what_is_far_back_comes_by_itself(valkey: Server, page: Page) -> None:
    """The page is there at once and looks on by itself; what it finds takes its place in the table."""
    arrange(valkey, three_of_one_person)
    with ThreadPoolExecutor(1) as threads:  # Playwright's loop runs in this one
        threads.submit(fill, valkey.url, 60_000, 10).result()

    page.goto("/people/7")

    expect(page.locator("#found tr th")).to_have_text(["email.replied/9/1", "email.sent/8/1", "person.created/7/1"])
    expect(page.locator("#search-state")).to_contain_text("That is all: looked through 60,004 of 60,004")


@pytest.mark.parametrize("path", ["/people/ada@crm.example", "/people/7?after=nonsense"], ids=["address", "cursor"])
def test_what_is_no_person_is_no_page(valkey: Server, console: ConsoleProcess, path: str) -> None:
    """An address never stands in a URL, so it is not looked for either."""
    assert console.get(path).status == 404
