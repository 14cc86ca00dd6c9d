"""What settings make of an event's page: where its traces are looked at, and that nobody may see its data."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.broker.lease import Ran
from tests.console.arranged import arrange, publish
from tests.support.broker_driver import Driven
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server

REPLY = "email.replied/812345678/3"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACES = "https://traces.example.com/trace/{trace_id}?org=1"
ADA = b'{"recipient_email_address":"ada@crm.example","subject":"Ada asks for a trial"}'


@pytest.fixture
def console(valkey: Server) -> Iterator[ConsoleProcess]:
    """One that knows where traces are, and in which nobody may see what events say."""
    with ConsoleProcess(valkey.url, {"CONSOLE_TRACE_URL": TRACES, "CONSOLE_REVEAL": "off"}) as running:
        yield running


async def failed_once(driven: Driven) -> None:
    """A reply whose first attempt had a trace."""
    group = await driven.group()
    await publish(driven, REPLY, ADA)
    ran = Ran(began=time.monotonic() - 0.25, seconds=0.25, trace_id=TRACE_ID)
    await driven.settle(group, await driven.take(group), Outcome.RETRY, error="CrmDown: 503", ran=ran)


def test_an_attempt_leads_to_its_trace_and_its_data_to_nobody(
    valkey: Server, console: ConsoleProcess, page: Page
) -> None:
    """The link has the trace's id in its place; no button shows the data, and nothing is behind its address."""
    arrange(valkey, failed_once)

    page.goto(f"/events/{REPLY}")

    link = page.locator("[data-attempt]").get_by_role("link", name="trace")
    expect(link).to_have_attribute("href", TRACES.replace("{trace_id}", TRACE_ID))
    expect(page.get_by_label("Content of the event")).to_contain_text("a•••••@crm.example")
    expect(page.get_by_role("button", name="Show it as it came")).to_have_count(0)
    expect(page.locator(".person")).not_to_have_attribute("title", re.compile("reveal"))
    for address in (f"/events/{REPLY}/reveal", f"/api/v1/events/{REPLY}/reveal"):
        refused = console.post(address)
        assert refused.status == 405  # the address of a page, for a path may have anything in it
        assert b"trial" not in refused.body
    assert console.json("/audit")["acts"] == []
