"""Follow-ups in a browser: found, looked at, run now, cancelled one by one and all that match."""

import re

import pytest
from playwright.sync_api import Page, expect

from salesloft_webhooks.follow_ups import id_of
from tests.console.stages import arrange
from tests.support.broker_driver import Driven
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.waiting_follow_up import let_one_wait

MANY = 120
HERS = id_of("crm", "asks-7", "no reply")
LATER = "sl:{0}:g:crm:later"


async def fill(driven: Driven) -> None:
    """Hers, which is due first, and those of a task of many people."""
    await driven.group()
    await driven.group("notify")
    await driven.publish("e1")  # with which format 2 is written
    await let_one_wait(driven.store, 7, key="no reply", after=60)
    for person in range(1_000, 1_000 + MANY):
        await let_one_wait(driven.store, person, key="welcome", task="tell", after=3_600 + person)


@pytest.fixture
def waiting(valkey: Server, console: ConsoleProcess) -> None:
    """A console on a store in which they wait."""
    arrange(valkey, fill)


def left(server: Server) -> int:
    """How many wait."""
    with server.client() as client:
        return int(client.zcard(LATER))


def acts(console: ConsoleProcess) -> list[tuple[str, str]]:
    """What is written down, the latest first."""
    return [(act["act"], act["outcome"]) for act in console.json("/audit")["acts"]]


@pytest.mark.usefixtures("waiting")
def test_they_are_found_and_paged_through(page: Page) -> None:
    """From the navigation to hers; fifty at a time, each leading to its person, its event and its group."""
    page.goto("/")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Follow-ups").click()
    rows = page.locator("main tbody tr")
    expect(rows).to_have_count(50)
    expect(rows.first).to_contain_text("no reply")
    expect(rows.first.get_by_role("link", name="7", exact=True)).to_have_attribute("href", "/people/7")
    expect(rows.first.get_by_role("link", name="asks-7")).to_have_attribute("href", "/events/asks-7")

    page.get_by_role("link", name="More").click()
    expect(page.locator("main tbody tr").first).to_contain_text("1049")
    page.get_by_role("link", name="More").click()

    expect(page.locator("main tbody tr")).to_have_count(MANY + 1 - 100)
    expect(page.get_by_role("link", name="More")).to_have_count(0)


@pytest.mark.usefixtures("waiting")
def test_a_filter_is_an_address(page: Page) -> None:
    """Its command in a terminal asks for the same; what fits nothing says so."""
    page.goto("/follow-ups")
    page.get_by_label("Person", exact=True).fill("7")
    page.get_by_label("Group").select_option("crm")
    page.get_by_role("button", name="Show").click()

    expect(page).to_have_url(re.compile(r"group=crm.*person=7"))
    expect(page.locator("main tbody tr")).to_have_count(1)
    expect(page.locator(".command code")).to_have_text("salesloft-webhooks follow-ups list --group crm --person 7")
    page.goto("/follow-ups?key=nobody")
    expect(page.get_by_text("No follow-up that waits fits.")).to_be_visible()


@pytest.mark.usefixtures("waiting")
def test_one_is_run_now(page: Page, valkey: Server, console: ConsoleProcess) -> None:
    """Its page says what it is; the button makes it an event of its group, which the page then says."""
    page.goto("/follow-ups?group=crm")
    page.get_by_role("link", name=HERS).click()
    expect(page.locator("main dl").first).to_contain_text("no reply")
    expect(page.get_by_text(f"salesloft-webhooks follow-ups run-now {HERS}")).to_be_visible()

    page.get_by_role("button", name="Run it now").click()

    expect(page.get_by_text("It has begun: its group gets it as an event.")).to_be_visible()
    expect(page.get_by_role("link", name="What became of it")).to_have_attribute("href", f"/events/{HERS}")
    expect(page.get_by_role("button", name="Run it now")).to_have_count(0)
    assert left(valkey) == MANY
    assert acts(console)[0] == ("run_follow_up", "done")


@pytest.mark.usefixtures("waiting")
def test_one_is_cancelled(page: Page, valkey: Server, console: ConsoleProcess) -> None:
    """For good, which the page says before and after."""
    page.goto(f"/follow-ups/{HERS}")
    expect(page.get_by_text("Cancelled, it is gone for good")).to_be_visible()

    page.get_by_role("button", name="Cancel it for good").click()

    expect(page.get_by_text("It was cancelled: its event does not bring it back.")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel it for good")).to_have_count(0)
    assert left(valkey) == MANY
    assert acts(console)[0] == ("cancel_follow_up", "done")


@pytest.mark.usefixtures("waiting")
def test_all_that_match_are_counted_confirmed_and_cancelled_by_a_run(
    page: Page, valkey: Server, console: ConsoleProcess
) -> None:
    """The number is typed; the run cancels these and leaves hers, and the audit has who, what and how many."""
    page.goto("/follow-ups?group=crm&task=tell")
    page.get_by_role("link", name="Cancel all that match …").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Cancel {MANY} follow-ups of crm?")
    page.get_by_label(f"Type {MANY} to confirm").fill(str(MANY))
    page.get_by_role("button", name=f"Cancel {MANY} follow-ups of crm").click()

    page.wait_for_url("**/runs/*")
    expect(page.locator("#run")).to_contain_text("done")
    assert left(valkey) == 1
    expect(page.get_by_role("link", name="Follow-ups of crm")).to_be_visible()
    (act,) = (each for each in console.json("/audit")["acts"] if each["act"] == "cancel_follow_ups")
    assert (act["arguments"], act["counts"]) == (
        {"group": "crm", "task": "tell", "count": str(MANY)},
        {"follow_ups": MANY},
    )
    wait_until(lambda: console.json("/follow-ups")["rows"][0]["follow_up"] == HERS, description="hers still waits")


def test_without_any_it_says_what_comes_there(page: Page) -> None:
    """And what a follow-up is."""
    page.goto("/follow-ups")

    expect(page.get_by_text("No follow-up waits.")).to_be_visible()
