"""What tests of debounced handlers do in the store."""

from salesloft_webhooks.broker import DEBOUNCED, FollowUpAct, FollowUps, Group, Lease, Outcome, Settlement
from salesloft_webhooks.broker.administration.history import history
from salesloft_webhooks.follow_ups import Debounced, Wanted
from tests.support.broker_bench import Bench

TASK = "debounced/sync"


def put_off(after: float = 60.0, *, value: str = "1", at_most: float = 0.0, task: str = TASK) -> Wanted:
    """What a debounced handler asks for."""
    return Wanted("data.id", after, task, b"", on_done=True, debounced=Debounced(value, at_most))


async def settled(group: Group, bench: Bench, lease: Lease, what: Wanted | None = None) -> FollowUpAct:
    """An attempt ends as debounced, as a worker ends it."""
    follow_ups = FollowUps(bench.store, group.options)
    act = await follow_ups.act(lease, what or put_off())
    await follow_ups.prepare(lease, act)
    settlement = Settlement(lease, Outcome.DONE, reason=DEBOUNCED, follow_ups=(act,))
    await group.settle(lease.partition, [settlement])
    return act


async def became_of(bench: Bench, event_id: str) -> tuple[str, list[str]]:
    """An event's state, and what became of what it has asked for."""
    found = await history(bench.store, event_id)
    assert found is not None
    return found.groups[0].state, [each.state for each in found.follow_ups]
