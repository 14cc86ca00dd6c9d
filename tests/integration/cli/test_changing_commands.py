"""The commands that change something, against a real store: what they do, what they refuse, how they end."""

import json

from salesloft_webhooks.cli.exit_codes import ExitCode
from tests.integration.cli.administered import Console, one_handled, two_dead


def test_dead_letters_are_redriven_by_name(console: Console) -> None:
    """Those that exist are redriven; a name that does not exist makes it 'partly'."""
    console.arrange(two_dead)

    result = console.run("dead", "redrive", "e1", "e9", "--json")

    assert result.exit_code == ExitCode.PARTLY
    outcomes = {"redriven": 1, "finished": 0, "no_group": 0, "not_wanted": 0, "gone": 0}
    assert json.loads(result.stdout) == outcomes | {"missing": ["e9"], "interrupted": False}
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

    dry = json.loads(console.run("replay", "crm", "--dry-run", "--json").stdout)
    wet = json.loads(console.run("replay", "crm", "--yes", "--json").stdout)

    assert dry == wet | {name: dry[name] for name in ("since", "until", "digest")}
    assert wet["replayed"] == 1
    assert json.loads(console.run("replay", "crm", "--dry-run", "--json").stdout)["in_progress"] == 1


def test_a_replay_asks_first_and_knows_its_limits(console: Console) -> None:
    """No --yes, no group, no such event: each ends in its own way."""
    console.arrange(one_handled)

    assert console.run("replay", "crm").exit_code == ExitCode.USAGE
    assert console.run("replay", "cmr", "--yes").exit_code == ExitCode.FAILED
    assert console.run("replay", "crm", "--id", "e9", "--yes").exit_code == ExitCode.FAILED
    assert console.run("replay", "crm", "--id", "e1", "--id", "e9", "--yes").exit_code == ExitCode.PARTLY


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
