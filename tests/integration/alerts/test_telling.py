"""What people are told of, in one process: dead letters, pauses, disabled subscriptions, loss. Nothing else is sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from salesloft_webhooks.alerts import alerts
from salesloft_webhooks.alerts.telling import Telling
from salesloft_webhooks.broker.alert_ledger import written_ledger
from salesloft_webhooks.broker.backfill_jobs import BackfillJob
from salesloft_webhooks.broker.disabled_subscriptions import DisabledSubscriptions
from salesloft_webhooks.settings import Settings
from tests.integration.alerts.conftest import SECRET, Chat
from tests.support.broker_driver import Driven
from tests.support.standins.http import Answer, StandIn
from tests.support.waiting import eventually


@asynccontextmanager
async def telling(driven: Driven, **settings: Any) -> AsyncIterator[None]:
    """While the block runs a process tells people; it has looked once when the block begins."""
    loaded = driven.settings.model_copy(update=settings)
    async with alerts(driven.store, loaded):
        await eventually(lambda: has_looked(driven), "it has looked once")
        yield


async def has_looked(driven: Driven) -> bool:
    """Whether a ledger stands in the store."""
    return bool(await written_ledger(driven.store))


async def die(driven: Driven, error: str, *event_ids: str) -> None:
    """Let events become dead letters of the group crm."""
    group = await driven.group(consumer=event_ids[0])
    await driven.publish(*event_ids)
    await driven.kill(group, error=error)


async def test_a_new_class_of_dead_letters_is_told_once(driven: Driven, chat: Chat) -> None:
    """By group, reason and error type with the console's link; not what died before, and no word of the error."""
    await die(driven, "KeyError: jane@example.com", "before")
    async with telling(driven):
        await die(driven, "HTTPStatusError: 503 for jane@example.com", "e1", "e2")
        await eventually(lambda: len(chat.told) == 1, "the chat is told")
        await die(driven, "HTTPStatusError: 503 for joe@example.com", "e3")
        await die(driven, "ValueError: no", "e4")
        await eventually(lambda: len(chat.told) == 2, "the chat is told of the other class")
        await die(driven, "ValueError: no", "e5")
        await asyncio.sleep(0.5)  # two more looks

    assert chat.told == ["dead letters of crm"] * 2
    assert "crm has given up on 2 events (permanent: HTTPStatusError)" in chat.texts[0]
    assert "https://console.example.com/dead?group=crm&reason=permanent&error=HTTPStatusError~" in chat.texts[0]
    assert "example.com" not in chat.texts[0].replace("console.example.com", "")


async def test_a_breakers_pause_is_told_and_one_by_hand_is_not(driven: Driven, chat: Chat) -> None:
    """Who pauses by hand knows of it."""
    await driven.group("crm")
    await driven.group("activity")
    async with telling(driven):
        await driven.store.run("pause", 0, ["activity", "manual", 0, "on purpose"])
        await driven.store.run("pause", 0, ["crm", "breaker", 60_000, "503 from crm"])
        await eventually(lambda: bool(chat.told), "the chat is told")
        await asyncio.sleep(0.5)

    assert chat.told == ["crm is paused by its breaker"]
    assert chat.texts[0].endswith("https://console.example.com/groups/crm")


async def test_what_the_backfill_finds_is_told(driven: Driven, chat: Chat) -> None:
    """How many changes were missed since, of any job; and which subscriptions are disabled."""
    job = BackfillJob(driven.store, "role", "one")
    await job.hold()
    await job.commit("people", {}, {"missed": 3})
    async with telling(driven):
        await job.commit("people", {}, {"missed": 2, "arrived": 7})
        await DisabledSubscriptions(driven.store).announce("backfill", ["person_updated"])
        await eventually(lambda: len(chat.told) == 2, "the chat is told")

    assert sorted(chat.told) == ["changes of people were missed", "subscription of person_updated disabled"]
    assert any("2 changes of people" in text for text in chat.texts)


async def test_an_address_that_fails_holds_nothing_up_and_is_tried_again(driven: Driven, chat: Chat) -> None:
    """Another address has everything at once, the failing one when it works again: each alert once, in order."""
    async with StandIn(lambda _: Answer(503)).running() as broken:
        other = Chat(broken)
        async with telling(driven, alert_urls=(SecretStr(other.address), SecretStr(chat.address))):
            await die(driven, "ValueError: no", "e1")
            await eventually(lambda: len(other.told) >= 2, "the broken one was tried again")
            await die(driven, "KeyError: no", "e2")
            await eventually(lambda: len(chat.told) == 2, "the other one has both")
            broken.respond = lambda _: Answer(200)
            before = len(other.told)
            await eventually(lambda: len(other.told) == before + 2, "the broken one has both, too")
            await asyncio.sleep(0.5)

    assert len(chat.told) == 2
    assert other.texts[before:] == chat.texts


