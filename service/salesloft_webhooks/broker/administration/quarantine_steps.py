"""How runs read deliveries in quarantine again. Done twice, a delivery is a duplicate: nothing is stored twice."""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct, convert

from salesloft_webhooks.broker.administration.quarantine import reprocess
from salesloft_webhooks.broker.administration.run_records import Run
from salesloft_webhooks.broker.administration.run_steps import move
from salesloft_webhooks.broker.administration.scan import read
from salesloft_webhooks.broker.administration.selected import each
from salesloft_webhooks.broker.administration.stored_records import Quarantined, read_quarantined
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.entry_reference import Reference
from salesloft_webhooks.broker.publish import Publisher

AT_ONCE = 20
"""Each is stored by a call of its own."""


class QuarantineSelection(Struct, frozen=True, omit_defaults=True):
    """What a run of this kind is about; `msgspec.to_builtins` of it is its selection.

    Attributes:
        reason: Why it could not be read; empty: any.
        references: These deliveries only; empty: all.
        event_name: The native name of those that were kept without one.
    """

    reason: str = ""
    references: tuple[str, ...] = ()
    event_name: str = ""

    def wants(self, one: Quarantined) -> bool:
        """Whether it is meant."""
        return self.reason in {"", one.reason} and (not self.references or str(one.reference) in self.references)


class ReprocessSteps:
    """Reads deliveries again.

    Args:
        store: Where.
        publisher: Stores what can be read.
    """

    def __init__(self, store: Store, publisher: Publisher) -> None:
        self._store, self._publisher = store, publisher

    async def batch(self, run: Run, partition: int, place: str) -> int:
        """As `Steps` has it."""
        selection, end = convert(run.selection, QuarantineSelection), run.ends[partition]
        page = await self._page(partition, place, end)
        wanted = [one for one in page if selection.wants(one)]
        outcomes: Counter[str] = Counter()
        async for _, outcome in reprocess(self._store, self._publisher, each(wanted), event_name=selection.event_name):
            outcomes[outcome.value] += 1
        next_place = page[-1].reference.entry_id if len(page) == AT_ONCE else end
        await move(self._store, run, partition, place, next_place, **outcomes)
        return len(wanted)

    async def end(self, run: Run) -> None:
        """As `Steps` has it: nothing is left over."""

    async def _page(self, partition: int, place: str, end: str) -> Sequence[Quarantined]:
        key = self._store.keys.quarantine(partition)
        found = await read(self._store, key, f"({place}", end, count=AT_ONCE)
        return [read_quarantined(Reference.of(partition, entry_id), fields) for entry_id, fields in found]
