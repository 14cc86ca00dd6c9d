"""Groups: what each takes and holds, and pausing and resuming them as the command line does."""

import re

import pytest
from playwright.sync_api import Page, expect

from salesloft_webhooks.broker.administration.stored_pause import Pause, StoredPause, find_pauses, replace_pause
from tests.console.staged import stage
from tests.console.stages import arrange
from tests.support.broker_driver import Driven
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server
from tests.support.waiting_follow_up import let_one_wait


def test_the_list_says_what_each_takes(valkey: Server, page: Page) -> None:
    """Patterns, order, handlers, and how it stands."""
    arrange(valkey, stage)

    page.goto("/groups")

    crm = page.locator("tbody tr").filter(has_text="crm")
    expect(crm).to_contain_text("person.*")
    expect(crm).to_contain_text("by entity")
    expect(page.locator("tbody tr").filter(has_text="activity")).to_contain_text("acme.activity:router")
    crm.get_by_role("link", name="crm").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("crm")


def test_a_group_shows_what_it_holds(valkey: Server, page: Page) -> None:
    """Who runs what, why and when others come again, which lanes are held back and by which event."""
    arrange(valkey, stage)

    page.goto("/groups/crm")

    expect(page.get_by_role("region", name="Runs now")).to_contain_text("crm-66c4-x9wlm")
    again = page.get_by_role("region", name=re.compile("Comes again"))
    expect(again.locator("tr").filter(has_text="HTTPStatusError")).to_be_visible()
    lane = page.get_by_role("region", name="Lanes that are held back").locator("tbody tr").first
    expect(lane).to_contain_text("HTTPStatusError: 503 from crm")
    expect(lane.get_by_role("link").first).to_have_attribute("href", re.compile("^/people/47"))
    expect(page.get_by_role("img", name=re.compile("^Backlog of crm in the last 30 minutes"))).to_be_visible()


async def one_follow_up(driven: Driven) -> None:
    """One that waits for an hour, in a group that has nothing else to do."""
    await driven.group("crm")
    await let_one_wait(driven.store, 47)


def test_a_group_says_how_many_follow_ups_wait(valkey: Server, page: Page) -> None:
    """And when the first of them is due; a group without any says nothing of them."""
    arrange(valkey, stage)
    page.goto("/groups/activity")
    expect(page.locator("main").get_by_text("Follow-ups")).to_have_count(0)
    arrange(valkey, one_follow_up)

    page.goto("/groups/crm")

    expect(page.locator(".tiles div").filter(has_text="Follow-ups")).to_contain_text("first in 59 min")


def test_a_group_is_paused_with_a_reason_and_resumed(valkey: Server, console: ConsoleProcess, page: Page) -> None:
    """The page says so, the command line sees the same, and the audit knows who and why."""
    arrange(valkey, stage)
    page.goto("/groups/activity")

    page.get_by_label("Why").fill("moving the database")
    page.get_by_label("Minutes, 0: until resumed").fill("15")
    page.get_by_role("button", name="Pause activity").click()

    expect(page.locator(".banner.good")).to_contain_text("activity is paused for 15 min")
    expect(page.locator(".lead")).to_contain_text("moving the database")
    found = {row["row"]["name"]: row["row"]["pause"] for row in console.json("/groups")["groups"]}
    assert "by hand, for another 14 min" in found["activity"]
    page.get_by_role("button", name="Resume activity").click()
    expect(page.locator(".banner.good")).to_contain_text("activity takes events again")
    resumed, paused = console.json("/audit")["acts"]
    assert (paused["act"], paused["arguments"]) == (
        "pause",
        {"name": "activity", "minutes": "15", "reason": "moving the database"},
    )
    assert (resumed["act"], resumed["arguments"]) == ("resume", {"name": "activity"})


async def declared(driven: Driven) -> None:
    """A pause that an object of Kubernetes declares."""
    await driven.group("crm")
    for found in (await find_pauses(driven.store, ["crm"]))["crm"]:
        pause = StoredPause(Pause.DECLARED, None, "moving the CRM", "salesloft/crm")
        assert await replace_pause(driven.store, "crm", found, pause)


