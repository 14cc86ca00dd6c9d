"""The administrative commands against a real store: what they print, what they change, how they end."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from salesloft_webhooks.broker import open_store, quarantine
from salesloft_webhooks.cli import app
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.errors import UnreadableReason
from salesloft_webhooks.settings import Settings
from tests.integration.broker.administration.driven import Driven
from tests.servers import Server

Step = Callable[[Driven], Awaitable[None]]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pipeline of the developer is found in the current folder."""
    monkeypatch.chdir(tmp_path)


class Console:
    """A store, and the command on it."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def arrange(self, step: Step) -> None:
        """Let the pipeline do something."""
        settings = Settings.load(redis_url=SecretStr(self._server.url))

        async def run() -> None:
            async with open_store(settings) as store:
                await step(Driven(store, settings, self._server))

        asyncio.run(run())

    def run(self, *arguments: str) -> Result:
        """Run the command."""
        return CliRunner().invoke(app, arguments, env={"REDIS_URL": self._server.url})

    def read(self, *arguments: str) -> dict[str, Any]:
        """Run a reading command that succeeds, with --json."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == ExitCode.OK, result.output
        document: dict[str, Any] = json.loads(result.stdout)
        return document


@pytest.fixture
def console(valkey: Server) -> Console:
    """The command on an empty store."""
    return Console(valkey)


async def two_dead(driven: Driven) -> None:
    group = await driven.group()
    await driven.publish("e1", event_type="person.created")
    await driven.publish("e2", event_type="email.replied")
    await driven.kill(group, error="ValueError: no such rep")


async def one_handled(driven: Driven) -> None:
    group = await driven.group()
    await driven.publish("e1")
    await driven.handle(group)


async def one_waiting(driven: Driven) -> None:
    await driven.group()
    await driven.publish("e1")


def test_status_shows_every_group(console: Console) -> None:
    """People get a table, scripts the same numbers."""
    console.arrange(two_dead)
    console.arrange(one_waiting)

    (crm,) = console.read("status")["groups"]
    text = console.run("status").stdout

    assert (crm["group"], crm["dead"], crm["lag"]) == ("crm", 2, 0)
    assert "crm" in text
    assert "2 entries" in text


def test_status_of_an_empty_store_says_what_is_missing(console: Console) -> None:
    """Nothing is registered: that is no failure, but worth a word on stderr."""
    result = console.run("status")

    assert result.exit_code == ExitCode.OK
    assert "no group is registered" in result.stderr


def test_an_event_is_explained(console: Console) -> None:
    """Content only when asked for; the fate always."""
    console.arrange(one_handled)

    plain, with_data = console.read("events", "show", "e1"), console.read("events", "show", "e1", "--data")

    assert [(row["group"], row["fate"]) for row in plain["groups"]] == [("crm", "done")]
    assert "data" not in plain["entry"]
    assert with_data["entry"]["data"] == {"id": 1}
    assert "done" in console.run("events", "show", "e1").stdout


def test_an_unknown_event_is_exit_code_1(console: Console) -> None:
    """Not found is told apart from wrong usage and from an unreachable store."""
    result = console.run("events", "show", "e1", "--json")

    assert (result.exit_code, result.stdout) == (ExitCode.FAILED, "")


def test_dead_letters_are_listed_in_pages(console: Console) -> None:
    """The next page begins where the last one ended; lists show no content."""
    console.arrange(two_dead)

    first = console.read("dead", "list", "--limit", "1")
    second = console.read("dead", "list", "--limit", "1", "--after", str(first["next"]))

    assert [row["event_id"] for row in first["dead"] + second["dead"]] == ["e2", "e1"]
    assert second["next"] is None
    assert "data" not in first["dead"][0]


def test_a_dead_letter_is_shown_in_full(console: Console) -> None:
    """By its own name or by the event's, with error and content."""
    console.arrange(two_dead)
    (listed,) = console.read("dead", "list", "--type", "email.*")["dead"]

    by_letter, by_event = console.read("dead", "show", str(listed["letter"])), console.read("dead", "show", "e2")

    assert by_letter == by_event
    assert (by_event["dead"][0]["error"], by_event["dead"][0]["data"]) == ("ValueError: no such rep", {"id": 1})
    assert "ValueError: no such rep" in console.run("dead", "show", "e2").stdout
    assert console.run("dead", "show", "e3").exit_code == ExitCode.FAILED


