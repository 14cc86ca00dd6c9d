"""The console's own user of Redis: with the rights of its role all works, and nothing is left over."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from salesloft_webhooks.broker import quarantine
from salesloft_webhooks.broker.rights import PUBLISHING, RIGHTS, Role
from salesloft_webhooks.console.application import all_routes
from salesloft_webhooks.console.routes import Action
from salesloft_webhooks.errors import UnreadableReason
from tests.console.crawling import Crawl
from tests.console.letters import bury
from tests.console.staged import stage
from tests.console.stages import arrange
from tests.console.store_contents import put_one_of_each
from tests.integration.broker.administration.archive_steps import begun
from tests.support.archived_events import Listed, archived
from tests.support.broker_driver import Driven
from tests.support.console_process import ConsoleProcess
from tests.support.platform_thread import PlatformThread
from tests.support.receiver_process import envelope
from tests.support.recorded_commands import OF_CONNECTIONS, Recorder
from tests.support.servers import Server, engines
from tests.support.waiting import wait_until
from tests.support.waiting_follow_up import let_one_wait

TOKEN = "an-invented-api-token"
BEGIN = (
    *("/", "/dead?group=crm", "/erase?person=4711", "/replay?group=activity&since=2h", "/quarantine"),
    *("/events/more", "/people/4711/more", "/follow-ups?group=notify"),
)
QUICK = {"CONSOLE_ACTIONS_PER_MINUTE": "1000", "CONSOLE_BULK_ACTIONS_PER_MINUTE": "1000", "CONSOLE_RUN_RATE": "100"}
LETTERS = ["TimeoutError: crm"] * 150
"""More than a batch: the run that redrives them is there to be stopped."""
UNUSED = {"bgsave", "hset", "srem", "unlink"}
"""Not needed by this store: it has no snapshots, no copy of a stream was left behind, no run is stopped that nobody has
begun with, and no removed group has a last dead letter. For the last two see tests/integration/cli."""
SEARCHES = ("/events?text=robin&since=1h", "/api/v1/events?text=robin&since=1h")


@pytest.fixture(params=engines())
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A store that has one of each, in which nobody has done anything yet."""
    started = Server(engines()[request.param], tmp_path, {"appendonly": "yes"}).start()
    try:
        bury(started.url, LETTERS)
        arrange(started, filled)
        with started.client() as client:
            client.script_flush()
        yield started
    finally:
        started.stop(kill=True)


async def filled(driven: Driven) -> None:
    """A day's middle, and one of each."""
    await stage(driven)
    await put_one_of_each(driven.store, driven.settings, driven.server)
    # All of one group are cancelled; of the other one is run, one is cancelled, and the rest is erased.
    for group in ("crm", "notify"):
        for key in ("one", "two", "three"):
            await let_one_wait(driven.store, 4711, group=group, key=key, asks="evt-0000")
    reason = UnreadableReason.NOT_JSON
    await quarantine(driven.store, source="s", dialect="envelope", reason=reason, body=envelope("kept"), limit=9)


async def replay_unfinished(driven: Driven) -> None:
    """The replay of an archive that has come nowhere."""
    await begun(driven, Listed(archived(1)))


def stop_replay(console: ConsoleProcess) -> int:
    """Stop it by its button; the status."""
    (run,) = (each["run_id"] for each in console.json("/runs")["runs"] if each["kind"] == "replay_archive")
    return console.post(f"/runs/{run}/stop", {"run": run}).status


def asked_for(crawl: Crawl) -> set[str]:
    """The routes that somebody came by, and that did what they should."""
    found = set()
    for route in all_routes():
        method = "POST" if isinstance(route, Action) else "GET"
        pattern = re.compile(re.sub(r"\{[^}]*\}", "[^?]+", route.path))
        if any(
            method == asked and pattern.fullmatch(path) and status < 400
            for (asked, path), status in crawl.answers.items()
        ):
            found.add(f"{method} {route.path}")
    return found


@pytest.mark.timeout(240)
def test_with_the_least_rights(server: Server) -> None:
    """Every page and action works and the server refuses none of it; no right is there that nothing needs."""
    with PlatformThread() as salesloft, Recorder(server.port) as recorder:
        salesloft.do(lambda platform: platform.access.allow(TOKEN))
        asking = {"SALESLOFT_API_URL": salesloft.platform.url, "SALESLOFT_API_TOKEN": TOKEN}
        with ConsoleProcess(f"redis://127.0.0.1:{recorder.port}/0", QUICK | asking) as console:
            crawl = Crawl(console)
            crawl.everything(*BEGIN, *SEARCHES)
            wait_until(
                lambda: all(run["state"] != "running" for run in console.json("/runs")["runs"]),
                seconds=30,
                description="all runs have ended",
            )
            arrange(server, replay_unfinished)
            assert stop_replay(console) == 303

    sent, rights = recorder.sent, RIGHTS[Role.CONSOLE]
    routes = {f"{'POST' if isinstance(each, Action) else 'GET'} {each.path}" for each in all_routes()}
    assert routes - asked_for(crawl) == set()
    assert server.refused() == set()
    assert sent.scripts - rights.scripts == set()
    assert {each for each in sent.commands - rights.commands if not each.startswith(OF_CONNECTIONS)} == set()
    assert rights.scripts - sent.scripts - PUBLISHING.scripts - {"count"} == set()
    assert rights.commands - sent.commands - PUBLISHING.commands - UNUSED == set()
