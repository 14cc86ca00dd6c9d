"""One event's page: what happened to it, who may see what it says, and giving it to a group again."""

import json
import re
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from salesloft_webhooks import Event
from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.settings import Ordering
from salesloft_webhooks.simulator import invented_resources
from tests.console.arranged import arrange, publish
from tests.support.broker_driver import Driven
from tests.support.console_process import ConsoleProcess
from tests.support.in_thread import in_thread
from tests.support.servers import Server
from tests.support.worker_pipeline import pipeline

REPLY = "email.replied/812345678/3"
ADA = b'{"recipient_email_address":"ada@crm.example","subject":"Ada asks for a trial","counts":{"clicks":3}}'
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}'


class CrmDown(Exception):
    """The CRM does not answer."""


async def handled(driven: Driven) -> None:
    """A reply that `crm` has handled."""
    group = await driven.group()
    await publish(driven, REPLY, ADA)
    await driven.handle(group)


async def dead(driven: Driven) -> None:
    """A reply that `crm` has given up on."""
    group = await driven.group()
    await publish(driven, REPLY, ADA)
    await driven.kill(group, error="LookupError: no rep for ada@crm.example")


def test_a_reply_that_failed_twice_shows_three_attempts(valkey: Server, page: Page) -> None:
    """Each attempt of a real worker has its time, its length and its error, and the last one succeeded."""
    attempts: list[int] = []

    async def handle(event: Event) -> None:
        attempts.append(event.attempt)
        if len(attempts) < 3:
            raise CrmDown(f"503 from crm for ada@crm.example, the {len(attempts)}. time")

    async def run() -> None:
        async with pipeline(valkey, handle) as running:
            await running.publish(REPLY, key="person:7", event_type="email.replied")
            await running.finished(1)

    in_thread(run)
    page.goto(f"/events/{REPLY}")

    rows = page.locator("[data-attempt]")
    expect(rows).to_have_count(3)
    expect(rows.locator("td:nth-child(5)")).to_have_text(
        [
            re.compile(r"^CrmDown: 503 from crm for •••@crm\.example, the 1\. time \(tests/"),
            re.compile("the 2. time"),
            "",
        ]
    )
    expect(rows.locator("td:nth-child(4)")).to_have_text([re.compile("retry"), re.compile("retry"), re.compile("done")])
    expect(rows.locator("time")).to_have_count(3)
    expect(rows.locator("td:nth-child(3)")).to_have_text([re.compile(r"^\d+ ms$")] * 3)
    expect(page.get_by_role("heading", name="mine")).to_contain_text("done")
    expect(page.locator(".command code")).to_have_text(f"salesloft-webhooks events show {REPLY}")


def test_what_came_and_how_is_told(valkey: Server, page: Page) -> None:
    """Source, person, type and how often it came; the person leads to all of theirs."""

    async def twice(driven: Driven) -> None:
        await handled(driven)
        await publish(driven, REPLY, ADA)

    arrange(valkey, twice)
    page.goto(f"/events/{REPLY}")

    received = page.get_by_role("region", name="Received")
    expect(received).to_contain_text("a webhook of source team")
    expect(received).to_contain_text("1 time, and was recognised")
    received.get_by_role("link", name="person:7").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Person 7")


def test_data_is_hidden_until_somebody_asks_and_that_is_written_down(
    valkey: Server, console: ConsoleProcess, page: Page
) -> None:
    """Ids and counts are shown, what says who is not; revealing is in the audit with the event and without its data."""
    arrange(valkey, handled)
    page.goto(f"/events/{REPLY}")
    content = page.get_by_label("Content of the event")
    expect(content).to_contain_text("a•••••@crm.example")
    expect(content).to_contain_text('"clicks": 3')
    expect(page.locator("main")).not_to_contain_text("Ada")

    page.get_by_role("button", name="Show it as it came").click()

    expect(content).to_contain_text("Ada asks for a trial")
    expect(page.get_by_role("button", name="Show it as it came")).to_have_count(0)
    (act,) = console.json("/audit")["acts"]
    assert (act["act"], act["arguments"], act["outcome"]) == ("reveal", {"id": REPLY}, "done")
    assert "Ada" not in json.dumps(act)
    page.goto(f"/events/{REPLY}")
    expect(page.locator("main")).not_to_contain_text("Ada")


