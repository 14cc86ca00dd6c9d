"""`follow-ups list`, `run` and `cancel`, against a real store."""

import json

import pytest

from salesloft_webhooks.broker.administration.groups import pause
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.follow_ups import id_of
from tests.integration.cli.administered import Console
from tests.support.broker_driver import Driven
from tests.support.waiting_follow_up import let_one_wait

FIRST, SECOND, THIRD = id_of("crm", "asks-7", "k"), id_of("crm", "asks-8", "remind"), id_of("notify", "asks-7", "k")


async def three_wait(driven: Driven) -> None:
    """Two of person 7, in two groups, and one of person 8 that runs a task; in this order."""
    await driven.group()
    await driven.group("notify")
    await driven.publish("e1")  # with which format 2 is written
    await let_one_wait(driven.store, 7, after=60)
    await let_one_wait(driven.store, 8, key="remind", task="tell", after=120)
    await let_one_wait(driven.store, 7, group="notify", after=180)


def listed(console: Console, *options: str) -> list[str]:
    """The ids that are listed."""
    return [row["event_id"] for row in console.read("follow-ups", "list", *options)["follow_ups"]]


@pytest.fixture
def waiting(console: Console) -> Console:
    """With `three_wait`."""
    console.arrange(three_wait)
    return console


def test_they_are_listed(waiting: Console) -> None:
    """Those that are due first on top, with all that is known of each; for people in a table."""
    document = waiting.read("follow-ups", "list")
    table = waiting.run("follow-ups", "list").stdout

    assert [row["event_id"] for row in document["follow_ups"]] == [FIRST, SECOND, THIRD]
    assert document["next"] is None
    second = document["follow_ups"][1]
    assert {name: second[name] for name in ("group", "task", "key", "entity_key", "asked_by", "asked_by_type")} == {
        "group": "crm",
        "task": "tell",
        "key": "remind",
        "entity_key": "person:8",
        "asked_by": "asks-8",
        "asked_by_type": "person.created",
    }
    assert second["asked_at"] < second["due_at"]
    assert all(word in table for word in (FIRST, SECOND, "tell", "remind", "person:8", "asks-8", "in 1 min"))


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        pytest.param(("--group", "crm"), [FIRST, SECOND], id="group"),
        pytest.param(("--task", "tell"), [SECOND], id="task"),
        pytest.param(("--key", "k"), [FIRST, THIRD], id="key"),
        pytest.param(("--person", "7"), [FIRST, THIRD], id="person"),
        pytest.param(("--due-before", "9999-01-01"), [FIRST, SECOND, THIRD], id="due before"),
        pytest.param(("--due-before", "0s"), [], id="overdue"),
        pytest.param(("--group", "crm", "--person", "8", "--key", "remind"), [SECOND], id="all of it"),
    ],
)
def test_filters_mean_the_same_to_list_and_cancel(
    waiting: Console, options: tuple[str, ...], chosen: list[str]
) -> None:
    """What is listed is what a dry run counts and what is cancelled; the others stay."""
    found = listed(waiting, *options)
    counted = json.loads(waiting.run("follow-ups", "cancel", "--all", *options, "--dry-run", "--json").stdout)
    done = json.loads(waiting.run("follow-ups", "cancel", "--all", *options, "--yes", "--json").stdout)

    assert found == chosen
    assert counted == {"waiting": len(chosen)}
    assert done == {"cancelled": len(chosen), "running": 0, "over": 0, "missing": [], "interrupted": False}
    assert listed(waiting) == [name for name in (FIRST, SECOND, THIRD) if name not in chosen]


def test_pages_follow_each_other(waiting: Console) -> None:
    """`next` of one page leads to the next, also in words."""
    first = waiting.read("follow-ups", "list", "--limit", "2")
    second = waiting.read("follow-ups", "list", "--limit", "2", "--after", first["next"])
    said = waiting.run("follow-ups", "list", "--limit", "2").stderr

    assert [row["event_id"] for row in first["follow_ups"]] == [FIRST, SECOND]
    assert ([row["event_id"] for row in second["follow_ups"]], second["next"]) == ([THIRD], None)
    assert f"there are more: --after {first['next']}" in said


def test_cancelling_asks_first(waiting: Console) -> None:
    """Without --yes and without a terminal nothing happens; nor does it with a forgotten argument."""
    asked = waiting.run("follow-ups", "cancel", "--all")
    forgotten = waiting.run("follow-ups", "cancel", "--yes")
    both = waiting.run("follow-ups", "cancel", FIRST, "--key", "k", "--yes")

    assert [asked.exit_code, forgotten.exit_code, both.exit_code] == [ExitCode.USAGE] * 3
    assert len(listed(waiting)) == 3


