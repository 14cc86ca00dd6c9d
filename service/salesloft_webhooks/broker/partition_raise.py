"""Raising the number of partitions while events come and go, without draining anything.

An event's place follows from its entity and the number, its id's slot from the id and the number; so with the number
both move. What has to hold: nothing is stored twice, nothing is lost, a person's events keep their order.

    =========  ==========================================================  ============================================
    state      how the store knows                                         who stores by which number
    =========  ==========================================================  ============================================
    old        all layouts say the old number (or nothing)                 old, everywhere
    begun      partition 0's layout says the new one                       old, where the layout still says it; nobody
                                                                           by the new one
    sealed     all layouts say the new one                                 nobody, for the time of the next two steps
    done       ``<prefix>:partitions`` says it as well                     new, everywhere
    =========  ==========================================================  ============================================

Each step is one script in one slot, is done again without harm, and may be done by any receiver: whoever dies leaves a
raise that the next receiver finishes, when it looks (every few seconds) or as soon as a partition answers `moved`.

*Why nothing is stored by the old number after the first event of the new one:* a partition's layout and its stream lie
in one slot, so a write by the old number comes before its seal or is answered `moved`; and a receiver stores by the
new number only when it has sealed every partition, or has read that somebody had. So every old place is final
by then. An id that its new slot does not know is looked up in the places of the earlier numbers (`earlier_places`),
and the order of a person's events is the order of the layouts: what the new place gives out waits until the group has
finished that person in the old one (`earlier_lanes`), which is every entry up to the mark that the seal left.

*Two raises at once* (a roll-out of one number meets that of another): whoever finds a partition sealed for a greater
number goes on with that one. So a number is only ever used when each of its partitions was sealed for it, and has left
its mark in all of them; else what was stored by it would be looked for by nobody.

*Groups* are made known in the new partitions before anything is stored there, with their filters and pauses.

A receiver of version 0.1.0 does not ask the layout. So a number that 0.1.0 wrote is raised only while everything is
drained, as ever; the first look of a receiver of this version, with the same number, ends that.
"""

import asyncio
from typing import Any

from salesloft_webhooks.broker.connection.store import Argument, Store, translated


async def complete_raise(store: Store, before: int, number: int) -> int:
    """Let ``number`` be in force everywhere, from ``before`` (0: this installation is new), whoever has begun it.

    Returns:
        The number in force: a greater one when somebody else has gone further meanwhile.

    Raises:
        StoreError: repeat it.
    """
    number = await _seal_all(store, before, number)
    with translated():
        groups: Any = await store.client.smembers(store.keys.groups)
    for group in sorted(name.decode() for name in groups):
        await _open(store, group, range(max(before, 1), number))
    known = 0
    while known < number:
        known = int(await store.run_on(store.keys.partitions, "agree", [number, known or ""]) or 0)
    return known


async def _seal_all(store: Store, before: int, number: int) -> int:
    """Seal every partition, partition 0 first; the number for which all are sealed, which may be greater."""
    while True:
        number = await _seal(store, 0, before, number)
        others = await asyncio.gather(*(_seal(store, partition, before, number) for partition in range(1, number)))
        if max(others, default=number) == number:
            return number
        number = max(others)


async def _seal(store: Store, partition: int, before: int, number: int) -> int:
    return int(await store.run("seal", partition, [number, before if partition < before else 0]))


async def _open(store: Store, group: str, partitions: range) -> None:
    asking: Any = store.client.pipeline(transaction=False)
    asking.zrange(store.keys.filters(0, group), 0, -1, withscores=True)
    asking.get(store.keys.pause(0, group))
    asking.pttl(store.keys.pause(0, group))
    with translated():
        filters, pause, left = await asking.execute()
    args: list[Argument] = [group, pause or "", max(0, left) if pause else 0]
    for version, heartbeat in filters:
        args += (version, int(heartbeat))
    await asyncio.gather(*(store.run("open", partition, args) for partition in partitions))
