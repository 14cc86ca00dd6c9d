"""The newest entries as they come, for people who look on: at a bounded cost, whatever comes.

`entries.tail` reads everything, which at ten thousand events a second is all their bodies over the wire. Nobody reads
so fast: here each look takes a few of the newest of each partition, and says when there were more.
"""

from dataclasses import dataclass
from typing import Any

from salesloft_webhooks.broker.administration.scan import carry_bodies
from salesloft_webhooks.broker.administration.stored_records import Entry, read_entry
from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.broker.entry_head import by_name
from salesloft_webhooks.broker.entry_reference import Reference
from salesloft_webhooks.broker.records import Fields

AT_MOST = 50
"""Of one partition and look."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look has found.

    Attributes:
        entries: What is new since the last one, the oldest first.
        cut: Whether there was more than a look takes: the newest are here.
    """

    entries: tuple[Entry, ...]
    cut: bool


class NewestEntries:
    """Looks again and again.

    Args:
        store: Where.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[int, Reference] | None = None

    async def look(self) -> Look:
        """What has come since the last look; the first one finds nothing, and only learns where the streams end.

        Raises:
            StoreError: the store cannot be asked. The next look finds what this one would have.
        """
        pages = await self._pages()
        found: list[tuple[Reference, Fields]] = []
        for partition, page in enumerate(pages if self._seen is not None else []):
            carried = [(entry_id, by_name(fields)) for entry_id, fields in page[:AT_MOST]]
            await carry_bodies(self._store, self._store.keys.events(partition), carried)
            found += [(Reference.of(partition, entry_id), fields) for entry_id, fields in carried]
        # Only now: a look that fails before has found nothing.
        seen = self._seen = {} if self._seen is None else self._seen
        seen |= {partition: Reference.of(partition, page[0][0]) for partition, page in enumerate(pages) if page}
        entries = (read_entry(*each) for each in sorted(found, key=lambda one: one[0]))
        return Look(tuple(entries), any(len(page) > AT_MOST for page in pages))

    async def _pages(self) -> list[list[tuple[bytes, Any]]]:
        """What is new in each partition, the newest first; at the first look, the newest of all."""
        asking: Any = self._store.client.pipeline(transaction=False)
        for partition in range(self._store.partitions):
            seen = None if self._seen is None else self._seen.get(partition)
            oldest = "-" if seen is None else f"({seen.entry_id}"
            asking.xrevrange(self._store.keys.events(partition), "+", oldest, 1 if self._seen is None else AT_MOST + 1)
        with translated():
            pages: list[list[tuple[bytes, Any]]] = await asking.execute()
        return pages
