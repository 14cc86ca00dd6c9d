"""Consumer groups seen through Kubernetes: a real API server, a real store."""

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.broker.administration.groups import remove
from salesloft_webhooks.broker.administration.stats import group_names
from salesloft_webhooks.operator.cluster import Cluster
from tests.chart.api_server import ApiServer
from tests.operator.groups import LookedAfter, looked_after
from tests.support.servers import Server


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
    assert "dead letters of one that was removed: 1" in str(groups.status("mine")["conditions"])
    assert groups.status("mine")["dead"] == 1


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