def test_a_declared_pause_is_not_overruled_in_silence(valkey: Server, console: ConsoleProcess, page: Page) -> None:
    """The page says who declares it; a shorter one leaves it alone; whoever resumes is told that it comes back."""
    arrange(valkey, declared)

    page.goto("/groups/crm")
    expect(page.locator(".banner.waiting")).to_contain_text("ConsumerGroup salesloft/crm declares this pause")
    expect(page.get_by_role("button", name=re.compile("^Pause"))).to_have_count(0)
    page.get_by_role("button", name="Resume crm").click()
    expect(page.locator(".banner.good")).to_contain_text("The operator will pause it again")

    arrange(valkey, declared)
    shorter = console.post("/api/v1/groups/crm/pause", {"minutes": "5", "reason": "x"})
    assert b"paused for longer than that already: by ConsumerGroup salesloft/crm" in shorter.body


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        pytest.param({"minutes": "5"}, "reason is missing", id="no reason"),
        pytest.param({"minutes": "-5", "reason": "x"}, "whole number", id="no number"),
        pytest.param({"minutes": "999999", "reason": "x"}, "at most", id="years"),
        pytest.param({"minutes": "5", "reason": "x" * 201}, "200", id="a novel"),
    ],
)
def test_what_is_no_pause_is_refused(
    valkey: Server, console: ConsoleProcess, fields: dict[str, str], word: str
) -> None:
    """With words, and nothing is paused."""
    arrange(valkey, stage)

    answer = console.post("/api/v1/groups/activity/pause", fields)

    assert 400 <= answer.status < 500
    assert word in answer.body.decode()
    assert console.json("/groups/activity")["paused"] is False


def test_an_unknown_group_is_not_found(valkey: Server, console: ConsoleProcess) -> None:
    """To be looked at and to be paused."""
    assert console.get("/groups/nobody").status == 404
    assert console.post("/groups/nobody/pause", {"minutes": "5", "reason": "x"}).status == 404


def test_a_group_is_limited_and_that_is_taken_back(valkey: Server, console: ConsoleProcess) -> None:
    """The page says what limits it and who, an empty field says nothing by hand, and the audit knows what was done."""
    arrange(valkey, stage)

    limited = console.post("/api/v1/groups/activity/limit", {"max_running": "5", "rate": "100/min burst 20"})
    page = console.json("/groups/activity")
    console.post("/api/v1/groups/activity/limit", {"max_running": "", "rate": "100/min"})
    lifted = console.json("/groups/activity")
    console.post("/api/v1/groups/activity/forget-limit", {})
    forgotten = console.json("/groups/activity")

    assert b"activity is limited to 5 at once, 100/min burst 20" in limited.body
    assert (page["limits"], page["limited_by_hand"]) == (["5 at once, 100/min burst 20 (by hand)"], True)
    assert (lifted["max_running"], lifted["rate"], lifted["limits"]) == ("", "100/min", ["100/min (by hand)"])
    assert (forgotten["limits"], forgotten["limited_by_hand"]) == ([], False)
    acts = [each["act"] for each in console.json("/audit")["acts"]]
    assert acts == ["forget_limit", "limit", "limit"]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        pytest.param({"max_running": "-5"}, "whole number", id="no number"),
        pytest.param({"max_running": "0"}, "to stop a group, pause it", id="nothing at once"),
        pytest.param({"max_running": "5000000"}, "max_running", id="too many"),
        pytest.param({"rate": "fast"}, "is no rate", id="no rate"),
    ],
)
def test_what_is_no_limit_is_refused(
    valkey: Server, console: ConsoleProcess, fields: dict[str, str], word: str
) -> None:
    """With words, and nothing is limited."""
    arrange(valkey, stage)

    answer = console.post("/api/v1/groups/activity/limit", fields)

    assert 400 <= answer.status < 500
    assert word in answer.body.decode()
    assert console.json("/groups/activity")["limits"] == []
