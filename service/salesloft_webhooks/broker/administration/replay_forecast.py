"""What a replay would do, counted first: nobody begins one without having seen it, and nobody begins another one."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256

import msgspec
from msgspec import Struct

from salesloft_webhooks.broker.administration.replay import Replayed, Selection, replay
from salesloft_webhooks.broker.administration.replay_steps import written_selection
from salesloft_webhooks.broker.connection.store import Store


class Forecast(Struct, frozen=True):
    """What would become of each selected event.

    Attributes:
        outcomes: How many would come to which.
        whole: Whether all of history was looked through; otherwise it took too long.
        digest: Of the group, the selection and the counts: another one when any of them has changed.
    """

    outcomes: Mapping[str, int]
    whole: bool
    digest: str

    @property
    def replayed(self) -> int:
        """How many events the group would get again."""
        return self.outcomes.get(Replayed.REPLAYED, 0)


async def forecast(
    store: Store, group: str, selection: Selection, *, idempotency_ttl_seconds: int, patience_seconds: float
) -> Forecast:
    """Count what a replay would do; nothing is changed.

    Raises:
        StoreError: the store cannot be asked.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + patience_seconds
    counts: Counter[str] = Counter()
    found = replay(
        store,
        group,
        selection,
        idempotency_ttl_seconds=idempotency_ttl_seconds,
        dry_run=True,
        stopped=lambda: loop.time() > until,
    )
    async for _, outcome in found:
        counts[outcome.value] += 1
    return Forecast(dict(counts), loop.time() <= until, forecast_digest(group, selection, counts))


def forecast_digest(group: str, selection: Selection, outcomes: Mapping[str, int]) -> str:
    """What stands for a group, a selection and what was counted: 16 hex digits, the same wherever it was counted."""
    counts = sorted((str(name), number) for name, number in outcomes.items() if number)
    words = msgspec.json.encode([group, written_selection(selection), counts])
    return sha256(words).hexdigest()[:16]