def test_what_strangers_sent_is_text(valkey: Server, page: Page) -> None:
    """Every text of a person, names of fields, the event's id and the error are markup: nothing runs, masked or not."""
    page.on("dialog", lambda _: pytest.fail("a script ran"))
    person = invented_resources.person(Random(7), 1, 2, datetime(2026, 3, 7, tzinfo=UTC))
    hostile = json.dumps(_with_markup(person) | {HOSTILE: HOSTILE}).encode()
    event_id = f"x{HOSTILE}".replace("/", "")

    async def given(driven: Driven) -> None:
        group = await driven.group()
        await publish(driven, event_id, hostile, event_type="person.updated")
        await driven.settle(group, await driven.take(group), Outcome.RETRY, error=HOSTILE)
        await driven.kill(group, error=HOSTILE)

    arrange(valkey, given)
    page.goto("/people/7")
    page.locator("[data-event] a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(event_id)
    expect(page.locator("[data-attempt]")).to_have_count(2)
    page.get_by_role("button", name="Show it as it came").click()

    content = page.get_by_label("Content of the event")
    expect(content).to_contain_text("onerror=alert(1)")
    expect(content).to_contain_text("{{7*7}}")
    expect(page.locator("main img, main script")).to_have_count(0)


def _with_markup(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_markup(each) for name, each in value.items()}
    if isinstance(value, list):
        return [HOSTILE, *map(_with_markup, value)]
    return HOSTILE if isinstance(value, str) else value


def test_a_dead_letter_is_redriven_from_its_events_page(valkey: Server, console: ConsoleProcess, page: Page) -> None:
    """One button gives it to the group again; the page says so, what was before stays, and the audit has it."""
    arrange(valkey, dead)
    page.goto(f"/events/{REPLY}")
    expect(page.locator("main")).to_contain_text("LookupError: no rep for •••@crm.example")

    page.get_by_role("button", name="Redrive it to crm").click()

    expect(page.locator(".banner.good")).to_have_text("crm gets the dead letter again")
    expect(page.get_by_role("heading", name="crm")).to_contain_text("waiting")
    expect(page.locator("[data-attempt]")).to_have_count(1)
    (act,) = console.json("/audit")["acts"]
    assert (act["act"], act["arguments"], act["counts"]) == (
        "replay_event",
        {"id": REPLY, "group": "crm"},
        {"events": 1},
    )


def test_a_handled_event_is_replayed_to_one_group(valkey: Server, page: Page) -> None:
    """The group gets it again, and is told that it was handled before once it is done."""
    arrange(valkey, handled)
    page.goto(f"/events/{REPLY}")

    page.get_by_role("button", name="Replay it to crm").click()

    expect(page.locator(".banner.good")).to_have_text("crm gets the event again")
    expect(page.get_by_role("heading", name="crm")).to_contain_text("waiting")


def test_what_is_not_kept_any_more_says_so(valkey: Server, page: Page) -> None:
    """After the history was trimmed the outcome is known and the content is not: nothing to replay or to reveal."""
    arrange(valkey, handled)
    with valkey.client() as client:
        client.xtrim("sl:{0}:events", maxlen=0)

    page.goto(f"/events/{REPLY}")

    expect(page.locator("main")).to_contain_text("content no longer kept (1 d)")
    expect(page.get_by_role("heading", name="crm")).to_contain_text("done")
    expect(page.locator("main button")).to_have_count(0)


def test_an_event_says_what_it_waits_behind(valkey: Server, page: Page) -> None:
    """The earlier events of the same person that are not finished, with why the first one is not."""

    async def held(driven: Driven) -> None:
        group = await driven.group(ordering=Ordering.ENTITY)
        await publish(driven, "person.updated/7/1", ADA)
        await publish(driven, REPLY, ADA)
        await driven.settle(group, await driven.take(group), Outcome.RETRY, delay_seconds=60.0, error="CrmDown: 503")

    arrange(valkey, held)
    page.goto(f"/events/{REPLY}")

    expect(page.locator("main")).to_contain_text("It waits behind 1 earlier event of the same person.")
    behind = page.get_by_role("table", name="It waits behind")
    expect(behind.locator("tbody tr")).to_contain_text("CrmDown: 503")
    behind.get_by_role("link", name="person.updated/7/1").click()
    expect(page.get_by_role("heading", name="crm")).to_contain_text("scheduled")


def test_an_unknown_event_is_no_page(valkey: Server, console: ConsoleProcess) -> None:
    """404, with what that can mean."""
    reply = console.get("/events/nobody/knows/this")

    assert reply.status == 404
    assert b"never accepted" in reply.body
