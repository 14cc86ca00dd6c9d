"""RecipientDirectory are told once, on their own channels, in their time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesloft_webhooks import Event, Retry
from salesloft_webhooks.broker.connection.store import open_store
from salesloft_webhooks.broker.once import OncePermits
from salesloft_webhooks.handlers.builtin.notify import CONCURRENT_SENDS
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.settings import Settings
from tests.support import samples
from tests.support.servers import Server
from tests.support.standins.http import Answer, StandIn


@pytest.fixture
async def service() -> AsyncIterator[StandIn]:
    """A notification service that takes everything."""
    async with StandIn().running() as standin:
        yield standin


class Notify:
    """The group, run attempt by attempt against the stand-in."""

    def __init__(self, service: StandIn, settings: Settings) -> None:
        self.service = service
        self.settings = settings

    def configure(self, file: Path, section: dict[str, Any]) -> "Notify":
        """The same with a handlers file."""
        file.write_text(yaml.safe_dump({"notify": section}))
        return Notify(self.service, Settings.load(**{**self.settings.model_dump(), "handlers_file": file}))

    def url(self, path: str) -> str:
        """An Apprise address of the stand-in."""
        return f"{self.service.url.replace('http', 'json')}/{path}"

    async def attempt(self, *events: Event) -> None:
        """One attempt per event, by a worker that lives for these only."""
        async with load_group("notify", (), self.settings).open(self.settings) as running:
            for event in events:
                await running.handle(event)

    async def attempts_at_once(self, *events: Event) -> None:
        """One attempt per event, all at the same time, by one worker."""
        async with load_group("notify", (), self.settings).open(self.settings) as running:
            await asyncio.gather(*(running.handle(event) for event in events), return_exceptions=True)

    @property
    def told(self) -> list[tuple[str, str]]:
        """Path and text of every message the service got."""
        return [(request.path, request.json["message"]) for request in self.service.requests]


@pytest.fixture
def notify(service: StandIn, valkey: Server) -> Notify:
    """The group with one channel for everybody."""
    settings = Settings.load(redis_url=valkey.url, notify_urls=f"{service.url.replace('http', 'json')}/everybody")
    return Notify(service, settings)


def reply(**fields: Any) -> Event:
    """A reply to a mail of the sample's rep."""
    return samples.email("email.replied", group="notify", **fields)


async def test_without_a_file_everybody_is_told_on_the_channels_of_the_setting(notify: Notify) -> None:
    """`NOTIFY_URLS` is all it takes."""
    await notify.attempt(reply())

    assert notify.told == [("/everybody", f"Person {samples.PERSON_ID} replied: Hello")]


async def test_without_channels_nothing_is_sent(notify: Notify) -> None:
    """The event is done, and a log line says that nobody was told."""
    alone = Notify(notify.service, Settings.load(redis_url=notify.settings.redis_url.get_secret_value()))

    await alone.attempt(reply())

    assert notify.told == []


async def test_the_rep_is_told_on_their_own_channels(notify: Notify, tmp_path: Path) -> None:
    """Events of a mapped user go to their addresses, all others to the default."""
    configured = notify.configure(
        tmp_path / "handlers.yaml",
        {
            "messages": {"email.replied": {"body": "{email_address}"}, "call.*": {"body": "called"}},
            "reps": {samples.USER_ID: {"urls": [notify.url("first"), notify.url("second")]}},
        },
    )

    await configured.attempt(
        reply(), reply(data={"user": {"id": 1}}), samples.event("call.completed", {"user": {"id": samples.USER_ID}})
    )

    address = "robin.sample@example.com"
    assert configured.told == [
        ("/first", address),
        ("/second", address),
        ("/everybody", address),
        ("/first", "called"),
        ("/second", "called"),
    ]


async def test_an_attempt_repeated_after_sending_sends_nothing(notify: Notify) -> None:
    """The claim of an event is confirmed, so a replayed or retried one is done at once."""
    event = reply()

    await notify.attempt(event, event)

    assert len(notify.told) == 1
    async with open_store(notify.settings) as store:
        states = [await store.client.hget(key, "state") async for key in store.client.scan_iter("*:claim:*")]
    assert states == [b"done"], "confirmed: nobody need wonder whether it went out"


