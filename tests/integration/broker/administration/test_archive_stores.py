"""An archive into stores that seal and compress bodies, that are raised meanwhile, and that fail."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from pydantic import SecretStr

from salesloft_webhooks.broker import Stored, decide_partitions, open_store
from salesloft_webhooks.broker.administration import archive_execution
from salesloft_webhooks.broker.administration.archive_execution import carry_out, forecast_archive
from salesloft_webhooks.broker.administration.archive_pace import ArchivePace
from salesloft_webhooks.broker.administration.archive_replay import BATCH, FromArchive
from salesloft_webhooks.broker.administration.archive_runs import ArchiveRun, places_of_run
from salesloft_webhooks.broker.administration.archived_events import ArchivedEvent
from salesloft_webhooks.broker.body_encryption import key_line
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.store_settings import BodyCompression
from tests.integration.broker.administration.archive_steps import begun, delivered, given
from tests.support.archived_events import Listed, archived
from tests.support.broker_driver import Driven
from tests.support.interrupted_scripts import BetweenScripts
from tests.support.servers import Server
from tests.support.stored_bytes import keys_with

SAID = b'{"id":1,"note":"Ada Lovelace, whom nobody else must read"}'


async def opened(server: Server, **settings: object) -> AsyncIterator[Driven]:
    """A pipeline by these settings."""
    loaded = Settings.load(redis_url=SecretStr(server.url), **settings)
    async with open_store(loaded) as store:
        yield Driven(store, loaded, server)


async def arranged(driven: Driven, *events: ArchivedEvent) -> tuple[ArchiveRun, Listed]:
    """A run that has given nothing yet, and its archive."""
    archive = Listed(*events)
    return await begun(driven, archive), archive


async def test_what_is_sealed_elsewhere_is_sealed_here(valkey: Server, tmp_path: Path) -> None:
    """With BODY_KEY_FILE nothing of an archive is stored that can be read without it; a worker reads it."""
    keys = tmp_path / "body-keys"
    keys.write_text(key_line())
    event = replace(archived(1), data=SAID)
    async for driven in opened(valkey, body_key_file=keys, body_compression=BodyCompression.ZSTD):
        group = await driven.group()

        await given(driven, *await arranged(driven, event))

        assert keys_with(valkey.port, b"Lovelace") == []
        assert [lease.event.raw_data for lease in await driven.take(group)] == [SAID]


async def test_sealed_copies_and_deliveries_are_read_side_by_side(valkey: Server, tmp_path: Path) -> None:
    """Who got a sealed event from an archive, and who gets it by its delivery, each read what was meant for them."""
    keys = tmp_path / "body-keys"
    keys.write_text(key_line())
    async for driven in opened(valkey, body_key_file=keys):
        crm, notify = await driven.group(), await driven.group("notify")
        await given(driven, *await arranged(driven, replace(archived(1), data=SAID)))

        assert await delivered(driven, "a001") is Stored.NEW

        assert keys_with(valkey.port, b"Lovelace") == keys_with(valkey.port, b'"id":1') == []
        assert [lease.event.raw_data for lease in await driven.take(crm)] == [SAID]
        assert [lease.event.raw_data for lease in await driven.take(notify)] == [b'{"id":1}']


async def test_a_body_is_compressed_as_others_are(valkey: Server) -> None:
    """With BODY_COMPRESSION it takes less, and is read as it was."""
    body = b'{"id":1,"note":"%s"}' % (b"again and " * 200)
    event = replace(archived(1), data=body)
    async for driven in opened(valkey, body_compression=BodyCompression.ZSTD):
        group = await driven.group()

        await given(driven, *await arranged(driven, event))

        assert keys_with(valkey.port, b"again and again") == []
        assert [lease.event.raw_data for lease in await driven.take(group)] == [body]


async def test_a_raise_in_the_middle_doubles_nothing(server: Server) -> None:
    """Whoever carries the run out learns of the new number and goes on by it; what was given is known where it lies."""
    events = [archived(number, person=number) for number in range(3 * BATCH)]
    async for before in opened(server):
        await decide_partitions(before.store, 1)
        group = await before.group()
        run, archive = await arranged(before, *events)
        first = await given(before, run, archive, stop_after=BATCH)
        handled = await before.handle(group, 500)
        async for raising in opened(server, partitions=2):
            await decide_partitions(raising.store, 2)

        second = await given(before, run, archive)
        handled += await before.handle(await before.group(consumer="two"), 500)

        assert before.store.partitions == 2
        assert (len(first), len(second)) == (BATCH, 2 * BATCH)
        assert sorted(handled) == [event.event_id for event in events]
        assert (await places_of_run(before.store, run))[1] == {"replayed": 3 * BATCH}


async def forecast(driven: Driven, archive: Listed) -> dict[str, FromArchive]:
    """What a dry run says of each event."""
    results = forecast_archive(driven.store, driven.settings, "crm", archive, lambda: False)
    return {event.event_id: outcome async for event, outcome in results}


async def test_a_raise_of_which_a_dry_run_does_not_know_is_followed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run that began with the earlier number of partitions goes on by the new one."""
    monkeypatch.setattr(archive_execution, "FAILURE_SECONDS", 0.05)
    archive = Listed(*(archived(number, person=number) for number in range(5)))
    async for before in opened(server):
        await decide_partitions(before.store, 1)
        await before.group()
        async for raising in opened(server, partitions=2):
            await decide_partitions(raising.store, 2)

        assert set((await forecast(before, archive)).values()) == {FromArchive.REPLAYED}
        assert before.store.partitions == 2


