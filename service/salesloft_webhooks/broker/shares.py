"""What a request wants written in one partition: its share of a group commit."""

import asyncio
from collections.abc import Iterable, Sequence

from salesloft_webhooks.broker.connection.store import Argument
from salesloft_webhooks.errors import StoreError, StoreRefused, StoreUnavailable

REFUSED = b"refused "
"""How a script begins its result for an event whose keys it cannot use; the server's words follow."""
Row = tuple[Argument, ...]


class Share:
    """One delivery's events for one partition, and the request waiting for what becomes of them."""

    __slots__ = ("answer", "rows", "size")

    def __init__(self, rows: Sequence[Row], size: int) -> None:
        self.rows = rows
        self.size = size
        self.answer: asyncio.Future[list[bytes]] = asyncio.get_running_loop().create_future()

    def fail(self, error: StoreError) -> None:
        """Tell the request, unless it has its answer or is gone."""
        if not self.answer.done():
            self.answer.set_exception(error)

    def settle(self, results: list[bytes]) -> None:
        """Tell the request what the script said of each row."""
        if self.answer.done():
            return
        if refused := next((result for result in results if result.startswith(REFUSED)), None):
            self.fail(StoreRefused(refused.removeprefix(REFUSED).decode(errors="backslashreplace")))
        else:
            self.answer.set_result(results)


def fail(batch: Iterable[Share], error: Exception) -> None:
    """Tell every share of a batch."""
    for share in batch:
        share.fail(error if isinstance(error, StoreError) else StoreUnavailable(words_of(error)))


def words_of(error: Exception) -> str:
    """What may be said of an error: the server's own words, of others only the kind, for they may repeat a body."""
    return str(error) if isinstance(error, StoreError) else f"{type(error).__name__} while storing"
