"""What sizing reckons with is what real servers take."""

import asyncio
import json
from pathlib import Path

import pytest

from salesloft_webhooks.broker import Outcome, Settlement
from salesloft_webhooks.broker.administration.forecast import forecast
from salesloft_webhooks.broker.administration.stats import PartitionStats
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.sizing import entry_bytes, record_bytes
from tests.support.broker_bench import STREAM, Bench, open_bench, take
from tests.support.servers import Server, engines

EVENTS, AT_ONCE = 5_000, 500
LIFE = 1.25
"""How many times its TTL a record lives, on average: windows end as a whole."""
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def native(number: int, body: bytes) -> NewDelivery:
    """A delivery as SalesLoft's are stored: a long id, and a trace context."""
    person, at = 164_510_523 + number, "2026-03-07T09:26:14.444910Z"
    event = NewEvent(f"person.updated/{person}/{at}", "person.updated", f"person:{person}", at, body)
    return NewDelivery("default", (event,), TRACE)


async def fill(bench: Bench, body: bytes, groups: int) -> tuple[float, float]:
    """Bytes of an event in the stream, and of its record, once all groups are done."""
    members = [await bench.group(f"g{number}") for number in range(groups)]
    for first in range(0, EVENTS, AT_ONCE):
        await asyncio.gather(*(bench.publisher.publish(native(first + n, body)) for n in range(AT_ONCE)))
    for group in members:
        while leases := await take(group, 500):
            await group.settle(0, [Settlement(lease, Outcome.DONE) for lease in leases])
    records = sum(bench.redis.memory_usage(key, samples=0) for key in bench.redis.scan_iter("sl:{0}:ids*", 1_000))
    return bench.redis.memory_usage(STREAM, samples=0) / EVENTS, records / EVENTS


@pytest.mark.parametrize("engine", engines())
@pytest.mark.parametrize(("size", "groups"), [(450, 1), (1_150, 3)])
async def test_the_constants_are_what_a_server_takes(engine: str, size: int, groups: int, tmp_path: Path) -> None:
    """Within 15 %, on both engines, for small and for large bodies, one group and several."""
    server = Server(engines()[engine], tmp_path).start()
    try:
        async with open_bench(server) as bench:
            stream, record = await fill(bench, json.dumps({"id": 1, "text": "y" * (size - 22)}).encode(), groups)
    finally:
        server.stop(kill=True)

    assert stream == pytest.approx(entry_bytes(size, compressed=False), rel=0.15)
    assert record * LIFE == pytest.approx(record_bytes(groups), rel=0.15)


def test_the_forecast_is_of_the_rate_there_was() -> None:
    """Ten events a second over ten hours of two partitions come to a day of history and a week of records."""
    settings = Settings.load()
    partitions = [PartitionStats(number, 180_000, 0, 0, 0, 180_000 * 1_400, 36_000.0) for number in range(2)]

    foreseen = forecast(partitions, 3, settings)

    assert (foreseen.rate, foreseen.history_seconds) == (10.0, 36_000.0)
    assert foreseen.needed_bytes == 10 * 86_400 * 1_400 + 10 * 7 * 86_400 * record_bytes(3)


def test_a_minute_must_have_passed() -> None:
    """A few events in the first moment are no rate."""
    assert forecast([PartitionStats(0, 100, 0, 0, 0, 1_000, 59.0)], 1, Settings.load()).needed_bytes == 0
