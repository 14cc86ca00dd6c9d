"""An unfinished replay of an archive in the console: under way on the first page, listed, shown, and stopped."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.console.arranged import arrange
from tests.integration.broker.administration.archive_steps import begun, given
from tests.support.archived_events import Listed, archived
from tests.support.broker_driver import Driven
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server

EVENTS, FIRST = 150, 100


async def half_given(driven: Driven) -> None:
    """A replay whose command has died behind its first batch."""
    await driven.group()
    archive = Listed(*(archived(number) for number in range(EVENTS)))
    await given(driven, await begun(driven, archive), archive, stop_after=FIRST)


@pytest.fixture
def console(own_server: Server) -> Iterator[ConsoleProcess]:
    """A console of a store that has such a replay."""
    arrange(own_server.start(), half_given)
    with ConsoleProcess(own_server.url, {}) as running:
        yield running


def test_it_is_seen_and_stopped_like_any_other(console: ConsoleProcess, page: Page) -> None:
    """With its progress and the command that goes on, which no console can; the button gives it up, in the audit."""
    (run,) = console.json("/runs")["runs"]
    (under_way,) = console.json("/")["runs"]
    shown = console.json(f"/runs/{run['run_id']}")
    page.goto(f"/runs/{run['run_id']}")
    expect(page.locator("#run")).to_contain_text(f"unfinished: {FIRST} of {EVENTS} dealt with")
    expect(page.locator("main")).to_contain_text("salesloft-webhooks replay crm --resume")
    page.get_by_role("button", name="Stop it").click()
    expect(page.locator("main")).to_contain_text("nothing more is done")

    assert (run["kind"], run["state"], run["outcomes"]) == ("replay_archive", "unfinished", {"replayed": FIRST})
    assert (under_way["what"], under_way["passed"], under_way["total"]) == ("replay archive in crm", FIRST, EVENTS)
    assert shown["run"]["selection"]["from"] == "file:///archive"
    assert console.json("/runs")["runs"] == []
    (act,) = (act for act in console.json("/audit")["acts"] if act["act"] == "stop_run")
    assert (act["run"], act["outcome"]) == (run["run_id"], "done")
