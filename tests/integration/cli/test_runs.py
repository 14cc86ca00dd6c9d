"""`runs list`, `runs show` and `runs stop`, and the filters of `dead`, against a real store."""

import json

import pytest

from salesloft_webhooks.broker.administration.run_records import NewRun, RunKind
from salesloft_webhooks.broker.administration.runs import begin
from salesloft_webhooks.cli.exit_codes import ExitCode
from tests.integration.cli.administered import Console
from tests.support.broker_driver import Driven


async def a_run(driven: Driven) -> None:
    """Bulk work that no console has been at."""
    new = NewRun(kind=RunKind.REDRIVE, by="ada", group="crm", selection={"reason": "poison"}, total=7, ends=("0-0",))
    await begin(driven.store, new)


async def three_dead(driven: Driven) -> None:
    """Two of person 1, of two errors, and one of person 2."""
    group = await driven.group()
    for event_id, person, error in (
        ("e1", 1, "ValueError: no such rep"),
        ("e2", 1, "TimeoutError: crm"),
        ("e3", 2, "ValueError: no such rep"),
    ):
        await driven.publish(event_id, person=person)
        await driven.kill(group, error=error)


def test_a_run_is_listed_shown_and_stopped(console: Console) -> None:
    """What was begun in the console is in the terminal with who, what and how much, and ends at a word from there."""
    console.arrange(a_run)

    (listed,) = console.read("runs", "list")["runs"]
    shown = console.read("runs", "show", listed["run_id"])
    stopped = console.run("runs", "stop", listed["run_id"])

    assert listed == shown
    assert (shown["kind"], shown["group"], shown["by"], shown["total"]) == ("redrive", "crm", "ada", 7)
    assert (shown["state"], shown["selection"]) == ("waiting", {"reason": "poison"})
    assert (stopped.exit_code, stopped.stdout.strip()) == (ExitCode.OK, "stopped")
    after = console.read("runs", "show", listed["run_id"])
    assert after["state"] == "stopped"
    assert after["stopped_by"].endswith("terminal)") or after["stopped_by"] == "terminal"


def test_runs_are_readable(console: Console) -> None:
    """Without --json there is a table, and the lines of one run say what it is about."""
    console.arrange(a_run)
    (listed,) = console.read("runs", "list")["runs"]

    table = console.run("runs", "list").stdout
    lines = console.run("runs", "show", listed["run_id"]).stdout

    assert listed["run_id"] in table
    assert "0 of 7" in table
    assert "reason=poison" in lines
    assert "by ada" in lines


@pytest.mark.parametrize("verb", ["show", "stop"])
def test_an_unknown_run_is_said(console: Console, verb: str) -> None:
    """A name that none has fails with that name."""
    result = console.run("runs", verb, "nobody")

    assert result.exit_code == ExitCode.FAILED
    assert "no such run: nobody" in result.output


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        pytest.param(("--error", "ValueError"), ["e1", "e3"], id="exception type"),
        pytest.param(("--person", "1"), ["e1", "e2"], id="person"),
        pytest.param(("--person", "1", "--error", "ValueError"), ["e1"], id="both"),
        pytest.param(("--since", "1h"), ["e1", "e2", "e3"], id="since"),
        pytest.param(("--until", "1h"), [], id="until"),
        pytest.param(("--person", "9"), [], id="nobody"),
    ],
)
def test_letters_are_chosen_and_redriven(console: Console, options: tuple[str, ...], chosen: list[str]) -> None:
    """`dead list` and `dead redrive --all` mean the same letters by the same filters, and leave the others."""
    console.arrange(three_dead)

    listed = console.read("dead", "list", *options)["dead"]
    redriven = json.loads(console.run("dead", "redrive", "--all", *options, "--json").stdout)
    left = console.read("dead", "list")["dead"]

    assert sorted(row["event_id"] for row in listed) == chosen
    assert redriven["redriven"] == len(chosen)
    assert {row["event_id"] for row in left} == {"e1", "e2", "e3"} - set(chosen)
