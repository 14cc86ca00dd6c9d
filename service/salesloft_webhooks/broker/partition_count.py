"""The number of partitions, on which all processes agree.

It stands in the store, and everybody works with the number there, whatever its own setting says. Receivers write it,
because they decide where events go: the first time, and when their setting asks for more. Nothing lowers it. All others
follow, while they run. A store of 0.1.0 whose number was never written down has its streams, which say how many there
are at the least.
"""

from collections.abc import Mapping
from typing import Any

from salesloft_webhooks.broker.backlog import slowest_backlog
from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.broker.layout import EarlierLayout
from salesloft_webhooks.broker.partition_raise import complete_raise
from salesloft_webhooks.errors import ConfigurationError

MOST = 256
"""The greatest number of partitions."""
IN_FORCE = b"partitions"
"""Field of a partition's layout: the number by which is stored there."""


async def follow_partitions(store: Store) -> bool:
    """Work with the store's number from now on.

    Returns:
        Whether it has changed for this process.

    Raises:
        StoreError: the store cannot be asked.
    """
    reply, layout = await _asked(store)
    known = int(reply) if reply else max(await _streams(store), store.partitions)
    return _follow(store, known, layout)


def follow_layout(store: Store, layout: Mapping[bytes, bytes]) -> bool:
    """Whether partition 0's ``layout``, read on another way, says all that `follow_partitions` would ask for.

    It does while it names the number that we work with: a raise begins there (`partition_raise`), and a store that has
    lost its data names none.
    """
    follows = store.asked and int(layout.get(IN_FORCE, 0)) == store.partitions
    if follows:
        _follow(store, store.partitions, layout)
    return follows


async def decide_partitions(store: Store, at_least: int) -> bool:
    """The same for receivers: write the number down, raise it to ``at_least``, finish a raise that another has begun.

    Raises:
        ConfigurationError: it must not be raised now; the message says why.
        StoreError: the store cannot be asked.
    """
    written, layout = await _asked(store)
    known = int(written) if written else await _streams(store)
    begun = int(layout.get(IN_FORCE, 0))  # 0: no receiver of this version has been here yet
    followed = store.partitions if store.asked else 0
    wanted = max(known, begun, at_least, followed)
    is_in_force = written is not None and wanted == known == begun
    if is_in_force:
        return _follow(store, wanted, layout)
    if written is not None and wanted > known and not begun:
        await _refuse_beside_version_0_1_0(store, known, at_least)
    raised = await complete_raise(store, known, wanted)
    _, layout = await _asked(store)
    return _follow(store, raised, layout)


async def _refuse_beside_version_0_1_0(store: Store, known: int, at_least: int) -> None:
    """Receivers of 0.1.0 do not ask the layout, so they would store on by the old number: only while nothing waits.

    Raises:
        ConfigurationError: something waits.
    """
    if await slowest_backlog(store):
        raise ConfigurationError(
            f"PARTITIONS is {at_least}, but this installation has {known}, and receivers of version 0.1.0 "
            f"may still run: update with PARTITIONS={known} first, or let all streams be drained"
        )


async def highest_layout(store: Store) -> int:
    """The greatest number that any partition we know of stores by: also one that partition 0 has lost.

    Raises:
        StoreError: the store cannot be asked.
    """
    asking: Any = store.client.pipeline(transaction=False)
    for partition in range(store.partitions):
        asking.hget(store.keys.layout(partition), IN_FORCE)
    with translated():
        return max(int(number or 1) for number in await asking.execute())


async def _asked(store: Store) -> tuple[bytes | None, Mapping[bytes, bytes]]:
    asking = store.client.pipeline(transaction=False)
    asking.get(store.keys.partitions)
    asking.hgetall(store.keys.layout(0))
    with translated():
        reply, layout = await asking.execute()
    return reply, layout


def _follow(store: Store, number: int, layout: Mapping[bytes, bytes]) -> bool:
    # By its name: a field of anybody else says nothing about places, and must not stop whoever asks.
    ended = {int(name): int(mark.split()[1]) / 1000 for name, mark in layout.items() if name.isdigit()}
    earlier = tuple(EarlierLayout(*pair) for pair in sorted(ended.items()) if pair[0] < number)
    changed = number != store.partitions
    if changed or earlier != store.earlier or not store.asked:
        store.partitions, store.earlier, store.asked = number, earlier, True
    return changed


async def _streams(store: Store) -> int:
    """How many partitions there must be, judging by the streams that exist."""
    asked: Any = store.client.pipeline(transaction=False)
    for partition in range(MOST):
        asked.exists(store.keys.events(partition))
    with translated():
        found = await asked.execute()
    return max((partition + 1 for partition, there in enumerate(found) if there), default=0)
