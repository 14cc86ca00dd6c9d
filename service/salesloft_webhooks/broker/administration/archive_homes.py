"""Where events of an archive are given: there where whoever publishes them later, or has published them, is sent.

With several partitions an id is known in one, whatever its entity (``broker/publish.py``). So an event that is given is
reserved as a delivery is: the first to ask decides, a replay or a receiver. A reservation alone says nothing about the
event, so whoever dies behind it leaves nothing undone. Decision 106.
"""

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct

from salesloft_webhooks.broker.administration.archived_events import ArchivedEvent
from salesloft_webhooks.broker.administration.run_steps import Moved
from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.earlier_places import partition_in
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.broker.partition_count import follow_partitions
from salesloft_webhooks.dialects.derived import watermark_of
from salesloft_webhooks.events import Watermark

RAISED = "the number of partitions is being raised, which receivers finish"
"""Why nothing was given."""
_REFUSED = b"refused "


async def homes_of(store: Store, events: Sequence[ArchivedEvent], *, ttl_seconds: int, reserve: bool) -> list[int]:
    """The partition of each event: where it is known, or refused; else the reserved one, or that of its entity.

    Args:
        store: Where.
        events: Which; few.
        ttl_seconds: How long a reservation lasts.
        reserve: Whether to reserve, so that the answer stays true; else nothing is written.

    Raises:
        Moved: another number of partitions is in force.
        StoreError: some may be reserved.
    """
    if not store.asked and await follow_partitions(store):
        raise Moved(RAISED)
    found = await _ask(store, events)
    if reserve and store.partitions > 1:
        await _reserve(store, found, ttl_seconds)
    return [each.home for each in found]


class _Known(Struct):
    """What the store knows of an event.

    Attributes:
        event: It.
        mark: Its watermark; None: it has none.
        wished: Where its entity's events go.
        places: Partitions that remember it.
        refused: A partition in which a person it is about is erased.
        level: The highest level that its watermark has reached.
        reserved: The partition that is reserved for its id.
    """

    event: ArchivedEvent
    mark: Watermark | None
    wished: int
    places: list[int] = []
    refused: int | None = None
    level: int = 0
    reserved: int | None = None

    @property
    def home(self) -> int:
        """Where it is given."""
        if self.refused is not None:
            return self.refused
        if self.places:
            return self.reserved if self.reserved in self.places else self.places[0]
        return self.wished if self.reserved is None else self.reserved

    @property
    def way(self) -> str:
        """How it is reserved, as ``reserve_archived.lua`` has it."""
        if self.mark is None:
            return "renew"
        return "look" if self.places or self.level >= self.mark.level else "make"


async def _ask(store: Store, events: Sequence[ArchivedEvent]) -> list[_Known]:
    found: list[_Known] = []
    words: list[Argument] = []
    for event in events:
        mark = watermark_of(event.event_type, event.event_id)
        found.append(_Known(event, mark, partition_of(event.entity_key, store.partitions)))
        words += [event.event_id, event.entity_key, event.person_key, event.received_ms]
        words += [mark.subject, mark.name] if mark else ["", ""]
    for partition in range(store.partitions if events else 0):
        answers = await store.run("known_archived", partition, words)
        for each, answer in zip(found, answers, strict=True):
            if answer == b"known":
                each.places.append(partition)
            elif answer != b"erased":
                each.level = max(each.level, int(answer))
            elif each.refused is None:
                each.refused = partition
    return found


async def _reserve(store: Store, found: Sequence[_Known], ttl_seconds: int) -> None:
    slots: defaultdict[int, list[_Known]] = defaultdict(list)
    for each in found:
        if each.refused is None:
            key = each.mark.subject if each.mark else each.event.event_id
            slots[partition_of(key, store.partitions)].append(each)
    number = f"@{store.partitions}" if store.earlier else ""  # as receivers write it
    for slot, here in sorted(slots.items()):
        words: list[Argument] = [ttl_seconds, store.partitions]
        for each in here:
            words += [each.event.event_id, f"{each.home}{number}", each.way]
        for each, answer in zip(here, await store.run("reserve_archived", slot, words), strict=True):
            if answer == b"moved":
                await follow_partitions(store)
                raise Moved(RAISED)
            # Beyond the number: PARTITIONS was lowered since. Refused: so is every delivery of it.
            if answer and not answer.startswith(_REFUSED) and partition_in(answer) < store.partitions:
                each.reserved = partition_in(answer)
