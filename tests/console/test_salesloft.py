"""What SalesLoft has, beside what is declared; how far backfills are. Looking costs nothing of the rate limit."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from salesloft_webhooks.broker.backfill_jobs import ROLE_JOB, BackfillJob
from salesloft_webhooks.simulator.platform import Behaviour
from tests.console.stages import arrange
from tests.support.broker_driver import Driven
from tests.support.console_process import ConsoleProcess
from tests.support.platform_thread import PlatformThread
from tests.support.servers import Server
from tests.support.waiting import wait_until

API_TOKEN = "ak-an-invented-api-token"
OURS, OTHERS = "https://hooks.example.com/salesloft", "https://elsewhere.example.com/x"
DECLARED = f"spec: {{callbackUrl: {OURS}, events: [person_created, person_updated, call_created]}}\n"


@pytest.fixture
def salesloft() -> Iterator[PlatformThread]:
    """A team with four subscriptions, one of which somebody has disabled."""
    with PlatformThread(Behaviour()) as platform:
        platform.do(lambda there: there.access.allow(API_TOKEN))
        platform.add("person_created", OURS, "a-secret-token")
        platform.add("person_updated", OURS, "a-secret-token", enabled=False)
        platform.add("note_created", OURS, "a-secret-token")
        platform.add("person_created", f"{OTHERS}?key=a-secret", "a-secret-token")
        yield platform


@pytest.fixture
def asking(valkey: Server, salesloft: PlatformThread, tmp_path: Path) -> Iterator[ConsoleProcess]:
    """A console that may ask it."""
    declared = tmp_path / "subscriptions.yaml"
    declared.write_text(DECLARED)
    settings = {
        "SALESLOFT_API_URL": salesloft.do(lambda there: there.url),
        "SALESLOFT_API_TOKEN": API_TOKEN,
        "CONSOLE_SUBSCRIPTIONS_FILE": str(declared),
    }
    with ConsoleProcess(valkey.url, settings) as running:
        yield running


def test_what_salesloft_has_stands_beside_what_is_declared(valkey: Server, asking: ConsoleProcess) -> None:
    """Missing first; no token, no query; and however often the page is looked at, SalesLoft was asked once."""
    wait_until(lambda: asking.json("/subscriptions")["listed_ms"] > 0, description="SalesLoft was asked")
    for _ in range(5):
        found = asking.json("/subscriptions")

    rows = [(row["event"], row["word"], row["url"]) for row in found["subscriptions"]]
    assert rows == [
        ("call_created", "missing", OURS),
        ("note_created", "not declared", OURS),
        ("person_created", "sent", OURS),
        ("person_updated", "disabled", OURS),
        ("person_created", "elsewhere", OTHERS),
    ]
    assert b"a-secret" not in asking.get("/subscriptions").body
    assert asking.post("/api/v1/subscriptions/ask").status == 200
    assert asking.json("/subscriptions")["listed_ms"] == found["listed_ms"], "it was asked a moment ago"
    with valkey.client() as client:
        assert "a-secret" not in str(client.get("sl:salesloft:subscriptions"))
        assert client.ttl("sl:salesloft:subscriptions") > 0


def test_why_salesloft_cannot_be_asked_is_said(valkey: Server) -> None:
    """In words, with the page there all the same."""
    settings = {"SALESLOFT_API_URL": "http://127.0.0.1:1", "SALESLOFT_API_TOKEN": API_TOKEN}
    with ConsoleProcess(valkey.url, settings) as asking:
        wait_until(lambda: asking.json("/subscriptions")["problem"] != "", seconds=20, description="it has tried")

        found = asking.json("/subscriptions")

    assert (found["listed_ms"], found["subscriptions"]) == (0, [])
    assert found["asked_ms"] > 0
    assert API_TOKEN not in found["problem"]


def test_without_credentials_it_says_so(valkey: Server, console: ConsoleProcess) -> None:
    """And asks nobody."""
    assert console.json("/subscriptions")["configured"] is False
    assert "no credentials for SalesLoft" in console.get("/subscriptions").body.decode()
    assert console.post("/subscriptions/ask").status == 400


async def half_way(driven: Driven) -> None:
    """The role has read people; three changes came by no webhook."""
    job = BackfillJob(driven.store, ROLE_JOB, "one")
    await job.hold()
    fields = {"cursor": "2026-03-07T04:26:14+00:00", "reached": "2026-03-07T04:30:00+00:00", "began": ""}
    await job.commit("people", fields, {"arrived": 7, "missed": 3})


def test_a_backfill_says_how_far_it_is(valkey: Server, console: ConsoleProcess) -> None:
    """Until when it has read, how far behind that is, and what no webhook has brought."""
    assert "No backfill has ever run here" in console.get("/backfill").body.decode()
    arrange(valkey, half_way)

    found = console.json("/backfill")

    (role,) = found["jobs"]
    assert (role["is_role"], role["running"], found["missed"]) == (True, True, 3)
    (people,) = role["resources"]
    assert (people["resource"], people["arrived"], people["missed"], people["is_behind"]) == ("people", 7, 3, True)
    assert "3 changes came by no webhook" in console.get("/backfill").body.decode()
