"""Pauses declared in Kubernetes: a real API server, a real store, people and handlers who pause as well."""

from datetime import UTC, datetime, timedelta

import pytest

from salesloft_webhooks.broker.administration.groups import pause, resume
from salesloft_webhooks.broker.administration.stored_pause import Pause, find_pauses
from salesloft_webhooks.operator.group_declaration import Declaration
from salesloft_webhooks.operator.group_pauses import GroupPauses
from tests.operator.groups import LookedAfter
from tests.support.waiting import eventually


async def kinds(groups: LookedAfter, group: str = "crm") -> set[Pause]:
    """Who has paused a group, by partition."""
    return {each.pause.kind for each in (await find_pauses(groups.driven.store, [group]))[group]}


async def test_a_pause_declared_is_a_pause_until_it_is_taken_out(groups: LookedAfter) -> None:
    """The group takes nothing, says why, and takes events again; each is an event on the object."""
    await groups.driven.publish("e1", "e2")
    await groups.driven.group()
    groups.declare(paused=True, reason="moving the CRM")

    await groups.look()
    while_paused, columns, ready = await groups.takes(), groups.columns(), groups.condition()
    said = groups.status_command()["crm"]
    groups.change(paused=None, reason=None)
    await groups.look()

    assert (while_paused, columns["Paused"], ready) == (False, True, ("True", "Paused"))
    assert (said["pause"], said["pause_reason"]) == ("declared", "moving the CRM")
    assert said["pause_by"] == f"{groups.cluster.namespace}/crm"
    assert await groups.takes()
    assert groups.columns()["Paused"] is False
    assert groups.events() == ["Normal Paused", "Normal Resumed"]


async def test_a_pause_that_somebody_resumes_by_hand_comes_back(groups: LookedAfter) -> None:
    """It is declared in git, so that is where it ends; a warning says what has happened."""
    await groups.driven.publish("e1")
    await groups.driven.group()
    groups.declare(paused=True)
    await groups.look()

    await resume(groups.driven.store, "crm")
    await groups.look(5.0)

    assert not await groups.takes()
    assert groups.events() == ["Normal Paused", "Warning PausedAgain"]


async def test_a_pause_with_an_end_ends_without_anybody(groups: LookedAfter) -> None:
    """The store ends it at the declared time; the next look says so, and does not pause it again."""
    await groups.driven.publish("e1")
    await groups.driven.group()
    until = datetime.now(UTC) + timedelta(seconds=1.2)
    groups.declare(paused=True, until=until.isoformat())
    await groups.look()
    paused = groups.status()

    await eventually(groups.takes, "the pause ends by itself")
    await groups.look()

    assert datetime.now(UTC) >= until
    assert paused["pausedUntil"] == until.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert groups.condition() == ("True", "PauseEnded")
    assert await kinds(groups) == {Pause.NONE}
    assert groups.events() == ["Normal Paused", "Normal PauseEnded"]


@pytest.mark.parametrize("seconds", [None, 900.0], ids=["endless", "timed"])
async def test_a_pause_by_hand_outlives_a_declaration(groups: LookedAfter, seconds: float | None) -> None:
    """What somebody has paused before is still paused when nothing is declared any more."""
    await groups.driven.publish("e1")
    await groups.driven.group()
    await pause(groups.driven.store, "crm", seconds=seconds)
    groups.declare(paused=True)
    await groups.look()

    groups.withdraw()
    await groups.look()

    assert await kinds(groups) == {Pause.MANUAL}
    assert not await groups.takes()
    assert groups.status()["pausedBy"] == "Hand"


async def test_nothing_declared_is_nothing_done(groups: LookedAfter) -> None:
    """`groups pause` and `groups resume` work as ever, and are seen."""
    await groups.driven.group()
    await groups.look()

    await pause(groups.driven.store, "crm", reason="looking")
    await groups.look()
    by_hand = groups.condition()
    await resume(groups.driven.store, "crm")
    await groups.look()

    assert by_hand == ("True", "PausedByHand")
    assert groups.condition()[1] == "Idle"
    assert groups.events() == []


async def test_a_declaration_taken_back_while_nobody_looked_is_seen_to_be_gone(groups: LookedAfter) -> None:
    """Nothing has to remember it: the pause itself says that it was declared."""
    await groups.driven.publish("e1")
    await groups.driven.group()
    groups.declare("mine", group="crm", paused=True)
    await groups.look()

    groups.withdraw("mine")
    groups.begin()
    await groups.look()

    assert await groups.takes()
    assert groups.names() == ["crm"]


@pytest.mark.parametrize("steps", [0, 1, 2], ids=str)
@pytest.mark.parametrize("declares", [True, False], ids=["pausing", "resuming"])
async def test_who_dies_between_two_partitions_is_followed(
    groups: LookedAfter,
    steps: int,
    declares: bool,  # noqa: FBT001
) -> None:
    """Also when the first one lost the lease in the middle: each look decides anew for every partition."""
    await groups.driven.group()
    groups.declare(paused=True)
    await groups.look()
    groups.change(paused=None)
    if declares:
        await groups.look()
        groups.change(paused=True)
    left = iter([True] * steps)
    groups.leads = lambda: next(left, False)
    await groups.look()
    halfway = await kinds(groups)

    groups.leads = lambda: True
    groups.begin()
    await groups.look()

    assert len(halfway) == (2 if steps else 1)
    assert await kinds(groups) == {Pause.DECLARED if declares else Pause.NONE}


async def test_of_two_declarations_the_first_by_name_counts(groups: LookedAfter) -> None:
    """The other one says which; when that goes, it is its turn."""
    await groups.driven.group()
    groups.declare("a", group="crm")
    groups.declare("b", group="crm", paused=True)

    await groups.look()
    first, second = await kinds(groups), groups.condition(name="b")
    groups.withdraw("a")
    await groups.look()

    assert (first, second) == ({Pause.NONE}, ("False", "DeclaredElsewhere"))
    assert await kinds(groups) == {Pause.DECLARED}


async def test_what_cannot_be_read_ends_no_pause(groups: LookedAfter) -> None:
    """A later version's object may say something that this one does not know: what is paused stays paused."""
    await groups.driven.group()
    groups.declare(paused=True)
    await groups.look()
    unreadable = {"crm": Declaration(group="crm", unreadable="spec: no")}
    pauses = GroupPauses(groups.driven.store, groups.cluster.namespace, lambda: True)

    outcomes = await pauses.carry_out(await find_pauses(groups.driven.store, ["crm"]), unreadable)

    assert outcomes["crm"].pause.kind is Pause.DECLARED
    assert await kinds(groups) == {Pause.DECLARED}


@pytest.mark.parametrize(
    ("until", "paused"),
    [("9999-12-31T23:59:59-12:00", True), ("0001-01-01T00:00:00+12:00", False), ("2036-01-01T00:00:00+05:30", True)],
    ids=["after-the-calendar", "before-it", "another-zone"],
)
async def test_any_end_that_kubernetes_takes_is_an_end(groups: LookedAfter, until: str, *, paused: bool) -> None:
    """Also one of another zone, and one that is in no calendar of ours."""
    await groups.driven.publish("e1")
    await groups.driven.group()
    groups.declare(paused=True, until=until)

    await groups.look()

    assert groups.columns()["Paused"] is paused
    assert groups.condition()[1] == ("Paused" if paused else "NoConsumers")
