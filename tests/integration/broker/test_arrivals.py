"""Looking up whether events have arrived: by webhook or by backfill, with how many partitions ever, without a write."""

import pytest

from salesloft_webhooks.broker import Publisher, Stored, follow_partitions, open_store
from salesloft_webhooks.broker.arrivals import arrivals
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.dialects import native
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server

pytestmark = pytest.mark.parametrize("partitions", [1, 3])


def email(number: int, views: int, second: int = 0) -> tuple[NewEvent, ...]:
    """An email that was opened so often, as a webhook or a row tells of it."""
    body = f'{{"id":{number},"updated_at":"2026-03-07T09:00:{second:02d}Z","counts":{{"views":{views}}}}}'
    return native.read(body.encode(), "email_updated")


async def publish(store: Store, settings: Settings, *events: NewEvent, backfilled: bool = False) -> Stored:
    """Store one delivery."""
    async with Publisher(store, settings, SilentObserver()) as publisher:
        return await publisher.publish(NewDelivery("default", events, backfilled=backfilled))


async def test_what_a_webhook_brought_is_known(server: Server, partitions: int) -> None:
    """With its time, and as no backfill's; what nobody brought is not known. Looking writes nothing."""
    settings = Settings.load(redis_url=server.url, partitions=partitions)
    async with open_store(settings) as store:
        await publish(store, settings, *email(1, 2))
        await follow_partitions(store)
        with server.client() as client:
            before = {key: client.dump(key) for key in client.keys("*:events") + client.keys("*:event:*")}

            known, unknown = await arrivals(store, [email(1, 2), email(2, 2)])

            assert known.at is not None
            assert (known.backfilled, known.whole) == (False, True)
            assert (unknown.at, unknown.whole) == (None, False)
            assert before == {key: client.dump(key) for key in client.keys("*:events") + client.keys("*:event:*")}


async def test_what_a_backfill_brought_stays_its_own(server: Server, partitions: int) -> None:
    """Brought once more by it, as after a crash, it is new again; by its late webhook it is a duplicate."""
    settings = Settings.load(redis_url=server.url, partitions=partitions)
    async with open_store(settings) as store:
        assert await publish(store, settings, *email(1, 2), backfilled=True) is Stored.NEW
        assert await publish(store, settings, *email(1, 2), backfilled=True) is Stored.NEW
        assert await publish(store, settings, *email(1, 2)) is Stored.DUPLICATE
        await follow_partitions(store)

        (known,) = await arrivals(store, [email(1, 2)])

        assert known.backfilled
        assert known.whole


async def test_a_level_that_was_reached_is_nothing_new(server: Server, partitions: int) -> None:
    """The opening was told of by an earlier version, under another count's id or this one's."""
    settings = Settings.load(redis_url=server.url, partitions=partitions)
    async with open_store(settings) as store:
        await publish(store, settings, *email(1, 5))
        await publish(store, settings, email(1, 4, second=9)[0])
        await follow_partitions(store)

        (found,) = await arrivals(store, [email(1, 4, second=9)])

        assert found.whole


async def test_a_part_that_is_missing_is_told(server: Server, partitions: int) -> None:
    """With several partitions a writer can die between two events of one delivery."""
    settings = Settings.load(redis_url=server.url, partitions=partitions)
    async with open_store(settings) as store:
        await publish(store, settings, email(1, 4)[0])
        await follow_partitions(store)

        (found,) = await arrivals(store, [email(1, 4)])

        assert found.at is not None
        assert not found.whole
