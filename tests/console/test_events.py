"""The page of events: as they come, and what a search finds, seen in a browser."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from bench.filling import fill
from playwright.sync_api import Page, Route, expect

from tests.console.stored_events import an_event, drive, store_events
from tests.support.broker_driver import Driven
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server
from tests.support.stored_bytes import stored_bytes

ADDRESS = "Robin.Sample@example.com"
BODY = json.dumps({"id": 1, "email_address": ADDRESS}).encode()
MANY = 30_000
"""More than the first look and some further ones get through."""


async def one_of_each(driven: Driven) -> None:
    """An event that the group `crm` has done, one that it gave up, one that waits."""
    group = await driven.group()
    await driven.publish("done", person=7)
    await driven.handle(group)
    await driven.publish("dead", event_type="email.replied", person=7)
    await driven.kill(group)
    await driven.publish("waits", person=8)


def fill_in(valkey: Server) -> None:
    """Many events of people whom nobody here searches for."""
    with ThreadPoolExecutor(1) as threads:  # Playwright's loop runs in this one
        threads.submit(fill, valkey.url, MANY, 10).result()


def test_nothing_is_stored_yet(valkey: Server, page: Page) -> None:
    """The empty page says what would be here, and what to do."""
    page.goto("/events")

    expect(page.locator(".empty")).to_contain_text("Nothing is stored yet")
    expect(page.locator(".command code")).to_have_text("salesloft-webhooks events tail")


def test_the_newest_are_shown_with_what_became_of_them(valkey: Server, page: Page) -> None:
    """Latest first; each leads to its own page and to its person's."""
    drive(valkey, one_of_each)

    page.goto("/events")

    rows = page.locator("#found tr")
    expect(rows.locator("th code")).to_have_text(["waits", "dead", "done"])
    expect(rows.nth(1)).to_contain_text("crm ✗ dead")
    expect(rows.nth(2)).to_contain_text("crm ✓ done")
    expect(rows.nth(1).get_by_role("link", name="dead")).to_have_attribute("href", "/events/dead")
    expect(rows.nth(1).get_by_role("link", name="7")).to_have_attribute("href", "/people/7")
    expect(page.locator("#search-state")).to_contain_text("That is all: looked through 3 of 3")


def test_the_form_narrows_and_its_address_says_so(valkey: Server, page: Page) -> None:
    """What was searched for stands in the address, in the form, and in the command."""
    drive(valkey, one_of_each)
    page.goto("/events")

    page.get_by_label("Person", exact=True).fill("7")
    page.get_by_label("State").select_option("dead")
    page.get_by_role("button", name="Search").click()

    expect(page.locator("#found th code")).to_have_text(["dead"])
    expect(page).to_have_url(re.compile(r"person=7.*state=dead"))
    expect(page.get_by_label("Person", exact=True)).to_have_value("7")
    expect(page.locator(".command code")).to_have_text("salesloft-webhooks events search --person 7 --state dead")


def test_nothing_fits(valkey: Server, page: Page) -> None:
    """A search without a result says where else to look."""
    drive(valkey, one_of_each)

    page.goto("/events?person=9")

    expect(page.locator(".empty")).to_contain_text("No event fits")
    expect(page.locator("#search-state")).to_contain_text("looked through 3 of 3")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"type": "email.[os]*"}, "no event pattern"),
        ({"person": "robin"}, "no id of a person"),
        ({"since": "yesterday"}, "is no time"),
        ({"state": "gone"}, "is no state"),
        ({"search": "unknown"}, "This search is over"),
        ({"after": "somewhere"}, "names no place in the history"),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
def test_what_cannot_be_searched_for_is_said(console: ConsoleProcess, asked: dict[str, str], words: str) -> None:
    """With the form, to mend it; programs get the status."""
    answer = console.get(f"/events?{urlencode(asked)}")

    assert answer.status == 400
    assert words in answer.body.decode()
    assert 'name="person"' in answer.body.decode()


