"""SIGTERM at any moment of a role's first second: it ends with 0, and nothing is lost or done twice."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server, free_port
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

HANDLERS = """
import asyncio, os
from salesloft_webhooks import Event, Router
router = Router()

@router.on("*")
async def note(event: Event) -> None:
    await asyncio.sleep(0.05)
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(event.event_id + "\\n")
"""


def listens(process: "subprocess.Popen[bytes]") -> bool:
    """Whether a process has a handler of its own for SIGTERM: the kernel knows."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def begin(role: str, server: Server, **settings: str) -> "subprocess.Popen[bytes]":
    """Start a role and return as soon as it listens for SIGTERM, long before it works."""
    environment = os.environ | {
        "HOST": "127.0.0.1",
        "PORT": str(free_port()),
        "OPS_PORT": str(free_port()),
        "REDIS_URL": server.url,
        "SALESLOFT_WEBHOOK_SECRET": "secret-for-tests",
        "SHUTDOWN_DELAY_SECONDS": "0.1",
        "LOG_LEVEL": "error",
        **settings,
    }
    process = subprocess.Popen([sys.executable, "-m", "salesloft_webhooks", role], env=environment)
    while not listens(process):
        assert process.poll() is None
    assert "pydantic" not in Path(f"/proc/{process.pid}/maps").read_text(), "it listens only after it has loaded much"
    return process


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0])
def test_a_receiver_ended_in_its_first_second_ends_cleanly(valkey: Server, delay: float) -> None:
    """Whatever it was loading or opening at that moment: exit code 0."""
    process = begin("receiver", valkey)
    time.sleep(delay)
    process.terminate()

    assert process.wait(20) == 0


async def test_workers_ended_in_their_first_second_lose_nothing(valkey: Server, tmp_path: Path) -> None:
    """Twelve workers, each ended a little later in its first second: all exit with 0, and each event runs once."""
    (tmp_path / "noting.py").write_text(HANDLERS)
    notes = tmp_path / "notes"
    notes.touch()
    settings = {"WORKER_HANDLERS": "noting:router", "PYTHONPATH": str(tmp_path), "NOTES": str(notes)}
    await _publish(valkey, 200)

    codes = []
    for number in range(12):
        process = begin("worker", valkey, WORKER_GROUP="mine", WORKER_CONCURRENCY="5", **settings)
        time.sleep(number * 0.09)  # noqa: ASYNC251 - nothing else runs here
        process.terminate()
        codes.append(process.wait(20))
    last = WorkerProcess("mine", valkey.url, settings).start()
    wait_until(lambda: len(notes.read_text().split()) >= 200, seconds=30, description="all events are handled")
    codes.append(last.stop())

    assert set(codes) == {0}
    assert Counter(notes.read_text().split()) == {f"e{number}": 1 for number in range(200)}


def test_other_commands_keep_the_default_effect() -> None:
    """Only what supervisors end is changed: a command is ended by the signal, as its caller expects."""
    code = "import sys; sys.argv[1:] = ['events', 'tail']; import salesloft_webhooks.cli, signal;"
    check = "sys.exit(signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL)"

    assert subprocess.run([sys.executable, "-c", code + check], check=False).returncode == 0


async def _publish(server: Server, count: int) -> None:
    settings = Settings.load(redis_url=server.url)
    async with open_store(settings) as store, Publisher(store, settings, SilentObserver()) as publisher:
        for number in range(count):
            event = NewEvent(f"e{number}", "person.created", f"person:{number}", "2026-03-07T04:26:14Z", b"{}")
            await publisher.publish(NewDelivery("default", (event,)))
