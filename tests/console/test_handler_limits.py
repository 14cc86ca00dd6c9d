"""Limits of a group's handlers, on its page: who says what, said by hand and taken back as the command line does."""

import re

import pytest
from playwright.sync_api import Page, expect

from salesloft_webhooks.broker.administration.handler_limiting import declare_handler_limits, limit_handler_by_hand
from salesloft_webhooks.limits import SaidLimits
from tests.console.staged import stage
from tests.console.stages import arrange
from tests.support.broker_driver import Driven
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server

GROUP = "/api/v1/groups/crm"


async def declared(driven: Driven) -> None:
    """An object of Kubernetes limits a handler that its author limits as well."""
    await stage(driven)
    await declare_handler_limits(driven.store, "crm", {"log_mail": SaidLimits(4, by="salesloft/crm")})


async def gone(driven: Driven) -> None:
    """Limits by hand of a handler that no worker has any more."""
    await stage(driven)
    await limit_handler_by_hand(driven.store, "crm", "old", SaidLimits(3))


def handlers(console: ConsoleProcess) -> dict[str, dict[str, object]]:
    """What the page says of each."""
    return {each["name"]: each for each in console.json("/groups/crm")["handlers"]}


def test_a_handler_is_limited_and_that_is_taken_back(valkey: Server, console: ConsoleProcess, page: Page) -> None:
    """By form and button; the page says who limits it to what, and the audit knows what was done to which handler."""
    arrange(valkey, declared)
    page.goto("/groups/crm")
    section = page.get_by_role("region", name="Limited handlers")
    mails = section.get_by_role("row").filter(has_text="log_mail")
    expect(mails).to_contain_text("data.account.id")
    expect(mails).to_contain_text("4 at once (by ConsumerGroup salesloft/crm)")
    expect(mails).to_contain_text("8 at once, 100/min (by its author)")
    expect(section.get_by_role("row").filter(has_text="sync")).to_contain_text("nothing")

    section.get_by_label("At once, of log_mail").fill("2")
    section.get_by_label("Rate, of log_mail").fill("none")
    section.get_by_role("button", name="Limit log_mail").click()

    expect(page.locator(".banner.good")).to_contain_text("2 at once, no rate (by hand)")
    by_hand = handlers(console)
    expect(section.get_by_label("At once, of log_mail")).to_have_value("2")
    section.get_by_role("button", name="Take the limits of log_mail by hand back").click()
    expect(page.locator(".banner.good")).to_contain_text(
        "log_mail for each data.account.id: 4 at once (by ConsumerGroup"
    )
    assert (by_hand["log_mail"]["max_running"], by_hand["log_mail"]["rate"]) == ("2", "none")
    assert by_hand["sync"]["limited_by_hand"] is False
    assert handlers(console)["log_mail"]["limited_by_hand"] is False
    forgotten, said = console.json("/audit")["acts"]
    assert (said["act"], said["arguments"]) == (
        "limit_handler",
        {"name": "crm", "handler": "log_mail", "max_running": "2", "rate": "none"},
    )
    assert (forgotten["act"], forgotten["arguments"]) == (
        "forget_handler_limit",
        {"name": "crm", "handler": "log_mail"},
    )


def test_a_field_that_is_left_empty_says_nothing_by_hand_any_more(valkey: Server, console: ConsoleProcess) -> None:
    """The form shows what is said, so what is taken out of it is taken back; the group's own limits are none of it."""
    arrange(valkey, stage)

    console.post(f"{GROUP}/limit-handler", {"handler": "log_mail", "max_running": "2", "rate": "9/s"})
    console.post(f"{GROUP}/limit-handler", {"handler": "log_mail", "max_running": "", "rate": "9/s"})

    found = handlers(console)["log_mail"]
    assert (found["max_running"], found["rate"]) == ("", "9/s")
    assert console.json("/groups/crm")["limits"] == []


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        pytest.param({"max_running": "2"}, "handler is missing", id="no handler"),
        pytest.param({"handler": "snyc", "max_running": "2"}, "asks for permits", id="nobody's"),
        pytest.param({"handler": "sync", "max_running": "0"}, "whole number", id="nothing at once"),
        pytest.param({"handler": "sync", "rate": "fast"}, "is no rate", id="no rate"),
    ],
)
def test_what_is_no_limit_of_a_handler_is_refused(
    valkey: Server, console: ConsoleProcess, fields: dict[str, str], word: str
) -> None:
    """With words, and nothing is limited: one that never asks would look as if it were."""
    arrange(valkey, stage)

    answer = console.post(f"{GROUP}/limit-handler", fields)

    assert 400 <= answer.status < 500
    assert word in answer.body.decode()
    assert not any(each["limited_by_hand"] for each in handlers(console).values())


def test_what_is_left_of_a_handler_that_is_gone_is_only_taken_back(valkey: Server, page: Page) -> None:
    """It is shown as one that nobody has, without a form."""
    arrange(valkey, gone)

    page.goto("/groups/crm")
    row = page.get_by_role("row").filter(has_text="no handler of that name asks for permits")
    expect(row.get_by_role("button", name=re.compile("^Limit"))).to_have_count(0)
    row.get_by_role("button", name=re.compile("^Take the limits of old")).click()

    expect(page.locator(".banner.good")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="no handler of that name")).to_have_count(0)


def test_a_group_without_limited_handlers_has_no_such_part(valkey: Server, page: Page) -> None:
    """Nobody is asked to limit what cannot be limited."""
    arrange(valkey, stage)

    page.goto("/groups/activity")

    expect(page.get_by_role("region", name="Limited handlers")).to_have_count(0)
