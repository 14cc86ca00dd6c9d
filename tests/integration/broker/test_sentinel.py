"""Three real Sentinels with a password: where the primary is, also while some of them and the primary hang."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr

from salesloft_webhooks.broker import Publisher, Stored, StoreWatch, open_store
from salesloft_webhooks.broker.connection.store import translated
from salesloft_webhooks.errors import StoreError, StoreUnavailable
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.integration.broker.cutter import cutter
from tests.support.publish_observers import Recorder
from tests.support.sentinels import DOWN_AFTER_MS, PASSWORD, SERVICE, Watched, watched
from tests.support.waiting import eventually

RECOVERED_SECONDS = 6.0 + 2.0
"""What the fail-over takes, and some patience with a busy machine."""


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Watched]:
    """A primary, a replica and three Sentinels of the test's own."""
    with watched(tmp_path) as found:
        yield found


def delivery(number: int) -> NewDelivery:
    """A delivery of one event."""
    return NewDelivery("default", (NewEvent(f"e{number}", "person.created", "person:1", "2026", b"{}"),))


@pytest.mark.parametrize("busy", [True, False], ids=["busy", "idle"])
async def test_a_hanging_primary_and_sentinel(behind: Watched, *, busy: bool) -> None:
    """The first Sentinel hangs together with the primary: after six seconds everything is stored and watched again."""
    settings = Settings.load(redis_url=behind.url, redis_sentinel_password=PASSWORD)
    async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
        assert await publisher.publish(delivery(0)) is Stored.NEW
        async with StoreWatch(store, settings, Recorder()) as watch:
            behind.sentinels[0].signal(signal.SIGSTOP)
            behind.primary.freeze()
            began = time.monotonic()
            if not busy:
                await asyncio.sleep(DOWN_AFTER_MS / 1_000 + 1.5)
            assert await eventually_stored(publisher) in Stored
            stored = time.monotonic() - began
            await eventually(lambda: watch.problem is None, "the watch sees the new primary", RECOVERED_SECONDS)
            watched_again = time.monotonic() - began

    assert stored < RECOVERED_SECONDS
    assert watched_again < RECOVERED_SECONDS
    with behind.replica.client() as client:
        assert {entry["id"] for _, entry in client.xrange("sl:{0}:events")} >= {"e1"}


async def eventually_stored(publisher: Publisher) -> Stored:
    """Repeat one delivery until it is stored, as its sender would, only faster."""
    while True:
        try:
            return await publisher.publish(delivery(1))
        except StoreError:
            await asyncio.sleep(0.05)


async def test_a_sentinel_that_knows_an_old_primary(behind: Watched) -> None:
    """A Sentinel that slept through a fail-over names the old primary; the newer knowledge of the others counts."""
    settings = Settings.load(redis_url=behind.url, redis_sentinel_password=PASSWORD)
    behind.sentinels[0].signal(signal.SIGSTOP)
    behind.primary.stop(kill=True)
    async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
        assert await eventually_stored(publisher) is Stored.NEW
    behind.sentinels[0].signal(signal.SIGCONT)

    async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
        assert await eventually_stored(publisher) is Stored.DUPLICATE


async def test_a_wrong_password_is_said_without_an_address(behind: Watched) -> None:
    """Sentinels that refuse the login are the reason given: in their words, without a host, a port or a client."""
    settings = Settings.load(redis_url=behind.url, redis_sentinel_password="wrong-and-secret")
    async with open_store(settings) as store:
        with pytest.raises(StoreUnavailable) as caught, translated():
            await store.client.ping()

    message = str(caught.value)
    assert "WRONGPASS" in message
    assert not any(part in message for part in ("127.0.0.1", str(behind.sentinels[0].port), "redis.", "<", "secret"))


async def test_sentinels_that_answer_slowly_are_waited_for(behind: Watched) -> None:
    """Each answer takes most of a second, and an answer needs several: the primary is found all the same."""
    settings = Settings.load(redis_url=behind.url, redis_sentinel_password=PASSWORD)
    async with AsyncExitStack() as stack:
        slowed = [await stack.enter_async_context(cutter(each, delay_seconds=0.6)) for each in behind.sentinels]
        hosts = [f"127.0.0.1:{each.port}" for each in slowed]
        slow = settings.model_copy(update={"redis_url": SecretStr(f"redis+sentinel://{','.join(hosts)}/{SERVICE}/0")})
        async with open_store(slow) as store:
            with translated():
                assert await store.client.ping()


async def test_the_password_may_stand_in_a_file(behind: Watched, tmp_path: Path) -> None:
    """REDIS_SENTINEL_PASSWORD_FILE logs in, and a rotation in the file needs no restart."""
    file = tmp_path / "password"
    file.write_text("not-yet\n")
    settings = Settings.load(redis_url=behind.url, redis_sentinel_password_file=file)
    async with open_store(settings) as store:
        with pytest.raises(StoreUnavailable), translated():
            await store.client.ping()
        file.write_text(f"{PASSWORD}\n")
        with translated():
            assert await store.client.ping()


async def test_no_sentinel_knows_the_service(behind: Watched) -> None:
    """A misspelt service is told as what it is."""
    settings = Settings.load(redis_url=behind.url.replace("/main/", "/mian/"), redis_sentinel_password=PASSWORD)
    async with open_store(settings) as store:
        with pytest.raises(StoreUnavailable, match=r"3 x no such service"), translated():
            await store.client.ping()