def test_dead_letters_are_redriven_by_name(console: Console) -> None:
    """Those that exist are redriven; a name that does not exist makes it 'partly'."""
    console.arrange(two_dead)

    result = console.run("dead", "redrive", "e1", "e9", "--json")

    assert result.exit_code == ExitCode.PARTLY
    assert json.loads(result.stdout) == {"redriven": 1, "finished": 0, "no_group": 0, "gone": 0, "missing": ["e9"]}
    assert [row["event_id"] for row in console.read("dead", "list")["dead"]] == ["e2"]


def test_dead_letters_are_redriven_by_choice(console: Console) -> None:
    """--all with filters redrives what they choose, and nothing to do is no failure."""
    console.arrange(two_dead)

    first = console.run("dead", "redrive", "--all", "--type", "person.*")
    second = console.run("dead", "redrive", "--all", "--type", "person.*")

    assert (first.exit_code, first.stdout.strip()) == (ExitCode.OK, "1 redriven")
    assert (second.exit_code, second.stdout.strip()) == (ExitCode.OK, "0 redriven")


def test_discarding_asks_first(console: Console) -> None:
    """Without a terminal and without --yes nothing is thrown away; with --yes it is."""
    console.arrange(two_dead)

    asked = console.run("dead", "discard", "--all")
    left = console.read("dead", "list")["dead"]
    done = console.run("dead", "discard", "--all", "--yes")

    assert (asked.exit_code, len(left)) == (ExitCode.USAGE, 2)
    assert (done.exit_code, done.stdout.strip()) == (ExitCode.OK, "2 discarded")
    assert console.read("dead", "list")["dead"] == []


def test_a_replay_can_be_tried_dry(console: Console) -> None:
    """A dry run prints what the real one does, and leaves it to do."""
    console.arrange(one_handled)

    dry = console.run("replay", "crm", "--dry-run", "--json")
    wet = console.run("replay", "crm", "--yes", "--json")

    assert dry.stdout == wet.stdout
    assert json.loads(wet.stdout)["replayed"] == 1
    assert json.loads(console.run("replay", "crm", "--dry-run", "--json").stdout)["in_progress"] == 1


def test_a_replay_asks_first_and_knows_its_limits(console: Console) -> None:
    """No --yes, no group, no such event: each ends in its own way."""
    console.arrange(one_handled)

    assert console.run("replay", "crm").exit_code == ExitCode.USAGE
    assert console.run("replay", "cmr", "--yes").exit_code == ExitCode.FAILED
    assert console.run("replay", "crm", "--id", "e9", "--yes").exit_code == ExitCode.FAILED
    assert console.run("replay", "crm", "--id", "e1", "--id", "e9", "--yes").exit_code == ExitCode.PARTLY


def test_groups_are_paused_and_resumed(console: Console) -> None:
    """The list shows it, with its end if it has one."""
    console.arrange(one_waiting)

    console.run("groups", "pause", "crm", "--for", "15m")
    (paused,) = console.read("groups", "list")["groups"]
    console.run("groups", "resume", "crm")
    (resumed,) = console.read("groups", "list")["groups"]

    assert paused["pause"] == "manual"
    assert 890 < paused["pause_seconds"] <= 900
    assert resumed["pause"] == "none"
    assert console.run("groups", "pause", "cmr").exit_code == ExitCode.FAILED


def test_a_group_is_removed_only_when_asked_twice(console: Console) -> None:
    """A confirmation is needed, and a worker that was alive a moment ago is protected."""
    console.arrange(one_handled)

    unconfirmed = console.run("groups", "remove", "crm")
    alive = console.run("groups", "remove", "crm", "--yes")
    forced = console.run("groups", "remove", "crm", "--yes", "--force")

    assert [unconfirmed.exit_code, alive.exit_code, forced.exit_code] == [
        ExitCode.USAGE,
        ExitCode.FAILED,
        ExitCode.OK,
    ]
    assert console.read("groups", "list")["groups"] == []


def test_the_quarantine_is_listed_and_shown(console: Console) -> None:
    """The list has reasons and no bodies; one delivery is shown with its body, whatever bytes it has."""

    async def keep(driven: Driven) -> None:
        await quarantine(
            driven.store,
            source="default",
            dialect="envelope",
            reason=UnreadableReason.NOT_JSON,
            body=b"\xffnot json",
            limit=9,
        )

    console.arrange(keep)

    (listed,) = console.read("quarantine", "list")["quarantine"]
    shown = console.read("quarantine", "show", str(listed["reference"]))

    assert (listed["reason"], "body" in listed) == ("not_json", False)
    assert shown["body"] == "\\xffnot json"
    assert console.run("quarantine", "show", "0/1-1").exit_code == ExitCode.FAILED
