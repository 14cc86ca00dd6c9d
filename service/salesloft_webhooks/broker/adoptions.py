"""Who may be given a record of a system outside that is nobody's yet, when that system cannot refuse the second.

Two workers that look at such a record at the same moment both find it free, and both would write their person into it.
So it is claimed here first, for a person: whoever is refused waits. Nobody gives a claim back. It ends by itself, and
by then the record says whose it is: so a worker may die at any moment, and whoever comes next, with the same person or
another, finds either the record or the claim as it was left. A person who is tried again has the whole time anew, as
long as nobody else waits.
"""

import asyncio
from collections.abc import Mapping, Sequence

from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.errors import StoreUnavailable


class Adoptions:
    """The claims of one group.

    Args:
        store: The open store.
        group: The consumer group.
    """

    def __init__(self, store: Store, group: str) -> None:
        self._store = store
        self._group = group

    async def claim(self, people: Mapping[str, str], *, seconds: float) -> Mapping[str, float]:
        """The records of which their person has the claim, and for how many seconds more.

        Those whose partition cannot be asked are as those of which another person has it: the others need not pay.

        Args:
            people: By the record's id, the person who is to be given it.
            seconds: How long, at most.
        """
        by_partition: dict[int, list[str]] = {}
        for record in people:
            by_partition.setdefault(partition_of(record, self._store.first_partitions), []).append(record)
        # Side by side: one that does not answer is waited for while the claims of the others run.
        asked = [self._claim_in(partition, records, people, seconds) for partition, records in by_partition.items()]
        return {record: left for claims in await asyncio.gather(*asked) for record, left in claims.items()}

    async def _claim_in(
        self, partition: int, records: Sequence[str], people: Mapping[str, str], seconds: float
    ) -> Mapping[str, float]:
        keys = [self._store.keys.adoption(partition, self._group, record) for record in records]
        persons = [people[record] for record in records]
        try:
            answers = await self._store.run("adopt", partition, [round(seconds * 1000), *persons], keys)
        except StoreUnavailable:
            return {}
        return {record: left / 1000 for record, left in zip(records, answers, strict=True) if left > 0}
