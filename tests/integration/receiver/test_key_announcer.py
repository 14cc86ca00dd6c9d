"""A receiver tells which keys it accepts for as long as it takes deliveries."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from salesloft_webhooks.broker import Store, open_store
from salesloft_webhooks.broker.announced_keys import AnnouncedKeys
from salesloft_webhooks.dialects import fingerprint
from salesloft_webhooks.receiver import key_announcer
from salesloft_webhooks.receiver.key_announcer import KeyAnnouncer
from salesloft_webhooks.receiver.sources import load_sources
from salesloft_webhooks.settings import Settings
from tests.support.servers import Server
from tests.support.waiting import eventually

OLD, NEW = "an-old-secret-of-some-length", "a-new-secret-of-some-length"


async def told(store: Store) -> list[frozenset[str]]:
    """What live receivers say of the source of the environment variables."""
    return list((await AnnouncedKeys(store).of_source("default")).values())


def prints(*keys: str) -> frozenset[str]:
    """Their fingerprints."""
    return frozenset(fingerprint(key.encode()) for key in keys)


async def test_tells_before_the_first_delivery_and_not_after_the_last(valkey: Server) -> None:
    """When it is entered it has told, when it is left it has taken that back; no key stands in the store."""
    settings = Settings.load(redis_url=valkey.url, salesloft_callback_secret=SecretStr(f"{NEW},{OLD}"))
    async with open_store(settings) as store:
        async with KeyAnnouncer(store, load_sources(settings)):
            assert await told(store) == [prints(NEW, OLD)]
            with valkey.client() as client:
                assert NEW not in str(client.hgetall("sl:receivers"))
        assert await told(store) == []


async def test_tells_of_another_key_within_a_second_or_two(valkey: Server, tmp_path: Path) -> None:
    """A changed key file is told without a delivery having come."""
    path = tmp_path / "keys"
    path.write_text(OLD)
    settings = Settings.load(redis_url=valkey.url, salesloft_callback_secret_file=path)
    async with open_store(settings) as store, KeyAnnouncer(store, load_sources(settings)):
        assert await told(store) == [prints(OLD)]
        path.write_text(f"{NEW},{OLD}")
        with valkey.client() as client:
            await eventually(lambda: fingerprint(NEW.encode()) in str(client.hgetall("sl:receivers")), "it is told")
        assert await told(store) == [prints(NEW, OLD)]


async def test_tells_again_from_time_to_time(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that has lost it, or was away, knows it again."""
    monkeypatch.setattr(key_announcer, "EVERY_SECONDS", 0.2)
    monkeypatch.setattr(key_announcer, "LOOK_SECONDS", 0.05)
    settings = Settings.load(redis_url=valkey.url, salesloft_callback_secret=SecretStr(OLD))
    async with open_store(settings) as store, KeyAnnouncer(store, load_sources(settings)):
        with valkey.client() as client:
            client.flushall()
            await eventually(lambda: client.exists("sl:receivers"), "it is told again")
        assert await told(store) == [prints(OLD)]


async def test_a_store_that_is_away_stops_nobody(own_server: Server) -> None:
    """Without it the receiver starts, runs and ends as ever."""
    settings = Settings.load(
        redis_url=own_server.url, salesloft_callback_secret=SecretStr(OLD), store_timeout_seconds=0.2
    )
    async with asyncio.timeout(10), open_store(settings) as store, KeyAnnouncer(store, load_sources(settings)):
        await asyncio.sleep(0)
