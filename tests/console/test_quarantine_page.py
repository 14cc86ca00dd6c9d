"""The quarantine: what could not be read is looked at masked, read again, thrown away."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.servers import Server

QUARANTINE, EVENTS = "sl:{0}:quarantine", "sl:{0}:events"
NAME = '"><img src=x onerror=alert(1)> {{7*7}} Jane Doe'


@pytest.fixture
def redis(valkey: Server) -> Any:
    """The store from outside."""
    with valkey.client() as client:
        yield client


def keep(redis: Any, number: int, **fields: str) -> str:
    """Quarantine an envelope that can be read by now; its name."""
    data = {"id": number, "display_name": NAME}
    event = {"event_type": "person.updated", "event_id": f"evt-{number}", "created_at": "2026", "data": data}
    common = {"src": "default", "dialect": "envelope", "reason": "missing_field", "at": "1766000000000", "cut": "0"}
    return f"0/{redis.xadd(QUARANTINE, {**common, 'body': json.dumps(event), **fields})}"


def test_one_is_looked_at_and_read_again(page: Page, redis: Any) -> None:
    """From the list to its page, on which no name is shown, to the stream: without another word."""
    name = keep(redis, 1)
    page.goto("/quarantine")
    page.get_by_role("link", name=name).click()

    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(page.locator("pre")).to_contain_text("display_name")
    expect(page.locator("pre")).not_to_contain_text("Jane")
    page.get_by_role("button", name="Reprocess").click()

    expect(page.get_by_text("It is stored, as if it had just come.")).to_be_visible()
    assert [fields["id"] for _, fields in redis.xrange(EVENTS)] == ["evt-1"]
    assert redis.xlen(QUARANTINE) == 0


def test_what_a_key_was_taken_out_of_has_no_button(page: Page, redis: Any) -> None:
    """It says why; it can be thrown away, which the audit has."""
    name = keep(redis, 1, cut="1")
    page.goto(f"/quarantine/{name}")

    expect(page.get_by_text("cannot be reprocessed")).to_be_visible()
    expect(page.get_by_role("button", name="Reprocess")).to_have_count(0)
    page.get_by_role("button", name="Discard for good").click()

    expect(page.get_by_text(f"{name} is discarded")).to_be_visible()
    assert redis.xlen(QUARANTINE) == 0
    page.goto("/audit?act=discard_quarantined")
    expect(page.get_by_role("row", name=name)).to_be_visible()


def test_all_of_a_reason_are_read_again_by_a_run(page: Page, redis: Any) -> None:
    """The number is typed; the run stores them and leaves the others, whatever the browser does meanwhile."""
    for number in range(120):
        keep(redis, number)
    keep(redis, 120, reason="not_json", body="{")
    page.goto("/quarantine?reason=missing_field")
    page.get_by_label("Type 120 to confirm").first.fill("120")
    page.get_by_role("button", name="Reprocess 120").click()

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_url("**/runs/*")
    for _ in range(100):
        if redis.xlen(QUARANTINE) == 1:
            break
        page.wait_for_timeout(100)
    assert (redis.xlen(QUARANTINE), redis.xlen(EVENTS)) == (1, 120)


def test_an_empty_quarantine_says_so(page: Page) -> None:
    """And what comes there."""
    page.goto("/quarantine")

    expect(page.get_by_text("Nothing is in quarantine.")).to_be_visible()
