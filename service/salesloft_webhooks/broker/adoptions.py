"""Who may be given a record of a system outside that is nobody's yet, when that system cannot refuse the second.

Two workers that look at such a record at the same moment both find it free, and both would write their person into it.
So it is claimed here first, for a person: whoever is refused waits. Nobody gives a claim back. It ends by itself, and
by then the record says whose it is: so a worker may die at any moment, and whoever comes next, with the same person or
another, finds either the record or the claim as it was left.
"""

from collections.abc import Mapping

from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.layout import partition_of


class Adoptions:
    """The claims of one group.

    Args:
        store: The open store.
        group: The consumer group.
    """

    def __init__(self, store: Store, group: str) -> None:
        self._store = store
        self._group = group

    async def claim(self, people: Mapping[str, str], *, seconds: float) -> set[str]:
        """The records of which their person has the claim, from now on for ``seconds``.

        Args:
            people: By the record's id, the person who is to be given it.
            seconds: How long.

        Raises:
            StoreUnavailable: Redis is; some may be claimed, for the same persons.
        """
        by_partition: dict[int, list[str]] = {}
        for record in people:
            by_partition.setdefault(partition_of(record, self._store.first_partitions), []).append(record)
        claimed = set[str]()
        for partition, records in by_partition.items():
            keys = [self._store.keys.adoption(partition, self._group, record) for record in records]
            persons = [people[record] for record in records]
            answers = await self._store.run("adopt", partition, [round(seconds * 1000), *persons], keys)
            claimed |= {record for record, answer in zip(records, answers, strict=True) if answer}
        return claimed
