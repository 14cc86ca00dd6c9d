"""The newest version of a thing that was brought to a system outside."""

from salesloft_webhooks.broker.connection.store import open_store
from salesloft_webhooks.broker.newest_version import Versions
from salesloft_webhooks.settings import Settings
from tests.support.servers import Server

MICROSECONDS = 2 * 1_772_875_574_444_910


async def test_only_a_newer_version_raises_the_mark(server: Server) -> None:
    """Each subject and group has its own; an older one changes nothing; no digit of a microsecond is lost."""
    async with open_store(Settings.load(redis_url=server.url, partitions=2)) as store:
        versions = Versions(store, "crm")

        assert await versions.newest("person:1") == 0
        await versions.applied("person:1", MICROSECONDS + 1)
        await versions.applied("person:1", MICROSECONDS)

        assert await versions.newest("person:1") == MICROSECONDS + 1
        assert await versions.newest("person:2") == 0
        assert await Versions(store, "other").newest("person:1") == 0
        assert [await store.client.ttl(key) > 0 async for key in store.client.scan_iter("*")] == [True]
