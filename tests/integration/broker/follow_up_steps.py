"""What tests of follow-ups in the store do."""

from typing import Any

from salesloft_webhooks.broker import FollowUps, Group, Lease
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.follow_ups import Wanted
from tests.support.broker_bench import Bench, take

MOVED = next(name for name in (f"person:{n}" for n in range(50)) if partition_of(name, 2) == 1)
"""Of one partition she was in the first, of two she is in the second."""

LATER = "sl:{0}:g:crm:later"


def wanted(key: str = "k", after: float = 0.0, *, task: str = "", arguments: bytes = b"") -> Wanted:
    """What a handler asks for."""
    return Wanted(key, after, task, arguments, on_done=False)


async def asked(group: Group, bench: Bench, lease: Lease, what: Wanted) -> bool:
    """Ask at once: whether it waits."""
    follow_ups = FollowUps(bench.store, group.options)
    waits, _ = await follow_ups.ask(lease, await follow_ups.act(lease, what))
    return waits


async def begun(group: Group, bench: Bench) -> int:
    """Begin what is due: how many."""
    return len((await FollowUps(bench.store, group.options).begin(0)).late_seconds)


async def running(bench: Bench, event_id: str = "e1", **options: Any) -> tuple[Group, Lease]:
    """A group that runs one event."""
    group = await bench.group(lease_seconds=60, **options)
    await bench.publish(event_id)
    (lease,) = await take(group)
    return group, lease


async def leased(bench: Bench, group: Group, event_id: str, partition: int) -> Lease:
    """An event of hers, taken in a partition."""
    await bench.publish(event_id, key=MOVED)
    (lease,) = (await group.take(partition, 1)).leases
    return lease


async def ask(bench: Bench, group: Group, lease: Lease, after: float = 0.0) -> FollowUps:
    """Ask by the key `k`."""
    follow_ups = FollowUps(bench.store, group.options)
    await follow_ups.ask(lease, await follow_ups.act(lease, Wanted("k", after, "", b"", on_done=False)))
    return follow_ups


def waiting(redis: Any, partition: int) -> list[str]:
    """The ids that wait in a partition."""
    found: list[str] = redis.zrange(f"sl:{{{partition}}}:g:crm:later", 0, -1)
    return found
