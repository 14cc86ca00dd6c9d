"""The page that replays: it counts first, and its button does what was counted or nothing."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.arranged import arrange, publish
from tests.support.broker_driver import Driven
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server

EVENTS = "sl:{0}:events"


@pytest.fixture
def handled(valkey: Server) -> None:
    """Three events that the group crm has handled, of two types, and one that it has not."""

    async def step(driven: Driven) -> None:
        group = await driven.group("crm")
        for number, event_type in enumerate(("person.updated", "person.updated", "email.replied")):
            await publish(driven, f"e{number}", b'{"id":1}', person=number, event_type=event_type)
        await driven.handle(group)
        await publish(driven, "e3", b'{"id":1}', person=3, event_type="person.updated")

    arrange(valkey, step)


def count(page: Page, types: str = "person.*") -> None:
    """Ask what a replay of persons' events into crm would do."""
    page.goto("/replay")
    page.get_by_label("Types").fill(types)
    page.get_by_label("Since").fill("1h")
    page.get_by_role("button", name="Count what it would do").click()


@pytest.mark.usefixtures("handled")
def test_counted_then_done_as_counted(page: Page, valkey: Server) -> None:
    """The count changes nothing; the button begins a run, which gives the group what was counted."""
    count(page)
    expect(page.get_by_role("row", name="replayed 2")).to_be_visible()
    expect(page.get_by_role("row", name="in progress 1")).to_be_visible()
    with valkey.client() as redis:
        assert redis.xlen(EVENTS) == 4

    page.get_by_role("button", name="Replay 2 into crm").click()

    page.wait_for_url("**/runs/*")
    with valkey.client() as redis:
        for _ in range(100):
            if redis.xlen(EVENTS) == 6:
                break
            page.wait_for_timeout(100)
        assert redis.xlen(EVENTS) == 6
    page.goto("/audit?act=replay")
    expect(page.get_by_role("row", name="person.*")).to_contain_text("2 replayed")


@pytest.mark.usefixtures("handled")
def test_what_has_changed_meanwhile_is_not_done(browser: Browser, console: ConsoleProcess, valkey: Server) -> None:
    """The group finished one more while somebody looked: the button is refused, and says so."""
    context = browser.new_context(base_url=console.url)
    page = context.new_page()
    count(page)
    expect(page.get_by_role("row", name="replayed 2")).to_be_visible()

    async def step(driven: Driven) -> None:
        await driven.handle(await driven.group("crm", consumer="two"))

    arrange(valkey, step)
    page.get_by_role("button", name="Replay 2 into crm").click()

    expect(page.get_by_text("it would do something else by now")).to_be_visible()
    context.close()
    with valkey.client() as redis:
        assert redis.xlen(EVENTS) == 4


@pytest.mark.usefixtures("handled")
def test_what_is_no_time(page: Page) -> None:
    """It is said in words, and nothing is counted."""
    page.goto("/replay?group=crm&since=yesterday")

    expect(page.get_by_role("alert")).to_contain_text("no time")


@pytest.mark.usefixtures("handled")
def test_longer_than_any_history(console: ConsoleProcess) -> None:
    """A span that begins before there were years is said in words, too."""
    assert "longer than any history" in console.json("/replay?group=crm&since=999999w")["problem"]
