"""What metrics say about groups and partitions is what the store holds."""

import asyncio

import pytest

from salesloft_webhooks.broker import Store, open_store
from salesloft_webhooks.broker.administration.stats import Stats, measure
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.operations import Measurements
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.sizing import RECORD_BYTES
from salesloft_webhooks.telemetry import ReceiverTelemetry
from salesloft_webhooks.telemetry.metrics import PROCESS
from tests.support.servers import Server
from tests.support.waiting import wait_until


def figure(name: str, **labels: str) -> float | None:
    """The value of a gauge."""
    return PROCESS.get_sample_value(f"salesloft_webhooks_{name}", labels)


async def until(name: str, value: float | None, **labels: str) -> None:
    """Wait until a gauge has the value; None: until it is gone."""
    shown = f"{name}{labels} is {value}"
    await asyncio.to_thread(wait_until, lambda: figure(name, **labels) == value, description=shown)


async def test_groups_come_and_go(valkey: Server) -> None:
    """A group's backlog is told although no worker of it runs, and it is told no more once the group is removed."""
    settings = Settings.load(redis_url=valkey.url)
    with valkey.client() as client:
        client.xgroup_create("sl:{0}:events", "lonely", id="0", mkstream=True)
        client.sadd("sl:groups", "lonely")
        for _ in range(3):
            client.xadd("sl:{0}:events", {"id": "x"})

        async with open_store(settings) as store, Measurements(store, ReceiverTelemetry(), 0.02):
            await until("group_backlog_entries", 3, group="lonely")
            client.xgroup_destroy("sl:{0}:events", "lonely")
            client.srem("sl:groups", "lonely")
            await until("group_backlog_entries", None, group="lonely")

    assert figure("stream_entries", partition="0") == 3


async def test_measuring_outlives_the_store(own_server: Server) -> None:
    """A store that goes away and comes back is measured again."""
    settings = Settings.load(redis_url=own_server.start().url)

    async with open_store(settings) as store, Measurements(store, ReceiverTelemetry(), 0.02):
        await until("stream_entries", 0, partition="0")
        own_server.stop(kill=True)
        await asyncio.sleep(0.1)
        own_server.start()
        with own_server.client() as client:
            client.xadd("sl:{0}:events", {"id": "x"})
        await until("stream_entries", 1, partition="0")


async def test_ending_takes_no_error_for_an_answer(monkeypatch: pytest.MonkeyPatch, valkey: Server) -> None:
    """A cancellation that comes out of the client as a failed connection ends the measurements all the same."""
    asked = asyncio.Event()

    async def fail_when_cancelled(_: object) -> None:
        asked.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise StoreError("connection lost") from None

    monkeypatch.setattr("salesloft_webhooks.operations.store_measurements.measure", fail_when_cancelled)

    settings = Settings.load(redis_url=valkey.url)
    async with asyncio.timeout(10), open_store(settings) as store, Measurements(store, ReceiverTelemetry(), 0.02):
        await asked.wait()


async def test_memory_is_foreseen(valkey: Server) -> None:
    """What the stream takes and what will be needed are told, from events that have come for an hour."""
    settings = Settings.load(redis_url=valkey.url)
    with valkey.client() as client:
        now = int(client.time()[0])
        for number in range(60):
            client.xadd(
                "sl:{0}:events", {"id": "x", "body": "y" * 1_000}, id=f"{(now - 3_600 + 60 * number) * 1_000}-0"
            )

        async with open_store(settings) as store, Measurements(store, ReceiverTelemetry(), 0.02, settings):
            await asyncio.to_thread(wait_until, _long_history, description="it is measured")

    history = 60 / 3_600 * 86_400 * 1_100
    records = 60 / 3_600 * 7 * 86_400 * RECORD_BYTES
    assert figure("store_memory_foreseen_bytes", partition="0") == pytest.approx(history + records, rel=0.2)
    assert 60_000 < (figure("stream_bytes", partition="0") or 0) < 120_000


async def test_a_raise_while_the_store_is_measured_spoils_no_figure(
    monkeypatch: pytest.MonkeyPatch, valkey: Server
) -> None:
    """What there was when the store was asked is told, although there are more partitions when it has answered."""

    async def measure_and_raise(store: Store) -> Stats:
        store.partitions = 1
        stats = await measure(store)
        store.partitions = 4
        return stats

    monkeypatch.setattr("salesloft_webhooks.operations.store_measurements.measure", measure_and_raise)
    settings, telemetry = Settings.load(redis_url=valkey.url), ReceiverTelemetry()
    telemetry.memory_foreseen(0, -1)

    async with open_store(settings) as store, Measurements(store, telemetry, 0.02, settings):
        await until("store_memory_foreseen_bytes", 0, partition="0")


def _long_history() -> bool:
    return (figure("history_seconds", partition="0") or 0) > 3_500
