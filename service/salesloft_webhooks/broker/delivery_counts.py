"""What receivers say of deliveries every few seconds: when the latest of each kind came, and how many.

Metrics say it as well, to whoever has a Prometheus. This is for the console and the command line: one small hash, and
one call of a receiver in `EVERY_SECONDS` in which something came; nothing for each delivery. A receiver that is killed
takes what came in its last seconds with it. Receivers of earlier versions say nothing.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from salesloft_webhooks.broker.connection.store import Argument, Store, translated

EVERY_SECONDS = 10.0
TYPE, OUTCOME = "type", "outcome"


class Arrived(Struct, frozen=True):
    """Deliveries of a kind that came since they were told last.

    Attributes:
        source: Where they came.
        kind: `TYPE`: of this event type; `OUTCOME`: answered with this outcome.
        which: The event type, or the outcome.
        age_seconds: Since the latest, at most.
        count: How many. Of an event type: that were new.
    """

    source: str
    kind: str
    which: str
    age_seconds: float
    count: int


class Deliveries(Struct, frozen=True):
    """What is known of the deliveries of a kind.

    Attributes:
        source: Where they came.
        kind: `TYPE` or `OUTCOME`.
        which: The event type, or the outcome.
        last_ms: When the latest came, server ms.
        count: How many there ever were. Of an event type: that were new.
    """

    source: str
    kind: str
    which: str
    last_ms: int
    count: int


async def tell_deliveries(store: Store, arrived: Sequence[Arrived]) -> None:
    """Say what came.

    Raises:
        StoreError: the store cannot be told, or may be told.
    """
    args: list[Argument] = []
    for each in arrived:
        args += [f"{each.source} {each.kind} {each.which}", int(each.age_seconds * 1_000), each.count]
    await store.run_on(store.keys.deliveries, "delivery_counts", args)


async def known_deliveries(store: Store) -> list[Deliveries]:
    """What is known of each kind, by source, kind and name.

    Raises:
        StoreError: the store cannot be asked.
    """
    with translated():
        flat: dict[Any, Any] = await store.client.hgetall(store.keys.deliveries)
    found = []
    for field, value in flat.items():
        words, numbers = field.decode(errors="backslashreplace").split(" "), value.split(b" ")
        if len(words) == 3 and len(numbers) == 2 and all(number.isdigit() for number in numbers):
            found.append(Deliveries(words[0], words[1], words[2], int(numbers[0]), int(numbers[1])))
    return sorted(found, key=lambda each: (each.source, each.kind, each.which))