def test_named_ones_are_cancelled(waiting: Console) -> None:
    """Each by its id; a name of nothing makes it partly, with the nearest there is."""
    done = waiting.run("follow-ups", "cancel", FIRST, FIRST[:-1], "--yes")
    again = waiting.run("follow-ups", "cancel", FIRST, "--yes")

    assert (done.exit_code, done.stdout.strip()) == (ExitCode.PARTLY, "1 cancelled")
    assert f"not found: {FIRST[:-1]}" in done.stderr
    assert (again.exit_code, again.stdout.strip()) == (ExitCode.OK, "1 over")
    assert listed(waiting) == [SECOND, THIRD]
    assert json.loads(waiting.run("follow-ups", "cancel", FIRST, SECOND, "--dry-run", "--json").stdout) == {
        "waiting": 1
    }


def test_one_is_run_now(waiting: Console) -> None:
    """It is an event of its group; another time it waits no more, which is said with what it is."""
    done = waiting.run("follow-ups", "run-now", SECOND, "--json")
    again = waiting.run("follow-ups", "run-now", SECOND)
    shown = waiting.read("events", "show", SECOND)

    assert json.loads(done.stdout) == {"group": "crm", "event_id": SECOND, "outcome": "begun"}
    assert (again.exit_code, "it is begun" in again.stderr) == (ExitCode.FAILED, True)
    assert [(row["group"], row["fate"]) for row in shown["groups"] if row["group"] == "crm"] == [("crm", "waiting")]
    assert listed(waiting) == [FIRST, THIRD]


def test_one_of_a_paused_group_is_due(waiting: Console) -> None:
    """It says what it waits for."""

    async def paused(driven: Driven) -> None:
        await pause(driven.store, "crm")

    waiting.arrange(paused)

    done = waiting.run("follow-ups", "run-now", FIRST)

    assert (done.exit_code, done.stdout.startswith("due: ")) == (ExitCode.OK, True)
    assert listed(waiting, "--due-before", "0s") == [FIRST]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(("list", "--after", "behind"), ExitCode.USAGE, "is no place", id="no place"),
        pytest.param(("list", "--group", "cmr"), ExitCode.FAILED, "did you mean crm?", id="no group"),
        pytest.param(("list", "--due-before", "soon"), ExitCode.USAGE, "is no time", id="no time"),
        pytest.param(("list", "--person", "ada"), ExitCode.USAGE, "is no id of a person", id="no person"),
        pytest.param(("run-now", "follow-up/none"), ExitCode.FAILED, "no such follow-up", id="no follow-up"),
        pytest.param(("run-now", FIRST[:-1]), ExitCode.FAILED, f"(nearest: {FIRST}", id="nearly one"),
        pytest.param(("cancel", "--all", "--group", "cmr", "--yes"), ExitCode.FAILED, "did you mean", id="of no group"),
        pytest.param(
            ("cancel", "--all", "--group", "cmr", "--dry-run"), ExitCode.FAILED, "did you mean", id="of no group, dry"
        ),
    ],
)
def test_mistakes_are_said(waiting: Console, arguments: tuple[str, ...], code: ExitCode, words: str) -> None:
    """What is none is named, and nothing is changed."""
    result = waiting.run("follow-ups", *arguments)

    assert result.exit_code == code
    assert words in " ".join(result.stderr.replace("│", " ").split())
    assert len(listed(waiting)) == 3


def test_acts_are_in_the_audit(waiting: Console) -> None:
    """With what they were about, without an address that somebody has put into a key."""
    waiting.run("follow-ups", "run-now", FIRST)
    waiting.run("follow-ups", "cancel", "--all", "--task", "tell", "--yes")
    waiting.run("follow-ups", "cancel", "--all", "--key", "ada@crm.example", "--group", "notify", "--yes")
    waiting.run("follow-ups", "cancel", THIRD, "--yes")

    acts = waiting.read("audit")["audit"]

    assert [(one["act"], one["arguments"], one["counts"]) for one in acts] == [
        ("cancel_follow_ups", {"follow_ups": THIRD}, {"cancelled": 1}),
        ("cancel_follow_ups", {"task": "tell"}, {"cancelled": 1}),
        ("run_follow_up", {"group": "crm", "follow_up": FIRST}, {"begun": 1}),
    ]
