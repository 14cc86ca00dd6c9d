"""What a tired person mistypes is said, what is long can be interrupted, and what is wide fits the screen."""

import json
import os
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.tables import WIDTH
from tests.integration.cli.administered import Console, one_handled, two_dead
from tests.integration.cli.many_letters import DEAD, STREAM, add_dead_letter
from tests.support.broker_driver import Driven
from tests.support.servers import Server
from tests.support.waiting import wait_until

PROGRAM = (sys.executable, "-m", "salesloft_webhooks")


@pytest.mark.parametrize(
    "arguments",
    [
        ("dead", "list", "--group", "cmr"),
        ("dead", "redrive", "--all", "--group", "cmr"),
        ("dead", "discard", "--all", "--group", "cmr", "--yes"),
        ("groups", "pause", "cmr"),
        ("groups", "resume", "cmr"),
        ("groups", "remove", "cmr", "--yes"),
        ("replay", "cmr", "--yes"),
    ],
    ids=" ".join,
)
def test_a_group_that_does_not_exist_is_an_error(console: Console, arguments: tuple[str, ...]) -> None:
    """No command takes a mistyped group for an empty one; the message names the nearest."""
    console.arrange(two_dead)

    result = console.run(*arguments)

    assert result.exit_code == ExitCode.FAILED
    assert "no such group: cmr (did you mean crm?)" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("dead", "list"),
        ("dead", "redrive", "--all"),
        ("dead", "discard", "--all", "--yes"),
        ("replay", "crm", "--yes"),
    ],
    ids=" ".join,
)
def test_a_type_that_nobody_knows_is_an_error(console: Console, arguments: tuple[str, ...]) -> None:
    """Nothing found of a type that does not exist is a typing mistake; the message names the nearest."""
    console.arrange(two_dead)

    result = console.run(*arguments, "--type", "person.creatd")

    assert result.exit_code == ExitCode.FAILED
    assert "person.created" in result.stderr
    assert len(console.read("dead", "list")["dead"]) == 2


def test_a_senders_own_type_is_no_mistake_where_there_is_one(console: Console) -> None:
    """Relays may have types that SalesLoft has not: what is found is shown."""

    async def one_dead(driven: Driven) -> None:
        group = await driven.group()
        await driven.publish("e1", event_type="relay.custom")
        await driven.kill(group)

    console.arrange(one_dead)

    assert [row["event_id"] for row in console.read("dead", "list", "--type", "relay.custom")["dead"]] == ["e1"]


@pytest.mark.parametrize(
    "times",
    [
        ("--since", "2h", "--until", "3h"),
        ("--since", "2999-01-01"),
        ("--since", "999999999w"),
        ("--until", "99999999d"),
    ],
    ids=" ".join,
)
def test_a_time_that_cannot_be_is_an_error(console: Console, times: tuple[str, ...]) -> None:
    """An end before its beginning, the future, or a span beyond all calendars is wrong usage, not an empty result."""
    console.arrange(one_handled)

    assert console.run("replay", "crm", *times, "--yes").exit_code == ExitCode.USAGE


def test_a_page_behind_nothing_is_an_error(console: Console) -> None:
    """`--after` with something that is no letter does not start again from the beginning."""
    console.arrange(two_dead)

    assert console.run("dead", "list", "--after", "e1").exit_code == ExitCode.USAGE


def test_tables_fit_and_say_what_they_cut(console: Console) -> None:
    """Groups with long filters, letters with long errors, pauses with long reasons: at most 100 columns."""
    long = "ValueError: " + "very " * 60 + "long"

    async def arrange(driven: Driven) -> None:
        types = tuple(f"person.{word}" for word in ("created", "updated", "deleted", "merged", "imported") * 3)
        group = await driven.group("a-group-with-a-rather-long-name", events=(*types, "person.*"))
        await driven.publish("person.updated/164510523/2026-03-07T09:26:14.444910Z")
        await driven.kill(group, error=long)
        await group.pause(60.0, long)

    console.arrange(arrange)

    for command in (("groups", "list"), ("dead", "list"), ("status",)):
        output = console.run(*command).stdout
        assert max(map(len, output.splitlines())) <= WIDTH, output
        assert "cut to fit" in output
    assert "person.updated/164510523/2026-03-07T09:26:14.444910Z" in console.run("dead", "list").stdout
    (letter,) = console.read("dead", "list")["dead"]
    (group,) = console.read("groups", "list")["groups"]
    assert (letter["error"], len(group["events"]), group["pause_reason"]) == (long, 16, long)


