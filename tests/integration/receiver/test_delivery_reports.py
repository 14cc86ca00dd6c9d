"""A receiver says through the store which deliveries came: silence can be seen without a Prometheus."""

import asyncio
import time
from uuid import uuid4

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.delivery_counts import (
    OUTCOME,
    TYPE,
    Arrived,
    Deliveries,
    known_deliveries,
    tell_deliveries,
)
from salesloft_webhooks.errors import RejectionReason
from salesloft_webhooks.receiver.delivery_reports import DeliveryReports
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import ReceiverTelemetry
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server
from tests.support.waiting import eventually


async def known(server: Server) -> dict[tuple[str, str, str], Deliveries]:
    """What the store knows."""
    async with open_store(Settings.load(redis_url=server.url)) as store:
        return {(each.source, each.kind, each.which): each for each in await known_deliveries(store)}


async def test_a_receiver_tells_what_came_before_it_ends(valkey: Server) -> None:
    """Stored, repeated and refused deliveries, and the type, with the time of the latest by the server's clock."""
    with ReceiverProcess(valkey.url, {"SHUTDOWN_DELAY_SECONDS": "0"}) as receiver:
        began = time.time() * 1_000
        for _ in range(2):
            assert receiver.send(delivery(envelope("evt-1"))).status == 200
        assert receiver.send(delivery(envelope("evt-2"), **{"X-Salesloft-Signature": "0" * 64})).status == 401
        receiver.terminate()
        assert receiver.wait() == 0

    found = await known(valkey)

    counts = {what: each.count for what, each in found.items()}
    assert counts == {
        ("default", OUTCOME, "stored"): 1,
        ("default", OUTCOME, "duplicate"): 1,
        ("default", OUTCOME, "rejected"): 1,
        ("default", TYPE, "person.updated"): 1,
    }
    assert all(began - 100 <= each.last_ms <= time.time() * 1_000 + 100 for each in found.values())


async def test_what_the_store_did_not_hear_is_told_later(own_server: Server) -> None:
    """Nothing is lost, and nothing counted twice, while the store is away; nothing is said while nothing comes."""
    source = f"reports-{uuid4()}"
    telemetry = ReceiverTelemetry([source])
    settings = Settings.load(redis_url=own_server.url, store_timeout_seconds=0.5)
    async with open_store(settings) as store, DeliveryReports(store, telemetry, every_seconds=0.05):
        for _ in range(3):
            with telemetry.delivery(source, []) as span:
                span.rejected(RejectionReason.EXPIRED)
        await asyncio.sleep(0.2)  # it tries, and cannot
        own_server.start()

        async def told() -> bool:
            return any(each.source == source and each.count == 3 for each in await known_deliveries(store))

        await eventually(told, "it is told")
        with own_server.client() as client:
            calls = client.info("commandstats")["cmdstat_evalsha"]["calls"]
            await asyncio.sleep(0.3)
            assert client.info("commandstats")["cmdstat_evalsha"]["calls"] == calls


async def test_a_latest_never_moves_back_and_the_hash_is_bounded(valkey: Server) -> None:
    """Receivers tell in any order; what would be too many kinds is left out, and all of it ends by itself."""
    async with open_store(Settings.load(redis_url=valkey.url)) as store:
        await tell_deliveries(store, [Arrived("one", TYPE, "person.updated", 0.0, 1)])
        await tell_deliveries(store, [Arrived("one", TYPE, "person.updated", 60.0, 2)])
        many = [Arrived("two", TYPE, f"made.up{number}", 0.0, 1) for number in range(1_500)]
        await tell_deliveries(store, many)

        found = await known_deliveries(store)

        assert found[0].count == 3
        assert found[0].last_ms > found[-1].last_ms - 10_000
        assert len(found) == 1_000
        with valkey.client() as client:
            assert client.ttl("sl:deliveries") > 86_400
            assert client.memory_usage("sl:deliveries") < 200_000
            client.hset("sl:deliveries", mapping={"nonsense": "1 2", "one type later": "soon"})
        assert len(await known_deliveries(store)) == 1_000
