"""What receivers say of their keys, in a real store."""

import pytest

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.announced_keys import AnnouncedKeys, Announcement
from salesloft_webhooks.settings import Settings
from tests.support.servers import Server


def says(*fingerprints: str, source: str = "default") -> Announcement:
    """An announcement of one source."""
    return Announcement(version="1", sources={source: fingerprints})


def age(store_url: Server, receiver: str, seconds: int) -> None:
    """Let what a receiver said have been so long ago."""
    with store_url.client() as client:
        said = client.hget("sl:receivers", receiver)
        assert said
        heard, _, words = said.partition(" ")
        client.hset("sl:receivers", receiver, f"{int(heard) - 1000 * seconds} {words}")


async def test_live_receivers_are_told(valkey: Server) -> None:
    """The fingerprints that each receiver accepts for a source, as it said last."""
    async with open_store(Settings.load(redis_url=valkey.url)) as store:
        keys = AnnouncedKeys(store)
        await keys.announce("one", says("old"))
        await keys.announce("one", says("new", "old"))
        await keys.announce("two", says("old"))
        await keys.announce("three", says("old", source="other"))

        assert await keys.of_source("default") == {"one": frozenset({"new", "old"}), "two": frozenset({"old"})}
        assert await keys.of_source("other") == {"three": frozenset({"old"})}


@pytest.mark.parametrize(("seconds", "counts"), [(29, True), (31, False)])
async def test_a_silent_receiver_holds_nobody_up(valkey: Server, seconds: int, *, counts: bool) -> None:
    """Who was not heard of for half a minute does not count; by the server's clock."""
    async with open_store(Settings.load(redis_url=valkey.url)) as store:
        keys = AnnouncedKeys(store)
        await keys.announce("one", says("old"))
        age(valkey, "one", seconds)

        assert ("one" in await keys.of_source("default")) is counts


async def test_who_stops_in_order_is_forgotten_at_once(valkey: Server) -> None:
    """Who died is, an hour later, when anybody says anything; the key ends with an installation that is removed."""
    async with open_store(Settings.load(redis_url=valkey.url)) as store:
        keys = AnnouncedKeys(store)
        for name in ("one", "two", "three"):
            await keys.announce(name, says("old"))
        await keys.withdraw("one")
        age(valkey, "two", 3601)

        assert await keys.of_source("default") == {"three": frozenset({"old"})}
        await keys.announce("three", says("old"))
        with valkey.client() as client:
            assert client.hkeys("sl:receivers") == ["three"]
            assert 0 < client.ttl("sl:receivers") <= 3600


async def test_words_of_a_later_version_are_passed_over(valkey: Server) -> None:
    """What cannot be read says nothing, and spoils nothing else; the hash may hold anything."""
    async with open_store(Settings.load(redis_url=valkey.url)) as store:
        keys = AnnouncedKeys(store)
        await keys.announce("one", says("old"))
        with valkey.client() as client:
            heard = client.hget("sl:receivers", "one").split(" ")[0]
            client.hset("sl:receivers", mapping={"two": f"{heard} [1]", "three": "nonsense", "four": heard})

        assert await keys.of_source("default") == {"one": frozenset({"old"})}
