"""Counts of dead letters for every filter: of all letters, and of a person or a time.

Who a letter is about and when it died cannot be told from the counts of all, and kept for each letter it would be
memory without bound. So a narrowed count is a walk of its own: from `since` on, in the chosen group, beside the pages
like the other. One at a time, and a page that finds another one under way asks again.
"""

from collections import OrderedDict

from salesloft_webhooks.broker.administration.dead_letter_causes import Narrowing
from salesloft_webhooks.broker.administration.dead_letter_counts import DeadLetterCounts
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.connection.store import Store

KEPT = 8
"""Narrowed counts that are kept, those that were looked at last."""


class NarrowedCounts:
    """All of them.

    Args:
        store: Where.
    """

    def __init__(self, store: Store) -> None:
        self._store, self._everything = store, DeadLetterCounts(store)
        self._narrowed: OrderedDict[Narrowing, DeadLetterCounts] = OrderedDict()

    async def refresh(self, choice: DeadLetterFilter, *, seconds: float) -> DeadLetterCounts:
        """The counts that a filter asks for; made anew for so long at the most, as `DeadLetterCounts.refresh` does.

        Raises:
            StoreError: in that time; what was counted before stays.
        """
        if not (narrowing := Narrowing.of(choice)):
            await self._everything.refresh(seconds=seconds)
            return self._everything
        counts = self._narrowed.setdefault(narrowing, DeadLetterCounts(self._store, narrowing))
        self._narrowed.move_to_end(narrowing)
        excess = max(0, len(self._narrowed) - KEPT)
        for oldest in [key for key, known in self._narrowed.items() if not known.walking][:excess]:
            del self._narrowed[oldest]
        if not any(known.walking for known in self._narrowed.values() if known is not counts):
            await counts.refresh(seconds=seconds)
        return counts

    def outdate(self) -> None:
        """Many letters are gone: the next page waits for no rest."""
        for counts in (self._everything, *self._narrowed.values()):
            counts.outdate()
