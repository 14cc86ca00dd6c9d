"""When suspects may stop everything else, and for how long: never for more than a small share of the time.

A suspect is an entry that lost several leases in a row, so that its workers may have died of it (see `broker`). It is
run while nothing else runs in this process. That stops the innocent, so each such pause is paid for with a multiple of
its length before the next one, unless there is nothing else to do.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

QUIET_SECONDS = 2.0
"""How long is waited for running attempts to end before suspects start, and for suspects before the others go on."""
SHARE = 0.1
"""Of the time, for suspects."""
MANY = 500
"""From so many suspects on, they get `SHARE_OF_MANY`."""
SHARE_OF_MANY = 0.25


class Isolation:
    """The bookkeeping of one process."""

    def __init__(self) -> None:
        self._not_before = time.monotonic()

    def is_due(self) -> bool:
        """Whether the others have had their share since suspects were last run."""
        return time.monotonic() >= self._not_before

    @contextmanager
    def measured(self, waiting: int) -> Iterator[None]:
        """Around a pause for suspects, of which ``waiting`` wait."""
        began = time.monotonic()
        try:
            yield
        finally:
            ended = time.monotonic()
            share = SHARE_OF_MANY if waiting >= MANY else SHARE
            self._not_before = ended + (ended - began) * (1 / share - 1)
