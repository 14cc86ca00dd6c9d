"""What `operator release` says of an object that is gone although nobody told it so."""

import asyncio
from collections.abc import Sequence

import pytest

from salesloft_webhooks.errors import ClusterUnavailable
from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.operator.cluster import Cluster
from salesloft_webhooks.operator.objects import SubscriptionObject
from salesloft_webhooks.operator.release import Outcome, Released, release
from salesloft_webhooks.simulator.platform import Fault
from tests.operator.definitions import path
from tests.operator.team import TOKEN, Team
from tests.operator.test_release import established, finalizers

pytestmark = pytest.mark.usefixtures("short_times", "short_lease")


def registered(team: Team) -> tuple[int, ...]:
    """Ids of its subscriptions at SalesLoft."""
    return tuple(sorted(each for of_event in team.there().values() for each in of_event))


async def test_a_lost_answer_changes_nothing_of_what_is_said(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """The object is let go with its subscriptions left behind, and the answer is lost: they are said to be left."""
    await established(team)
    ids = registered(team)
    team.platform.access.revoke(TOKEN)
    written = Cluster.set_finalizers

    async def without_an_answer(self: Cluster, of: SubscriptionObject, names: Sequence[str]) -> None:
        await written(self, of, names)
        raise ClusterUnavailable("the answer is lost")

    monkeypatch.setattr(Cluster, "set_finalizers", without_an_answer)

    ended = await release(team._settings(), 1.0)

    assert (ended, finalizers(team)) == ([Released("sales", Outcome.ORPHANED, ids)], [])


async def test_what_somebody_else_let_go_is_not_said_to_be_deleted(team: Team) -> None:
    """A person takes the finalizer away while SalesLoft fails: what became of the subscriptions, nobody here knows."""
    await established(team)
    ids = registered(team)
    team.platform.faults.order(Fault.ERROR, during_seconds=60)
    running = asyncio.ensure_future(release(team._settings(), 10.0))
    await asyncio.sleep(1.5)  # it has tried
    change = {"metadata": {"finalizers": None}}
    where = path(team.namespace, Kind.SUBSCRIPTION, "sales")
    team.kubernetes.request("PATCH", where, change, content_type="application/merge-patch+json")

    assert await running == [Released("sales", Outcome.UNKNOWN, ids)]
