"""The page that replays: it counts first, and its button does what was counted or nothing."""

import re
import shlex
import subprocess
import sys

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
def test_a_person_and_a_source_narrow_it(page: Page) -> None:
    """What is counted and what is begun is that person's; the command says the same, with the digest."""
    page.goto("/replay")
    page.get_by_role("textbox", name="Person").fill("1")
    page.get_by_label("Source").fill("team")
    page.get_by_role("button", name="Count what it would do").click()
    expect(page.get_by_role("row", name="replayed 1")).to_be_visible()
    expect(page.locator(".command code")).to_contain_text(re.compile(r"--source team --person 1 .*--expect \w{16}"))

    page.get_by_role("button", name="Replay 1 into crm").click()

    page.wait_for_url("**/runs/*")
    page.goto("/audit?act=replay")
    expect(page.locator("tbody tr").first).to_contain_text("1 replayed")


@pytest.mark.usefixtures("handled")
def test_the_command_agrees_with_the_page(page: Page, valkey: Server) -> None:
    """With the digest of the page, the command does what the page has counted."""
    count(page)
    expect(page.locator(".command code")).to_contain_text("--expect")
    words = shlex.split(page.locator(".command code").inner_text())[1:]

    command = [sys.executable, "-m", "salesloft_webhooks", *words, "--yes"]
    result = subprocess.run(command, env={"REDIS_URL": valkey.url}, capture_output=True, text=True, check=False)

    assert (result.returncode, result.stdout.strip()) == (0, "2 replayed, 1 in progress")


@pytest.mark.parametrize(
    ("asked", "words"),
    [("person=ada%40example.com", "which is a number"), ("selected=1", "no event is selected"), ("type=[", "pattern")],
    ids=["address", "none selected", "pattern"],
)
@pytest.mark.usefixtures("handled")
def test_what_cannot_be_replayed_is_said(page: Page, asked: str, words: str) -> None:
    """In words; an address is not shown again, and nothing selected is not all."""
    page.goto(f"/replay?group=crm&{asked}")

    expect(page.get_by_role("alert")).to_contain_text(words)
    assert "ada@" not in page.content()


@pytest.mark.usefixtures("handled")
def test_what_is_no_time(page: Page) -> None:
    """It is said in words, and nothing is counted."""
    page.goto("/replay?group=crm&since=yesterday")

    expect(page.get_by_role("alert")).to_contain_text("no time")


@pytest.mark.usefixtures("handled")
def test_longer_than_any_history(console: ConsoleProcess) -> None:
    """A span that begins before there were years is said in words, too."""
    assert "longer than any history" in console.json("/replay?group=crm&since=999999w")["problem"]