async def test_an_address_that_never_answers_holds_up_nothing(driven: Driven, chat: Chat) -> None:
    """The looks go on while it is waited for, and the end of the process takes no longer for it."""
    async with StandIn(lambda _: Answer(200, delay_seconds=60)).running() as silent:
        addresses = (SecretStr(Chat(silent).address), SecretStr(chat.address))
        async with telling(driven, alert_urls=addresses):
            await die(driven, "ValueError: no", "e1")
            await eventually(lambda: bool(silent.requests), "the silent one is asked")
            await die(driven, "KeyError: no", "e2")
            await eventually(lambda: len(chat.told) == 2, "the other one has both", seconds=3)


async def test_the_file_may_change_and_a_wrong_one_changes_nothing(
    driven: Driven, chat: Chat, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Addresses are read again; what Apprise does not understand leaves those that worked."""
    path = tmp_path / "urls"
    path.write_text("nonsense://[\n")
    async with telling(driven, alert_urls=(), alert_urls_file=path):
        await die(driven, "ValueError: no", "e1")
        path.write_text(f"{chat.address}\n")
        await eventually(lambda: len(chat.told) == 1, "what had waited is told", seconds=5)
        path.write_text(f"nonsense://{SECRET}[\n")
        await asyncio.sleep(1.1)
        await die(driven, "KeyError: no", "e2")
        await eventually(lambda: len(chat.told) == 2, "the address that worked is told")
    assert SECRET not in caplog.text


async def test_one_of_several_processes_tells(driven: Driven, chat: Chat) -> None:
    """However many look, each alert comes once; when the one ends, another goes on from where it was."""
    async with telling(driven):
        async with telling(driven), telling(driven):
            await die(driven, "ValueError: no", "e1")
            await eventually(lambda: len(chat.told) == 1, "the chat is told")
            await asyncio.sleep(0.5)
        await die(driven, "KeyError: no", "e2")
        await eventually(lambda: len(chat.told) == 2, "the chat is told by whoever is left")
    async with telling(driven):
        await die(driven, "TypeError: no", "e3")
        await eventually(lambda: len(chat.told) == 3, "the chat is told by the next one")

    assert len(chat.told) == 3


async def test_no_secret_gets_into_the_store_and_little_is_kept(driven: Driven, chat: Chat) -> None:
    """Of thousands of letters of hundreds of classes a few kilobytes; addresses are told apart by digests."""
    async with StandIn(lambda _: Answer(503)).running() as broken:
        addresses = (SecretStr(Chat(broken).address), SecretStr(chat.address))
        async with telling(driven, alert_urls=addresses):
            with driven.server.client() as client:
                client.sadd("sl:groups", "crm")
                pipe = client.pipeline()
                for number in range(3_000):
                    pipe.xadd(
                        "sl:{0}:g:crm:dead", {"reason": "exhausted", "error": f"E{number % 700}: no", "died": "1"}
                    )
                pipe.execute()
            await eventually(lambda: len(chat.told) == 5, "the chat is told of the first few")
            await asyncio.sleep(0.5)
            ledger = await written_ledger(driven.store)

    assert SECRET.encode() not in ledger
    assert len(ledger) < 100_000
    assert len(chat.told) == 5


async def test_nobody_to_tell_is_no_work(driven: Driven) -> None:
    """Without an address nothing is written, and no lease is held."""
    async with alerts(driven.store, Settings.load(redis_url=driven.settings.redis_url)):
        await asyncio.sleep(0.1)

    assert driven.keys("*alert*") == []


async def test_a_store_that_is_away_ends_nothing(driven: Driven) -> None:
    """A look that fails is tried again, for ever."""
    told = Telling(driven.store, driven.settings)
    running = asyncio.create_task(told.run())
    await eventually(lambda: has_looked(driven), "it has looked once")
    with driven.server.client() as client:
        client.hset("sl:alerts", "ledger", b"{of a later version")
        client.hdel("sl:alerts", "lease")
        client.set("sl:groups", "no set")
        await asyncio.sleep(0.5)
        assert not running.done()
        client.delete("sl:groups")
    await eventually(lambda: _is_well(driven), "it looks again")

    running.cancel()
    await asyncio.wait([running])


async def _is_well(driven: Driven) -> bool:
    return (await written_ledger(driven.store)).startswith(b'{"cursors":{')
