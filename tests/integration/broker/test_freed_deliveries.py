"""What a refused delivery leaves behind in its process: nothing, or memory grows with each outage of the store."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.publish_observers import Recorder
from tests.support.servers import Server
from tests.support.waiting import eventually

DELIVERIES = 20


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nothing is found by the collector: what is gone was freed at once."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def delivery(number: int) -> NewDelivery:
    """One event of a person."""
    return NewDelivery(
        "default", (NewEvent(f"e{number}", "person.created", f"person:{number}", "2026-03-07T04:26:14Z", b"{}"),)
    )


async def refused(publisher: Publisher, delivery: NewDelivery) -> weakref.ref[StoreError]:
    """Whether the error of a delivery is still there; its caller has answered, as the receiver does."""
    try:
        await publisher.publish(delivery)
    except StoreError as exc:
        return weakref.ref(exc)
    raise AssertionError("it was stored")


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.parametrize("how", ["frozen", "killed"])
async def test_nothing_of_a_delivery_stays_without_a_store(own_server: Server, partitions: int, how: str) -> None:
    """Each error is freed with its caller, and with it whatever the frames of its traceback held, such as the body."""
    own_server.start()
    settings = Settings.load(redis_url=own_server.url, store_timeout_seconds=1, partitions=partitions)
    async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
        await publisher.publish(delivery(0))
        own_server.freeze() if how == "frozen" else own_server.stop(kill=True)
        left = await asyncio.gather(*(refused(publisher, delivery(number)) for number in range(1, DELIVERIES)))
        own_server.thaw() if how == "frozen" else own_server.start()

        await eventually(lambda: all(error() is None for error in left), "all are gone", 5)
