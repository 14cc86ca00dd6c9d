"""When isolated entries may stop all others, and for how long: never for more than a small share of the time.

An entry is isolated when it lost several leases in a row, so that its workers may have died of it (see `broker`). It is
run while nothing else runs in this process. That stops all others, so each such pause is paid for with a multiple of
its length before the next one, unless there is nothing else to do.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

DRAIN_SECONDS = 2.0
"""How long to wait for running attempts to end before isolated entries start, and for those before others go on."""
SHARE = 0.1
"""Of the time, for isolated entries."""
MANY_ENTRIES = 500
"""From so many of them on, they get `SHARE_IF_MANY`."""
SHARE_IF_MANY = 0.25


class IsolationBudget:
    """The bookkeeping of one process."""

    def __init__(self) -> None:
        self._not_before = time.monotonic()

    def is_due(self) -> bool:
        """Whether the others have had their share since isolated entries were last run."""
        return time.monotonic() >= self._not_before

    @contextmanager
    def measured(self, waiting: int) -> Iterator[None]:
        """Around a pause of the others for isolated entries, of which ``waiting`` wait."""
        began = time.monotonic()
        try:
            yield
        finally:
            ended = time.monotonic()
            share = SHARE_IF_MANY if waiting >= MANY_ENTRIES else SHARE
            self._not_before = ended + (ended - began) * (1 / share - 1)
