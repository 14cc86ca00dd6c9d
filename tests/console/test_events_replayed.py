"""Events of the page of events that somebody ticks, and replays into one group."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.stored_events import an_event, drive, store_events
from tests.support.broker_driver import Driven
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server

IDS = ("first", "second", "third")
FILLED = """() => {
    const list = document.getElementById("found"), row = list.firstElementChild;
    while (list.children.length < 200) list.lastElementChild.before(row.cloneNode(true));
}"""
"""Makes the list as long as it may be, without the events."""


LONG = """() => {
    const list = document.getElementById("found"), row = list.firstElementChild;
    while (list.children.length < 200) list.lastElementChild.before(row.cloneNode(true));
    for (const box of list.querySelectorAll("[name=id]")) [box.value, box.checked] = ["x".repeat(100), true];
}"""
"""Two hundred events with ids of a hundred characters, all of them ticked."""


@pytest.mark.usefixtures("handled")
def test_more_is_ticked_than_a_request_has_room_for(console: ConsoleProcess, page: Page) -> None:
    """The page says so instead of sending what would be refused; with fewer it goes on."""
    page.goto("/events")
    page.evaluate(LONG)
    too_many = page.get_by_text("too long for one request")
    expect(too_many).to_be_hidden()

    page.get_by_label("Replay into group").select_option("crm")
    page.get_by_role("button", name="Replay selected").click()
    expect(too_many).to_be_visible()
    page.evaluate("() => document.querySelectorAll('[name=id]').forEach((box, at) => (box.checked = at < 100))")
    page.get_by_role("button", name="Replay selected").click()

    page.wait_for_url("**/replay?**")


@pytest.fixture
def handled(valkey: Server) -> None:
    """Three events that two groups have handled."""

    async def step(driven: Driven) -> None:
        groups = [await driven.group(name) for name in ("crm", "notify")]
        await driven.publish(*IDS)
        for group in groups:
            await driven.handle(group)

    drive(valkey, step)


def copies(console: ConsoleProcess) -> list[tuple[str, str]]:
    """What was given to a group again: the event and the group."""
    return sorted((row["event_id"], row["only"]) for row in console.json("/events")["rows"] if row["only"])


async def handle_all(driven: Driven) -> None:
    """Both groups finish what there is."""
    for name in ("crm", "notify"):
        group = await driven.group(name)
        while not await driven.handle(group):
            pass  # whoever has just come takes in a later round


def replay_two(page: Page) -> None:
    """Of what is ticked, count and begin."""
    page.get_by_label("Replay into group").select_option("crm")
    page.get_by_role("button", name="Replay selected").click()
    expect(page.get_by_text("Only the 2 events that you have selected")).to_be_visible()
    expect(page.get_by_role("row", name="replayed 2")).to_be_visible()
    page.get_by_role("button", name="Replay 2 into crm").click()
    page.wait_for_url("**/runs/*")


@pytest.mark.usefixtures("handled")
def test_two_are_ticked_by_key_and_by_hand_and_no_other_comes_again(
    valkey: Server, console: ConsoleProcess, page: Page
) -> None:
    """`x` ticks the row on which one stands, and new rows have boxes, too; exactly these are counted and replayed."""
    page.goto("/events")
    store_events(valkey, an_event("fresh"))
    expect(page.locator("#found th code")).to_have_text(["fresh", *reversed(IDS)])
    for key in ("j", "j", "j", "x"):  # on the third row; what came by itself is the first
        page.keyboard.press(key)
    expect(page.get_by_label("Select second")).to_be_checked()
    page.keyboard.press("j")
    page.get_by_label("Select fresh").check()
    page.keyboard.press("k")  # boxes do not swallow keys
    expect(page.locator(":checked[name=id]")).to_have_count(2)
    drive(valkey, handle_all)

    replay_two(page)

    expect(page.locator("#run")).to_contain_text("done")
    assert copies(console) == [("fresh", "crm"), ("second", "crm")]


@pytest.fixture
def plain(browser: Browser, console: ConsoleProcess) -> Iterator[Page]:
    """A window without JavaScript."""
    context = browser.new_context(base_url=console.url, java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.mark.usefixtures("handled")
def test_the_same_without_a_script(console: ConsoleProcess, plain: Page) -> None:
    """Boxes, a choice and a button are a form of HTML's; the group that was searched in is chosen."""
    plain.goto("/events?group=crm")
    expect(plain.get_by_label("Replay into group")).to_have_value("crm")
    for event_id in IDS[:2]:
        plain.get_by_label(f"Select {event_id}").check()

    replay_two(plain)

    def is_done() -> bool:
        plain.reload()
        return "done" in plain.locator("#run p[role=status]").inner_text()

    for _ in range(50):
        if is_done():
            break
    assert copies(console) == [("first", "crm"), ("second", "crm")]


@pytest.mark.usefixtures("handled")
def test_a_ticked_row_stays_however_much_comes(valkey: Server, page: Page) -> None:
    """The list drops its oldest rows, and none of those that somebody has chosen."""
    page.goto("/events")
    page.get_by_label("Select first").check()
    page.mouse.move(5, 5)
    page.get_by_label("Replay into group").focus()
    page.evaluate(FILLED)

    store_events(valkey, an_event("fresh"), an_event("fresher"))

    expect(page.locator("#found th code").first).to_have_text("fresher")
    expect(page.locator("#found tr")).to_have_count(201)
    expect(page.get_by_label("Select first")).to_be_checked()
