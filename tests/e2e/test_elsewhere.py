"""A worker that is killed while handlers run in a thread and in a process: both end with it, and both events go on."""

import os
from pathlib import Path

from tests.e2e.effects import await_finished
from tests.support.servers import Server
from tests.support.stored_events import new_event, store_events
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess


def is_gone(process: int) -> bool:
    """Whether the process has ended; init may not have noticed yet."""
    try:
        return "State:\tZ" in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return True


def test_handlers_elsewhere_die_with_their_worker(valkey: Server, tmp_path: Path) -> None:
    """SIGKILL in the middle of both: no process is left behind, and the next worker has both events in attempt 2."""
    diary = tmp_path / "diary"
    diary.touch()
    store_events(valkey, (new_event(name, name, name) for name in ("person.created", "call.created")))
    settings = {
        "WORKER_HANDLERS": "tests.e2e.elsewhere_handlers:router",
        "DIARY": str(diary),
        "LEASE_SECONDS": "1",
    }
    dying = WorkerProcess("mine", valkey.url, settings)
    dying.launch()
    wait_until(lambda: len(diary.read_text().splitlines()) == 2, seconds=60, description="both handlers run")
    began = {line.split()[0]: int(line.split()[2]) for line in diary.read_text().splitlines()}
    dying.kill()
    wait_until(lambda: is_gone(began["call.created"]), seconds=10, description="the handler's process is gone")
    heir = WorkerProcess("mine", valkey.url, settings).start()
    try:
        await_finished(valkey, "mine")
    finally:
        heir.kill()

    assert len(set(began.values()) | {os.getpid()}) == 3
    assert sorted(line.rsplit(" ", 1)[0] for line in diary.read_text().splitlines()) == [
        "call.created 1",
        "call.created 2",
        "person.created 1",
        "person.created 2",
    ]
