"""docs/operations.md, "Back up and restore" and "Fail over", rehearsed under load: the store goes, and comes back."""

import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.commands import groups_in_status
from tests.e2e.effects import STREAM, await_finished, diarist, recorded, written
from tests.e2e.load import load_on, task
from tests.e2e.pods import PROMISE, Pipeline
from tests.support.idempotency_records import records_of
from tests.support.receiver_process import ReceiverProcess
from tests.support.servers import Server
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.timeout(180)


@contextmanager
def asleep(workers: Sequence[WorkerProcess]) -> Iterator[None]:
    """Stop them as a busy node does; they go on afterwards as if nothing had been."""
    for worker in workers:
        os.kill(worker.pid, signal.SIGSTOP)
    yield
    for worker in workers:
        os.kill(worker.pid, signal.SIGCONT)


def content(server: Server, directory: Path) -> tuple[set[str], set[str]]:
    """The events in a copy of a volume, and those of them that were finished; looked at in a copy of the copy."""
    shutil.copytree(directory, directory.with_name("looked-at"))
    looked_at = Server(server.program, directory.with_name("looked-at"), server.options).start()
    try:
        with looked_at.client() as redis:
            stored = {fields["id"] for _, fields in redis.xrange(STREAM)}
            known = records_of(redis, stored)
            finished = {event_id for event_id, record in known.items() if record.get("diary") == "done"}
    finally:
        looked_at.stop(kill=True)
    return stored, finished


@pytest.mark.parametrize("crashed", [False, True], ids=["of a running server", "after a crash"])
def test_a_snapshot_restores_all_that_was_answered(own_server: Server, tmp_path: Path, *, crashed: bool) -> None:
    """Every 200 before the snapshot is in it and gets handled, what was finished is not run again, nobody restarts.

    A VolumeSnapshot is the volume as it is at one moment, in the middle of a write or after a crash.
    """
    server, diary, claim = own_server.start(), tmp_path / "diary", tmp_path / "claim"
    receiver, worker = ReceiverProcess(server.url, PROMISE), diarist(server, diary)
    try:
        worker.start()
        with receiver, load_on(receiver, request=task) as load:
            load.await_more(count=60)
            server.stop(kill=True) if crashed else server.freeze()
            shutil.copytree(server.directory, claim)
            answered = set(load.accepted)
            if not crashed:
                server.thaw()
                load.await_more()
            server.stop(kill=True)
            stored, finished = content(server, claim)
            server.directory = claim
            server.start()
            before = len(load.accepted)
            load.await_more()
            load.stop()
            await_finished(server, "diary")
    finally:
        worker.kill()

    handled = written(diary)
    assert answered <= stored
    assert stored | set(load.accepted[before:]) <= set(handled)
    assert finished
    assert finished < stored, "nothing was under way, so that nothing had to be continued"
    assert {event_id for event_id in finished if handled[event_id] > 1} == set()


def test_a_lost_store_is_replaced_by_an_empty_one(pipeline: Pipeline, tmp_path: Path) -> None:
    """A new server at the address is all it takes: the same processes go on, and the group is there again."""
    server = pipeline.server.start()
    pipeline.start(server.url)
    before = pipeline.pids
    with load_on(*pipeline.receivers) as load:
        server.stop(kill=True)
        load.await_more(503, count=3)
        pipeline.await_available(0)
        server.directory = tmp_path / "empty"
        server.directory.mkdir()
        known = len(load.accepted)
        with asleep(pipeline.workers):  # receivers are back first, as happens: nobody has made the group yet
            server.start()
            load.await_more()
        load.await_more()
        pipeline.await_available(1)
    await_finished(server, "activity")

    assert pipeline.pids == before
    assert set(load.accepted[known:]) <= set(recorded(pipeline.database))
    assert groups_in_status(server.url)["activity"]["consumers"] == 2
