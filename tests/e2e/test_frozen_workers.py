"""A worker that is frozen right before a handler begins, for longer than its leases: others have done it by then."""

import signal
from pathlib import Path

import pytest

from tests.e2e.effects import await_finished
from tests.support.servers import Server
from tests.support.stored_events import new_event, store_events
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

EVENTS = {
    "start": ["call.created"],
    "between": ["call.created"],
    "company": ["person.created"],
    "process": ["note.created", "note.updated"],
}
"""By where it freezes."""
BEGUN = {"between": ["call.created first"], "process": ["note.created elsewhere"]}
"""What it has begun by then."""


def is_stopped(process: int) -> bool:
    """Whether the process is frozen."""
    return "State:\tT" in Path(f"/proc/{process}/status").read_text()


@pytest.mark.parametrize("where", EVENTS)
def test_it_begins_nothing_that_others_have_done(valkey: Server, tmp_path: Path, where: str) -> None:
    """Before its first step, between two handlers, in wait for company, in wait for a process: nothing begins."""
    diary = tmp_path / "diary"
    diary.touch()
    store_events(valkey, (new_event(name, name, name) for name in EVENTS[where]))
    settings = {
        "WORKER_HANDLERS": "tests.e2e.freezing_handlers:router",
        "WORKER_PROCESSES": "1",
        "DIARY": str(diary),
        "LEASE_SECONDS": "1",
    }
    frozen = WorkerProcess("mine", valkey.url, {**settings, "WORKER": "frozen", "FREEZE_AT": where})
    other = WorkerProcess("mine", valkey.url, {**settings, "WORKER": "other"})
    frozen.launch()
    try:
        wait_until(lambda: is_stopped(frozen.pid), seconds=60, description="it is frozen")
        other.start()
        await_finished(valkey, "mine")
        done = diary.read_text()
        frozen.signal(signal.SIGCONT)
        frozen.wait_until_ready("who was frozen")
        assert frozen.stop() == 0
    finally:
        frozen.kill()
        other.kill()

    begun = [line.removeprefix("frozen ") for line in done.splitlines() if line.startswith("frozen")]
    assert diary.read_text() == done
    assert begun == BEGUN.get(where, [])