async def test_after_a_crash_between_claim_and_confirmation_nothing_is_sent(notify: Notify) -> None:
    """Nobody knows whether that message went out; twice would be worse than never."""
    event = reply()
    await notify.attempt(event)
    async with open_store(notify.settings) as store:
        (key,) = [key async for key in store.client.scan_iter("*:claim:*")]
        await store.client.hset(key, "state", "claimed")

    await notify.attempt(event)

    assert len(notify.told) == 1


async def test_no_more_messages_are_in_doubt_than_are_under_way(notify: Notify, tmp_path: Path) -> None:
    """Of twenty messages at once, a crash would cost at most the few that are being sent."""
    notify.service.respond = lambda _request: Answer(200, delay_seconds=0.3)
    notify = notify.configure(tmp_path / "handlers.yaml", {"messages_per_minute": 100})
    sending = asyncio.gather(notify.attempts_at_once(*(reply() for _ in range(20))))
    in_doubt = []
    async with open_store(notify.settings) as store:
        while not sending.done():
            at_once = store.client.pipeline(transaction=True)  # one by one, a message sent meanwhile would count twice
            async for key in store.client.scan_iter("*:claim:*"):
                at_once.hget(key, "state")
            in_doubt.append((await at_once.execute()).count(b"claimed"))
            await asyncio.sleep(0.05)
    await sending

    assert 1 <= max(in_doubt) <= CONCURRENT_SENDS


async def test_a_message_the_service_refused_is_sent_again(notify: Notify) -> None:
    """The refusal releases the claim, and the retry succeeds."""
    event = reply()
    notify.service.answers.append(Answer(500))

    with pytest.raises(Retry):
        await notify.attempt(event)
    await notify.attempt(event)

    assert len(notify.told) == 2, "one refused, one taken"


async def test_only_the_channel_that_failed_is_repeated(notify: Notify, tmp_path: Path) -> None:
    """Of two channels the one that took the message is not told again."""
    configured = notify.configure(
        tmp_path / "handlers.yaml", {"default_urls": [notify.url("first"), notify.url("second")]}
    )
    event = reply()
    notify.service.answers.append(Answer(500))

    with pytest.raises(Retry):
        await configured.attempt(event)
    await configured.attempt(event)

    assert [path for path, _ in configured.told] == ["/first", "/second", "/first"]


async def test_over_the_cap_messages_wait_for_a_later_minute(notify: Notify, tmp_path: Path) -> None:
    """With one a minute, the second message is retried when its minute has come."""
    configured = notify.configure(tmp_path / "handlers.yaml", {"messages_per_minute": 1})

    with pytest.raises(Retry) as caught:
        await configured.attempt(reply(), reply(), reply())

    assert caught.value.after_seconds is not None
    assert 0 < caught.value.after_seconds <= 120
    assert len(configured.told) <= 2, "two only if a minute of the clock ended meanwhile"


async def test_in_quiet_hours_nothing_is_sent_or_claimed(notify: Notify, tmp_path: Path) -> None:
    """The event is retried when they are over."""
    now = datetime.now(UTC)
    hours = {"start": f"{now - timedelta(hours=1):%H:%M}", "end": f"{now + timedelta(hours=1):%H:%M}"}
    configured = notify.configure(tmp_path / "handlers.yaml", {"quiet_hours": hours})

    with pytest.raises(Retry) as caught:
        await configured.attempt(reply())

    assert caught.value.after_seconds == pytest.approx(3600, abs=61)
    assert configured.told == []
    async with open_store(notify.settings) as store:
        assert await store.client.dbsize() == 0


async def test_claims_of_other_groups_are_their_own(notify: Notify) -> None:
    """A second group that tells somebody else about the same event is not silenced by the first."""
    event = reply()
    async with open_store(notify.settings) as store:
        await OncePermits(store, "other", per_minute=9).ask(f"{event.event_id}/x", "default/x")

    await notify.attempt(event)

    assert len(notify.told) == 1