def commands(redis: Any, name: str) -> int:
    """How often the server ran a command."""
    return int(redis.info("commandstats").get(f"cmdstat_{name}", {"calls": 0})["calls"])


def test_a_named_event_is_looked_up_and_not_searched_for(console: Console, valkey: Server) -> None:
    """Five of 5,000 letters are found by their events' ids without reading the others."""
    with valkey.client() as redis:
        redis.sadd("sl:groups", "crm")
        add_dead_letter(redis, 5_000)
        before = commands(redis, "xrange")

        result = console.run("dead", "discard", "d7", "d77", "d777", "d1777", "d4777", "--yes")

        assert result.stdout == "5 discarded\n"
        assert commands(redis, "xrange") - before < 20
        assert redis.xlen(DEAD) == 4_995


def test_letters_without_a_record_are_searched_for_once(console: Console, valkey: Server) -> None:
    """Where records have expired, one walk answers for all names, mistyped ones included."""
    with valkey.client() as redis:
        redis.sadd("sl:groups", "crm")
        add_dead_letter(redis, 5_000, records=False)
        before = commands(redis, "xrange")

        result = console.run("dead", "discard", "d7", "d77", "d777", "d1777", "nonsense", "--yes")

        assert (result.stdout, result.exit_code) == ("4 discarded\n", ExitCode.PARTLY)
        assert "not found: nonsense" in result.stderr
        assert 50 < commands(redis, "xrange") - before < 80


def test_discarding_all_holds_no_letter_in_memory(console: Console, valkey: Server) -> None:
    """20 MB of letters are counted, asked about and thrown away within a few of them."""
    with valkey.client() as redis:
        redis.sadd("sl:groups", "crm")
        add_dead_letter(redis, 2_000, body=b'"' + b"x" * 10_000 + b'"')

    tracemalloc.start()
    result = console.run("dead", "discard", "--all", "--yes")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert result.stdout == "2,000 discarded\n"
    assert peak < 12_000_000


def test_a_redrive_can_be_interrupted_and_says_what_it_did(valkey: Server, tmp_path: Path) -> None:
    """After Ctrl-C the count is exactly what the server has been told, and the rest are dead letters still."""
    total = 30_000
    with valkey.client() as redis:
        redis.sadd("sl:groups", "crm")
        redis.xgroup_create(STREAM, "crm", "0", mkstream=True)
        add_dead_letter(redis, total)
        command = [*PROGRAM, "dead", "redrive", "--all", "--json"]
        environment = os.environ | {"REDIS_URL": valkey.url}
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        wait_until(lambda: redis.xlen(DEAD) < total, seconds=60, description="the redrive has begun")

        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)

        counts = json.loads(output)
        assert process.returncode == ExitCode.PARTLY
        assert counts["interrupted"] is True
        assert 0 < counts["redriven"] == total - redis.xlen(DEAD) == redis.xlen(STREAM) < total
        assert b"interrupted" in errors
        assert b"Traceback" not in errors


def test_removing_a_group_says_how_much_goes(console: Console) -> None:
    """The question names what is forgotten and what is kept."""

    async def arrange(driven: Driven) -> None:
        await two_dead(driven)
        await driven.publish("e3", "e4", "e5")

    console.arrange(arrange)

    asked = console.run("groups", "remove", "crm")
    done = console.run("groups", "remove", "crm", "--yes", "--force")

    assert (asked.exit_code, done.exit_code) == (ExitCode.USAGE, ExitCode.OK)
    for result in (asked, done):
        assert "3 event(s) it has not handled are forgotten, 2 dead letter(s) are kept" in result.stderr
