"""The first page: what needs somebody, the pipeline in its order, each group; and that it can be left open."""

import re
import time

from playwright.sync_api import Page, expect

from salesloft_webhooks.broker.delivery_counts import OUTCOME, TYPE, Arrived, tell_deliveries
from tests.console.staged import stage
from tests.console.stages import arrange
from tests.support.broker_driver import Driven
from tests.support.console_process import ConsoleProcess
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server


def test_what_needs_somebody_leads_to_the_answer(valkey: Server, page: Page) -> None:
    """The most urgent first, each with its group, its words, its runbook, and the page where it can be mended."""
    arrange(valkey, stage)

    page.goto("/")

    rows = page.locator(".attention li")
    expect(rows.first).to_contain_text("critical")
    expect(rows.filter(has_text="warehouse")).to_contain_text("no worker is there")
    dead = rows.filter(has_text="crm")
    expect(dead).to_contain_text("SalesloftWebhooksDeadLetters")
    expect(dead.get_by_role("link")).to_have_attribute("href", "/dead?group=crm")
    rows.filter(has_text="notify").get_by_role("link").click()
    expect(page).to_have_url(re.compile("/groups/notify$"))
    expect(page.locator(".lead")).to_contain_text("Slack maintenance, ticket 4711")


def test_the_pipeline_stands_in_its_order(valkey: Server, receiver: ReceiverProcess, page: Page) -> None:
    """Sources, receivers with their keys, the store, and each group with its figures and a chart."""
    receiver.send(delivery(envelope("evt-1")))
    arrange(valkey, stage)

    page.goto("/")

    expect(page.locator(".stage h2")).to_have_text(["Sources", "Receivers", "Store"])
    expect(page.locator("#receivers")).to_contain_text("1 is there")
    expect(page.locator("#receivers code")).not_to_have_count(0)
    crm = page.locator("#group-crm")
    expect(crm).to_contain_text("retrying")
    expect(crm.get_by_role("img")).to_have_attribute("aria-label", re.compile("^Backlog of crm"))
    expect(page.locator("[style]")).to_have_count(0)


async def long_ago(driven: Driven) -> None:
    """A type that came three hours ago, another one just now; somebody's signature was wrong."""
    await tell_deliveries(
        driven.store,
        [
            Arrived("relay", TYPE, "email.replied", 3 * 3_600.0, 5),
            Arrived("default", TYPE, "person.updated", 1.0, 7),
            Arrived("default", OUTCOME, "stored", 1.0, 7),
            Arrived("default", OUTCOME, "rejected", 60.0, 1),
        ],
    )


def test_silence_is_shown_as_silence(valkey: Server, page: Page) -> None:
    """How long ago the latest of each type came, the latest first; what was refused; a source that fell silent."""
    arrange(valkey, long_ago)

    page.goto("/")

    latest = page.get_by_role("region", name="Latest delivery of each type").locator("tbody tr")
    expect(latest).to_have_text(
        [re.compile(words, re.DOTALL) for words in (r"person\.updated.*s ago", r"email\.replied.*3 h ago")]
    )
    expect(page.locator("#sources")).to_contain_text("rejected (401): 1")
    expect(page.locator(".attention")).to_contain_text("relay: nothing has come for 3.0 hours")


def test_an_empty_installation_says_what_to_do(valkey: Server, page: Page) -> None:
    """No table without rows, no figure that means nothing."""
    page.goto("/")

    expect(page.locator("main")).to_contain_text("No group is registered yet.")
    expect(page.locator("main")).to_contain_text("salesloft-webhooks worker --group activity")


async def one_more(driven: Driven) -> None:
    """One event for everybody."""
    await driven.publish("one-more")


def test_it_follows_without_taking_the_focus(valkey: Server, page: Page) -> None:
    """New figures come by themselves; who stands on a link stays there, and nothing is scrolled."""
    arrange(valkey, stage)
    page.goto("/")
    backlog = page.locator("#group-warehouse td[data-label=Backlog]")
    before = int(backlog.inner_text().split()[0])
    page.locator("#to-group-notify").focus()

    arrange(valkey, one_more)

    expect(backlog).to_have_text(re.compile(f"^{before + 1}"))
    expect(page.locator("#to-group-notify")).to_be_focused()


def test_rows_are_walked_by_keys_and_stay_chosen(valkey: Server, page: Page) -> None:
    """`j` chooses a group, a refresh keeps it chosen, Enter opens it, `g g` comes back."""
    arrange(valkey, stage)
    page.goto("/")
    expect(page.locator("#group-crm")).to_be_visible()

    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#group-crm")).to_be_focused()
    backlog = page.locator("#group-warehouse td[data-label=Backlog]")
    before = int(backlog.inner_text().split()[0])
    arrange(valkey, one_more)
    expect(backlog).to_have_text(re.compile(f"^{before + 1}"))
    expect(page.locator("#group-crm")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/groups/crm$"))
    page.keyboard.press("g")
    page.keyboard.press("g")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


def test_programs_get_the_same(valkey: Server, console: ConsoleProcess) -> None:
    """As a document with plain values."""
    arrange(valkey, stage)

    found = console.json("/")

    groups = {row["name"]: row for row in found["groups"]}
    assert groups["crm"]["dead"] == 1
    assert (groups["notify"]["state"], groups["warehouse"]["state"]) == ("paused", "nobody works")
    assert found["attention"][0]["severity"] == "critical"


def test_it_is_there_at_once(valkey: Server, console: ConsoleProcess) -> None:
    """Whatever is stored, a look costs some calls a partition: a tenth of a second, with room for a busy machine."""
    arrange(valkey, stage)
    console.get("/")

    began = time.perf_counter()
    for _ in range(5):
        assert console.get("/").status == 200

    assert (time.perf_counter() - began) / 5 < 0.15
