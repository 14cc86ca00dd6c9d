"""`replay`: what narrows it, and the digest by which a dry run and the real one are the same."""

import json

import pytest

from salesloft_webhooks.cli.exit_codes import ExitCode
from tests.integration.cli.administered import Console
from tests.support.broker_driver import Driven


async def three_handled(driven: Driven) -> None:
    """Events of two people and two sources that `crm` has handled."""
    group = await driven.group()
    await driven.publish("e1", person=7)
    await driven.publish("e2", person=7, source="other")
    await driven.publish("e3", person=8)
    await driven.handle(group)


async def another(driven: Driven) -> None:
    """One more, handled as well."""
    await driven.publish("e4", person=7)
    await driven.handle(await driven.group(consumer="two"))


@pytest.mark.parametrize(
    ("narrowed", "count"),
    [
        ((), 3),
        (("--person", "7"), 2),
        (("--source", "other"), 1),
        (("--person", "8", "--source", "other"), 0),
        (("--id", "e1", "--id", "e3", "--person", "7"), 1),
    ],
    ids=["all", "person", "source", "neither", "named"],
)
def test_a_dry_run_and_the_real_one_agree(console: Console, narrowed: tuple[str, ...], count: int) -> None:
    """Whatever narrows them, both mean the same events."""
    console.arrange(three_handled)

    dry = json.loads(console.run("replay", "crm", *narrowed, "--dry-run", "--json").stdout)
    wet = json.loads(console.run("replay", "crm", *narrowed, "--yes", "--json").stdout)

    assert (dry["replayed"], wet["replayed"]) == (count, count)


def test_what_a_dry_run_has_counted_is_done_or_nothing_is(console: Console) -> None:
    """Its digest holds as long as it would do the same: also when more has come since, not when that is in its time."""
    console.arrange(three_handled)
    dry = json.loads(console.run("replay", "crm", "--person", "7", "--dry-run", "--json").stdout)
    console.arrange(another)
    expected = ("--person", "7", "--expect", dry["digest"], "--yes", "--json")

    later = console.run("replay", "crm", *expected)
    same = console.run("replay", "crm", "--until", dry["until"], *expected)
    again = console.run("replay", "crm", "--until", dry["until"], *expected)

    assert (later.exit_code, later.stdout) == (ExitCode.FAILED, "")
    assert "something else by now" in later.stderr
    assert json.loads(same.stdout)["replayed"] == 2
    assert (again.exit_code, again.stdout) == (ExitCode.FAILED, "")


def test_nobody_is_named_by_an_address(console: Console) -> None:
    """What is kept of a replay is shown to people who may see no address."""
    result = console.run("replay", "crm", "--person", "ada@example.com", "--dry-run")

    assert result.exit_code == ExitCode.USAGE
