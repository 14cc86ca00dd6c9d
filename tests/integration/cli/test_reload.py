"""`worker --reload`: what one writes is what runs, and nothing that runs is torn."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server, free_port
from tests.support.waiting import eventually, wait_until

HANDLERS = """
import asyncio
from pathlib import Path
from salesloft_webhooks import Router

router = Router()

@router.on("*")
async def handle(event):
    with open("began", "a") as file:
        print(event.event_id, "VERSION", file=file)
    while event.event_id.startswith("slow") and not Path("go").exists():
        await asyncio.sleep(0.02)
    with open("seen", "a") as file:
        print(event.event_id, "VERSION", event.attempt, file=file)
"""


class Desk:
    """A folder in which somebody develops, with a worker that reloads."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder, self._server = folder, server
        self.environment = os.environ | {
            "REDIS_URL": server.url,
            "OPS_PORT": str(free_port()),
            "HOST": "127.0.0.1",
            "LOG_LEVEL": "error",
        }

    def write(self, version: str) -> None:
        """Save handlers that say which version they are."""
        (self.folder / "acme.py").write_text(HANDLERS.replace("VERSION", version))

    def lines(self, file: str) -> list[str]:
        """What the handlers have written down."""
        path = self.folder / file
        return path.read_text().splitlines() if path.exists() else []

    async def publish(self, *event_ids: str) -> None:
        """Store events."""
        settings = Settings.load(redis_url=self._server.url)
        async with open_store(settings) as store, Publisher(store, settings, SilentObserver()) as publisher:
            for each in event_ids:
                event = NewEvent(each, "person.created", f"person:{each}", "2026-03-07T04:26:14Z", b'{"id":1}')
                await publisher.publish(NewDelivery("default", (event,)))

    @contextmanager
    def worker(self) -> Iterator["subprocess.Popen[bytes]"]:
        """The command, which handles one event at a time; ended as Ctrl-C ends it."""
        command = [sys.executable, "-m", "salesloft_webhooks", "worker", "-g", "acme", "--handlers", "acme:router"]
        with (
            (self.folder / "told").open("wb") as told,
            subprocess.Popen(
                [*command, "--concurrency=1", "--reload"], cwd=self.folder, env=self.environment, stderr=told
            ) as process,
        ):
            try:
                yield process
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(timeout=30)


def worker_of(process: "subprocess.Popen[bytes]") -> int:
    """The process id of the worker that the command keeps running."""
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(child)


@pytest.fixture
def desk(tmp_path: Path, valkey: Server) -> Desk:
    """Handlers of version 1."""
    desk = Desk(tmp_path, valkey)
    desk.write("1")
    return desk


async def test_a_change_takes_effect_and_what_is_in_hand_is_finished(desk: Desk) -> None:
    """A handler that runs at the change ends in its own version, once; what comes after it runs in the new one."""
    with desk.worker() as process:
        await desk.publish("slow1")
        await eventually(lambda: desk.lines("began") == ["slow1 1"], "the first handler runs", 60)

        desk.write("2")
        await eventually(lambda: desk.lines("told") != [], "the change is noticed", 60)
        await desk.publish("e2")
        (desk.folder / "go").touch()

        await eventually(lambda: len(desk.lines("seen")) == 2, "both are handled", 60)
    assert desk.lines("seen") == ["slow1 1 1", "e2 2 1"]
    assert process.returncode == 0
    assert desk.lines("told") == ["changed: acme.py; the worker finishes what it has in hand and is started anew"]


async def test_a_mistake_is_told_and_the_next_change_mends_it(desk: Desk) -> None:
    """The author's line, not our stack; and nobody has to start anything again."""
    desk.write('1"\n)')
    with desk.worker():
        await eventually(lambda: len(desk.lines("told")) == 3, "the mistake is told", 60)
        told = desk.lines("told")
        desk.write("3")
        await desk.publish("e1")

        await eventually(lambda: desk.lines("seen") == ["e1 3 1"], "the mended version handles it", 60)
    assert told[0].startswith("error: WORKER_HANDLERS: number 1: cannot be imported: SyntaxError: ")
    assert told[1].startswith("  acme.py:")
    assert told[2].startswith("the worker has ended (exit code 2)")


async def test_a_worker_that_is_killed_is_started_again_at_the_next_change(desk: Desk) -> None:
    """As for want of memory: that is said, and its event is handled by the new version, as another attempt."""
    desk.environment |= {"LEASE_SECONDS": "2"}
    with desk.worker() as process:
        await desk.publish("slow1")
        await eventually(lambda: desk.lines("began") == ["slow1 1"], "the handler runs", 60)

        os.kill(worker_of(process), signal.SIGKILL)
        await eventually(lambda: desk.lines("told") != [], "its end is noticed", 60)
        desk.write("2")
        (desk.folder / "go").touch()

        await eventually(lambda: desk.lines("seen") != [], "it is handled", 60)
    assert desk.lines("seen") == ["slow1 2 2"]
    assert desk.lines("told")[0] == "the worker has ended (exit code -9); it is started again at the next change"


def test_the_worker_ends_with_it(desk: Desk) -> None:
    """Killed the hard way, it leaves no worker behind."""
    with desk.worker() as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        wait_until(lambda: children.read_text().strip() != "", description="the worker is there")
        child = worker_of(process)
        wait_until(
            lambda: (
                b"salesloft_webhooks" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                and b"-I" not in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            ),
            description="it is tied to its parent",
        )

        process.kill()

        wait_until(lambda: not Path(f"/proc/{child}").exists(), seconds=60, description="the worker has ended")


def test_it_is_refused_in_production(desk: Desk) -> None:
    """A pod with it does not start, and says why."""
    desk.environment |= {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    with desk.worker() as process:
        code = process.wait(timeout=30)

    assert code == ExitCode.USAGE
    assert desk.lines("told") == ["error: --reload is for development: not in the image, nor in Kubernetes"]