async def test_a_raise_that_nobody_finishes_is_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without haste, with one line, and not for ever: dry or not, the error says what has to be finished."""
    monkeypatch.setattr(archive_execution, "FAILURE_SECONDS", 0.05)
    monkeypatch.setattr(archive_execution, "PATIENCE_SECONDS", 0.4)
    said: list[str] = []
    async for driven in opened(server):
        await driven.group()
        run, archive = await arranged(driven, archived(1))
        await driven.store.client.hset(f"{driven.store.keys.prefix}:{{0}}:layout", "partitions", "7")
        pace = ArchivePace(driven.store, driven.settings, 100_000.0, said.append)
        counting = BetweenScripts(monkeypatch, -1, lambda: None, only="replay_archived")
        results = carry_out(driven.store, driven.settings, "crm", run, archive, pace=pace, stopped=lambda: False)

        with pytest.raises(StoreUnavailable, match="partitions is being raised"):
            await forecast(driven, archive)
        with pytest.raises(StoreUnavailable, match="partitions is being raised"):
            await anext(results)

        assert len(said) == 1
        assert 4 <= counting.ran <= 20


async def test_a_store_that_fails_for_a_moment_is_waited_for(
    own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart in the middle of a run ends nothing: it goes on, and every event is given once."""
    monkeypatch.setattr(archive_execution, "FAILURE_SECONDS", 0.1)
    events = [archived(number, person=number) for number in range(2 * BATCH)]
    own_server.start()
    async for driven in opened(own_server, partitions=2):
        group = await driven.group()
        run, archive = await arranged(driven, *events)
        found: list[str] = []
        said: list[str] = []
        pace = ArchivePace(driven.store, driven.settings, 100_000.0, said.append)
        results = carry_out(driven.store, driven.settings, "crm", run, archive, pace=pace, stopped=lambda: False)
        async for event, _ in results:
            found.append(event.event_id)
            if len(found) == BATCH:
                own_server.stop()
                own_server.start()

        assert found == [event.event_id for event in events]
        assert sorted(await driven.handle(group, 500)) == found
        assert all(line.startswith("waits for the store") for line in said)


async def test_a_store_that_stays_away_ends_it(own_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its patience the error says why, and the run can be gone on with."""
    monkeypatch.setattr(archive_execution, "FAILURE_SECONDS", 0.05)
    monkeypatch.setattr(archive_execution, "PATIENCE_SECONDS", 0.2)
    own_server.start()
    async for driven in opened(own_server):
        await driven.group()
        run, archive = await arranged(driven, archived(1))
        own_server.stop()

        with pytest.raises(StoreUnavailable):
            await given(driven, run, archive)

        own_server.start()
        assert await given(driven, run, archive) == {"a001": FromArchive.REPLAYED}
