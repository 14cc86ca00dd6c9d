"""The page that erases a person: it says how much first, and does what it said."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.servers import Server

HERS, OTHERS = 7001, 7002
EVENTS = "sl:{0}:events"


@pytest.fixture
def stored(valkey: Server) -> None:
    """Events of two people, hers so many that their number has to be typed."""
    with valkey.client() as redis, redis.pipeline() as several:
        for number in range(122):
            about = {"id": f"e{number}", "type": "person.updated", "key": f"person:{HERS if number < 120 else OTHERS}"}
            several.xadd(EVENTS, {**about, "src": "default", "at": "1", "made": "2026", "only": "", "body": "{}"})
        several.execute()


@pytest.mark.usefixtures("stored")
def test_looked_at_confirmed_and_erased(page: Page, valkey: Server) -> None:
    """The page counts and changes nothing; the button wants the number typed, and says afterwards what it has done."""
    page.goto("/erase")
    page.get_by_label("Id of the person").fill(str(HERS))
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_role("row", name="Events 120")).to_be_visible()
    expect(page.get_by_text(f"salesloft-webhooks erase --person {HERS} --dry-run")).to_be_visible()
    with valkey.client() as redis:
        assert redis.xlen(EVENTS) == 122

    page.get_by_label("Type 120 to confirm").fill("120")
    page.get_by_role("button", name="Erase 120 for good").click()

    expect(page.get_by_text("Erased 120 entries, 0 letters, 0 quarantined, 0 follow-ups.")).to_be_visible()
    with valkey.client() as redis:
        assert redis.xlen(EVENTS) == 2
    page.goto("/audit?act=erase")
    expect(page.get_by_role("row", name=f"person {HERS}")).to_be_visible()


def test_what_is_no_id(page: Page) -> None:
    """A name is refused in words, and nothing is looked for."""
    page.goto("/erase?person=Ada+Lovelace")

    expect(page.get_by_role("alert")).to_contain_text("no id of a person")
    expect(page.get_by_role("button", name="for good")).to_have_count(0)
