"""Erasing a person while the server begins to refuse what is asked of it: how far it came is said, and is true."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.broker.administration.entries import latest
from salesloft_webhooks.broker.administration.erasure import Erased, ErasedInPart, Found, erase_person, find_person
from salesloft_webhooks.broker.administration.server_files import FilesRewritten
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.settings import Settings
from tests.integration.broker.administration.two_people import (
    HERS,
    NAMES,
    OTHERS,
    body_of,
    error_of,
    files_with,
    in_every_state,
    keys_with,
)
from tests.support.broker_bench import Bench, open_bench, settle, take
from tests.support.full_disks import Disk, small_disk
from tests.support.interrupted_scripts import BetweenScripts
from tests.support.refusing_servers import REFUSALS
from tests.support.servers import Server
from tests.support.waiting import eventually


@pytest.fixture
def refusing(own_server: Server) -> Server:
    """A server that keeps no file: nothing of it has to be fast."""
    own_server.options = {}
    return own_server.start()


async def erased_until_refused(bench: Bench) -> Found:
    """What an erasure says that it has done, whether it ends or not; when it says that all is gone, it is."""
    try:
        erased = await erase_person(bench.store, Settings.load(), HERS, patience_seconds=0, files=False)
    except ErasedInPart as exc:
        return Found(**exc.counts)
    assert not (erased.is_complete and keys_with(bench, NAMES))
    return erased


@pytest.mark.parametrize("at", [1, 4, 9])
@pytest.mark.parametrize("name", REFUSALS)
async def test_refused_between_two_steps(name: str, at: int, refusing: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the server begins to refuse, and when: what is said to be erased is, and repeating erases the rest."""
    refusal = REFUSALS[name]
    async with open_bench(refusing) as bench:
        for group, lease in await in_every_state(bench):
            await settle(group, lease, Outcome.RETRY, error=error_of(lease))
        before = await find_person(bench.store, HERS)
        others = [entry async for entry in latest(bench.store) if entry.entity_key == f"person:{OTHERS}"]
        scripts = BetweenScripts(monkeypatch, at, lambda: refusal.begin(refusing, bench.redis))

        first = await erased_until_refused(bench)
        assert scripts.ran > at
        refusal.end(refusing, bench.redis)
        left = await find_person(bench.store, HERS)
        second = await erase_person(bench.store, Settings.load(), HERS, files=False)

        assert second.is_complete
        assert keys_with(bench, NAMES) == []
        assert [entry async for entry in latest(bench.store) if entry.entity_key == f"person:{OTHERS}"] == others
        assert second.counts == left.counts
        known = Counter(first.counts) + Counter(left.counts)
        # What is refused within a script has done a part of it, which nobody has counted.
        assert known <= Counter(before.counts) if name == "no right to hash" else known == Counter(before.counts)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk of 16 MB."""
    with small_disk(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def on_small_disk(own_server: Server, disk: Disk) -> Iterator[Server]:
    """A server on it, which lives on when it is full."""
    own_server.directory = disk.folder
    own_server.options = {"appendonly": "yes", "appendfsync": "everysec"}
    yield own_server.start()
    own_server.stop(kill=True)


async def test_a_full_disk(on_small_disk: Server, disk: Disk) -> None:
    """The disk fills up while she is erased: that is said; with room again the rest goes, from the files as well."""
    async with open_bench(on_small_disk) as bench:
        await bench.group()
        for number in range(3_000):
            await bench.publish(f"e/{number}", key=f"person:{7001 + number % 2}", body=body_of(str(7001 + number % 2)))
        disk.fill(leave_bytes=8_192)

        first = await erased_until_refused(bench)
        (disk.folder / "filler").unlink()
        await eventually(lambda: bench.redis.info("persistence")["aof_last_write_status"] == "ok", "it writes again")
        second = await erase_person(bench.store, Settings.load(), HERS)

        assert isinstance(second, Erased)
        assert second.files == (FilesRewritten.DONE,)
        assert second.is_complete
        assert 0 < first.entries < 1_500
        assert first.entries + second.entries == 1_500
        assert keys_with(bench, NAMES) == []
    assert files_with(on_small_disk, NAMES) == []


@pytest.mark.parametrize("at", range(8))
async def test_a_letter_whose_event_has_left_the_history(
    at: int, valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever dies at any step leaves the letter until the record has nothing more of her: repeating finds both."""
    async with open_bench(valkey) as bench:
        group = await bench.group()
        await bench.publish("e/1", key=f"person:{HERS}", body=body_of(HERS))
        (lease,) = await take(group)
        await settle(group, lease, Outcome.RETRY, error=error_of(lease))
        (lease,) = await take(group)
        await settle(group, lease, Outcome.DEAD, error=error_of(lease))
        bench.redis.xtrim("sl:{0}:events", maxlen=0)
        with monkeypatch.context() as dying:
            BetweenScripts(dying, at, fail)
            with pytest.raises(ErasedInPart):
                await erase_person(bench.store, Settings.load(), HERS, files=False)

        await erase_person(bench.store, Settings.load(), HERS, files=False)

        assert keys_with(bench, NAMES) == []


def fail() -> None:
    """As the store does when it cannot be had."""
    raise StoreUnavailable("it is away")
