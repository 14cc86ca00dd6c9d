"""The console's own user of Redis: with the rights that the page on operations gives it all works, and nothing else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from salesloft_webhooks.broker.scripts import script
from salesloft_webhooks.console.application import all_routes
from salesloft_webhooks.console.routes import Action
from tests.console.crawling import Crawl
from tests.console.letters import bury
from tests.console.staged import stage
from tests.console.stages import arrange
from tests.console.store_contents import put_one_of_each
from tests.support.broker_driver import Driven
from tests.support.console_process import ConsoleProcess
from tests.support.rules_and_dashboards import ROOT
from tests.support.servers import Server, engines
from tests.support.waiting import wait_until

PASSWORD = "the-consoles-own"
BEGIN = (
    *("/", "/dead?group=crm", "/erase?person=4711", "/replay?group=activity&since=2h", "/quarantine"),
    *("/events/more", "/people/4711/more"),
)
QUICK = {"CONSOLE_ACTIONS_PER_MINUTE": "1000", "CONSOLE_BULK_ACTIONS_PER_MINUTE": "1000", "CONSOLE_RUN_RATE": "100"}
LETTERS = ["TimeoutError: crm"] * 150
"""More than a batch: the run that redrives them is there to be stopped."""
UNUSED = {"bgsave"}
"""Allowed although this store does not need it: it has no snapshots."""
OURS = {"acl|log", "acl|setuser", "config|resetstat", "script|exists", "script|flush"}
"""What this test asks the server."""
CALLED = re.compile(r"(?:call\(|\{ ?)'([A-Z]+)'(?:, '([A-Z]+)')?")
REFUSED = (
    "FLUSHALL",
    "FLUSHDB",
    "KEYS *",
    "CONFIG GET *",
    "CONFIG SET save x",
    "ACL LIST",
    "ACL SETUSER console +@all",
    "SHUTDOWN",
    "MONITOR",
    "CLIENT LIST",
    "CLIENT KILL TYPE normal",
    "REPLICAOF localhost 1",
    "SCRIPT FLUSH",
    "FUNCTION LIST",
    "SLOWLOG GET",
    "MIGRATE 127.0.0.1 1 sl:x 0 1",
    "DUMP sl:x",
    "RESTORE sl:x 0 x",
    "MOVE sl:x 1",
    "SWAPDB 0 1",
    "XREADGROUP GROUP crm me STREAMS sl:{0}:events >",
    "SUBSCRIBE x",
    "PUBLISH x y",
    "GET another:key",
    "EVAL redis.call('GET','another:key') 0",
)


@dataclass
class Allowed:
    """A server with the console's user, and somebody who may do everything and looks on."""

    server: Server
    looking: redis.Redis

    @property
    def url(self) -> str:
        """Where the console logs in."""
        return f"redis://console:{PASSWORD}@127.0.0.1:{self.server.port}/0"

    def refused(self) -> set[str]:
        """What the server has refused to anybody."""
        return {f"{entry['reason']} {entry['object']}" for entry in self.looking.acl_log()}


def rights() -> list[str]:
    """What the page on operations gives to the console's user."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    (found,) = re.findall(r"`ACL SETUSER console ([^`]+)`", page)
    return [word for word in found.split() if not word.startswith(("on", "'>"))]


@pytest.fixture(params=engines())
def allowed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Allowed]:
    """A store that has one of each, in which nobody has done anything yet."""
    server = Server(engines()[request.param], tmp_path, {"appendonly": "yes"}).start()
    try:
        looking = server.client()
        ask(looking, "ACL", "SETUSER", "console", "on", f">{PASSWORD}", *rights())
        bury(server.url, LETTERS)
        arrange(server, filled)
        looking.script_flush()
        looking.config_resetstat()
        yield Allowed(server, looking)
        looking.close()
    finally:
        server.stop(kill=True)


def ask(client: redis.Redis, *words: str) -> Any:
    """One command."""
    return client.execute_command(*words)  # type: ignore[no-untyped-call]


async def filled(driven: Driven) -> None:
    """A day's middle, and one of each."""
    await stage(driven)
    await put_one_of_each(driven.store, driven.settings, driven.server)


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


def ran(looking: redis.Redis) -> set[str]:
    """Every command that was run, and those of all branches of each script that was, as ACL names them."""
    known = set(ask(looking, "COMMAND LIST"))
    containers = {"xgroup", "xinfo", "memory"}
    found = {name.removeprefix("cmdstat_") for name in looking.info("commandstats") if "client|" not in name}
    for file in (ROOT / "service/salesloft_webhooks/broker/lua").glob("*.lua"):
        lua = script(file.stem)
        if looking.script_exists(lua.digest)[0]:
            for command, word in CALLED.findall(lua.source):
                name = command.lower()
                if name in known:
                    found.add(f"{name}|{word.lower()}" if name in containers else name)
    return found


def test_with_the_least_rights(allowed: Allowed) -> None:
    """Every page and action works and the server refuses none of it; no right is there that nothing needs."""
    with ConsoleProcess(allowed.url, QUICK) as console:
        crawl = Crawl(console)
        crawl.everything(*BEGIN)
        wait_until(
            lambda: all(run["state"] != "running" for run in console.json("/runs")["runs"]),
            seconds=30,
            description="all runs have ended",
        )
        by_console = ran(allowed.looking) - OURS - set(allowed.looking.acl_cat("connection"))

    assert {f"{'POST' if isinstance(each, Action) else 'GET'} {each.path}" for each in all_routes()} - asked_for(
        crawl
    ) == {"POST /subscriptions/ask"}
    assert allowed.refused() == set()
    assert {word[1:] for word in rights() if re.match(r"\+\w", word)} - UNUSED == by_console


def test_nothing_else_is_allowed(allowed: Allowed) -> None:
    """What an administrator does, what workers do, and every key that is not ours, is refused to the console's user."""
    with redis.Redis(port=allowed.server.port, username="console", password=PASSWORD) as console:
        for words in REFUSED:
            command, *arguments = words.rsplit(" ", 1) if words.startswith("EVAL") else words.split()
            with pytest.raises(redis.exceptions.ResponseError, match=r"(?i)no permission|NOPERM|can't access"):
                ask(console, *command.split(" ", 1), *arguments)
