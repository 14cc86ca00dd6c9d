"""Two versions of a group's filter, and what tests of them do again and again."""

from salesloft_webhooks.broker import Group, Outcome
from salesloft_webhooks.broker.administration.history import EventState, history
from tests.support.broker_bench import Bench, settle, take

OLD, NEW = ("person.*",), ("person.*", "call.*")
DAY_MS = 86_400_000


async def handled(group: Group, *, count: int = 100) -> list[str]:
    """Handle what is given until nothing is, and say what it was."""
    ids: list[str] = []
    while leases := await take(group, count):
        for lease in leases:
            ids.append(lease.event.event_id)
            await settle(group, lease, Outcome.DONE)
    return ids


async def state_in_group(bench: Bench, event_id: str) -> EventState:
    """What `events show` says of an event in the group."""
    found = await history(bench.store, event_id)
    assert found is not None
    return found.groups[0].state


def pass_time(bench: Bench, ms: int) -> None:
    """Make all versions, and all that waits for a handler, older, as time does while some worker is there."""
    filters = "sl:{0}:g:crm:filters"
    for version in bench.redis.zrange(filters, 0, -1):
        bench.redis.zincrby(filters, -ms, version)
    for queue in bench.redis.scan_iter("sl:{0}:g:crm:unhandled:*"):
        for member in bench.redis.zrange(queue, 0, -1):
            bench.redis.zincrby(queue, -ms, member)


async def show_life(bench: Bench, group: Group, ms: int = 0) -> None:
    """The version of one group's worker has been seen just now, or some time ago."""
    bench.redis.zincrby("sl:{0}:g:crm:filters", 6_000, group.options.version)
    bench.redis.zadd("sl:{0}:g:crm:filters", {group.options.version: int(bench.redis.time()[0]) * 1000 - ms})