def test_a_search_goes_on_until_it_has_looked_through_everything(valkey: Server, page: Page) -> None:
    """Its page says how far it has come, and shows what it finds on the way."""
    store_events(valkey, an_event("the-oldest", person=77))
    fill_in(valkey)

    page.goto("/events?person=77")

    expect(page.locator("#search-state progress")).to_be_visible()
    expect(page.locator("#search-state label")).to_have_text(re.compile(r"Looked through [\d,]+ of 30,001"))
    expect(page.locator("#found th code")).to_have_text(["the-oldest"], timeout=20_000)
    expect(page.locator("#search-state")).to_contain_text("looked through 30,001 of 30,001")


def test_a_search_goes_on_without_a_script(valkey: Server, console: ConsoleProcess) -> None:
    """By a link, whose page looks for longer."""
    store_events(valkey, an_event("the-oldest", person=77))
    fill_in(valkey)

    answer, asked = console.get("/events?person=77").body.decode(), 0
    while "the-oldest" not in answer:
        (link,) = re.findall(r'href="([^"]+)" class="go-on"', answer)
        answer, asked = console.get(link.replace("&amp;", "&")).body.decode(), asked + 1
        assert asked < 30

    assert asked


def test_another_search_ends_the_one_before(valkey: Server, page: Page) -> None:
    """One a person: the page of the first one says so, and how to go on."""
    fill_in(valkey)
    going_on: list[Route] = []  # each page asks to go on with its search; neither may before both are under way
    page.context.route("**/events/more?*", lambda route: going_on.append(route))  # noqa: PLW0108 - needs attributes
    page.goto("/events?person=77")
    expect(page.locator("#search-state progress")).to_be_visible()
    other = page.context.new_page()
    other.goto("/events?person=78")
    expect(other.locator("#search-state progress")).to_be_visible()

    going_on[0].continue_()

    expect(page.locator("#search-state")).to_contain_text("You have begun another search")
    expect(page.get_by_role("link", name="Go on with this one")).to_be_visible()


def test_an_address_is_found_and_stands_nowhere(valkey: Server, page: Page, console: ConsoleProcess) -> None:
    """It is posted, becomes an id, and the audit has its HMAC: not in the address, not in a key, not in the log."""
    store_events(valkey, an_event("hers", body=BODY), an_event("his"))
    page.goto("/events")

    page.keyboard.press("/")
    page.keyboard.type(ADDRESS.lower())
    page.keyboard.press("Enter")

    expect(page.locator("#found th code")).to_have_text(["hers"])
    assert re.fullmatch(r".*/events\?search=[\w-]{16}", page.url)
    assert ADDRESS.lower() not in page.content().lower()
    expect(page.locator(".command code")).to_contain_text("--contains -")
    page.goto("/audit")
    expect(page.locator("tbody tr").first).to_contain_text(re.compile(r"By text, HMAC [0-9a-f]{16}"))
    assert ADDRESS.lower() not in page.content().lower()
    kept = [name for name, value in stored_bytes(valkey.port).items() if ADDRESS.lower().encode() in value.lower()]
    assert kept == [b"sl:{0}:events"]  # where the event itself is


@pytest.mark.parametrize(
    ("typed", "address"),
    [("7", "/events?person=7"), ("email.*", "/events?type=email.*"), ("dead", "/events/dead")],
    ids=["person", "type", "event"],
)
def test_the_box_of_every_page_knows_what_was_typed(
    valkey: Server, console: ConsoleProcess, typed: str, address: str
) -> None:
    """An id of an event or a person, and a type, lead where they say; programs are told the address."""
    drive(valkey, one_of_each)

    answer = console.post("/api/v1/search", {"text": typed})

    assert json.loads(answer.body)["to"] == address


def test_programs_get_the_same(valkey: Server, console: ConsoleProcess) -> None:
    """Without content."""
    store_events(valkey, an_event("e1", body=BODY, person=7))

    found = json.loads(console.get("/api/v1/events?person=7").body)

    assert [(row["event_id"], row["about"]) for row in found["rows"]] == [("e1", "7")]
    assert (found["looked"], found["total"], found["ended"]) == (1, 1, "through")
    assert ADDRESS not in str(found)
