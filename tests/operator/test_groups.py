"""Consumer groups seen and paused through Kubernetes: a real API server, a real store."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.broker.administration.groups import pause, remove, resume
from salesloft_webhooks.broker.administration.stats import group_names
from salesloft_webhooks.broker.administration.stored_pause import Pause, find_pauses
from salesloft_webhooks.operator.cluster import Cluster
from tests.chart.api_server import ApiServer
from tests.operator.groups import LookedAfter, looked_after
from tests.support.servers import Server
from tests.support.waiting import eventually


@pytest.fixture
async def groups(kubernetes: ApiServer, cluster: Cluster, valkey: Server) -> AsyncIterator[LookedAfter]:
    """A namespace and a store without a group."""
    async with looked_after(kubernetes, cluster, valkey) as opened:
        yield opened


async def kinds(groups: LookedAfter, group: str = "crm") -> set[Pause]:
    """Who has paused a group, by partition."""
    return {each.pause.kind for each in (await find_pauses(groups.driven.store, [group]))[group]}


async def test_the_columns_say_what_the_command_says(groups: LookedAfter) -> None:
    """A group that works, one that is behind, one with a dead letter: each figure is the command's."""
    await groups.driven.publish(*(f"e{number}" for number in range(7)))
    await groups.driven.publish("p1", "p2", person=1)
    crm, dead = await groups.driven.group("crm"), await groups.driven.group("billing")
    leases = await groups.driven.take(crm, 1)
    await groups.driven.settle(crm, leases[:1], Outcome.RETRY, delay_seconds=60.0)
    await groups.driven.kill(dead, 1)

    await groups.look()
    said = groups.status_command()

    assert groups.names() == ["billing", "crm"]
    assert said["crm"]["running"] > 0
    assert said["billing"]["dead"] > 0
    for name, group in said.items():
        columns, status = groups.columns(name), groups.status(name)
        assert (columns["Backlog"], columns["Dead"]) == (group["backlog"], group["dead"])
        assert (columns["Consumers"], columns["Paused"]) == (group["consumers"], group["pause"] != "none")
        for figure in ("running", "scheduled", "parked", "unhandled"):
            assert status[figure] == group[figure]


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


async def test_a_declaration_of_a_group_that_is_not_there_waits_for_it(groups: LookedAfter) -> None:
    """No group is made from it; as soon as its workers register it, it is paused."""
    groups.declare(paused=True)
    await groups.look()
    before, named = groups.condition(), await group_names(groups.driven.store)
    figures = groups.status().keys() & {"backlog", "dead", "consumers", "oldestEventTime"}

    await groups.driven.publish("e1")
    await groups.driven.group()
    await groups.look()

    assert (before, named, figures) == (("False", "GroupUnknown"), set(), set())
    assert groups.condition() == ("True", "Paused")
    assert not await groups.takes()


async def test_the_object_of_a_removed_group_goes_and_somebodys_stays(groups: LookedAfter) -> None:
    """What the operator created goes after a while; what somebody declared says that the group is no more."""
    await groups.driven.publish("e1")
    await groups.driven.kill(await groups.driven.group("crm"))
    await groups.driven.group("billing")
    groups.declare("mine", group="crm")
    await groups.look()

    for group in ("crm", "billing"):
        await remove(groups.driven.store, group, force=True)
    await groups.look()
    await groups.look(30.0)

    assert groups.names() == ["mine"]
    assert groups.condition(name="mine") == ("False", "GroupUnknown")
    assert "1 dead letters are kept" in str(groups.status("mine")["conditions"])
    assert groups.status("mine")["dead"] == 1


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


async def test_a_status_is_written_when_it_says_something_new_and_not_too_often(groups: LookedAfter) -> None:
    """Looks alone write nothing; a change is written at the next look, the one after it 15 seconds later."""
    await groups.driven.group()
    await groups.look()
    first = groups.object()["metadata"]["resourceVersion"]

    await groups.look(15.0)
    await groups.look(15.0)
    unchanged = groups.object()["metadata"]["resourceVersion"]
    await groups.driven.publish("e1")
    await groups.look(5.0)
    one = groups.columns()["Backlog"]
    await groups.driven.publish("e2")
    await groups.look(14.0)
    still_one = groups.columns()["Backlog"]
    await groups.look(1.0)

    assert unchanged == first
    assert (one, still_one, groups.columns()["Backlog"]) == (1, 1, 2)


async def test_a_changed_declaration_is_answered_at_once(groups: LookedAfter) -> None:
    """Whoever waits for `observedGeneration` waits no 15 seconds."""
    await groups.driven.group()
    groups.declare()
    await groups.look()

    groups.change(paused=True)
    await groups.look(1.0)

    assert groups.status()["observedGeneration"] == groups.object()["metadata"]["generation"]
    assert groups.columns()["Paused"] is True


async def test_the_oldest_event_is_shown_with_its_age(groups: LookedAfter) -> None:
    """The age grows in the column without a status being written."""
    await groups.driven.publish("e1")
    group = await groups.driven.group()
    await groups.driven.take(group)
    with groups.driven.server.client() as client:
        seconds, _ = client.time()
        for key in groups.driven.keys("*:events"):
            client.delete(key)
        client.xadd("sl:{0}:events", {"unread": "1"}, id=f"{(seconds - 3_600) * 1_000}-0")
        client.xgroup_create("sl:{0}:events", "crm", id="0-0")

    await groups.look()

    assert groups.columns()["Oldest"] == "60m"
    assert groups.condition("CaughtUp") == ("False", "Behind")


async def test_without_the_store_nothing_is_made_up(
    kubernetes: ApiServer, cluster: Cluster, own_server: Server
) -> None:
    """Conditions are unknown, figures stay and say of when they are, no object goes; afterwards all is as it is."""
    async with looked_after(kubernetes, cluster, own_server.start()) as groups:
        await groups.driven.publish("e1")
        await groups.driven.group("billing")
        await groups.driven.group()
        groups.declare(paused=True)
        await groups.look()
        before = groups.status()
        own_server.stop(kill=True)

        await groups.look()
        await groups.look(30.0)
        away, ready, names = groups.status(), groups.condition(), groups.names()
        own_server.start()
        await groups.look()

        assert ready == ("Unknown", "StoreUnavailable")
        assert names == ["billing", "crm"]
        assert {**away, "conditions": 0} == {**before, "conditions": 0}
        assert before["measuredAt"] in str(away["conditions"])
        assert groups.condition() == ("True", "Paused")
        assert groups.events() == ["Normal Paused"]
