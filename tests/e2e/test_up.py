"""`up` on this machine: real processes, real signals, real data."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from tests.support.waiting import wait_until

PROGRAM = (sys.executable, "-m", "salesloft_webhooks")
READY_SECONDS = 45.0
pytestmark = pytest.mark.timeout(180)


@dataclass
class Machine:
    """An `up --demo` in a folder of its own, on free ports."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    outputs: list[Path] = field(default_factory=list)

    def start(self, *options: str) -> "Machine":
        """Start it and wait for its first screen."""
        self.outputs.append(self.folder / f"output-{len(self.outputs)}.txt")
        with self.outputs[-1].open("wb") as output:
            self.process = subprocess.Popen(
                [*PROGRAM, "up", "--demo", "--port", "0", "--ops-port", "0", *options],
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._is_settled, seconds=READY_SECONDS, description="up is ready, or has given up")
        return self

    def _is_settled(self) -> bool:
        assert self.process is not None
        return "is ready after" in self.output or self.process.poll() is not None

    @property
    def output(self) -> str:
        """What it has printed."""
        return self.outputs[-1].read_text()

    def children(self) -> dict[str, psutil.Process]:
        """Its processes, by what they are."""
        assert self.process is not None
        found = {}
        for child in psutil.Process(self.process.pid).children():
            try:
                words = " ".join(child.cmdline())
            except psutil.NoSuchProcess:  # killed a moment ago, a zombie until it is waited for
                continue
            name = re.search(r"salesloft_webhooks (\w+)|(valkey)", words)
            if name:
                found[name[1] or name[2]] = child
        return found

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command in another terminal: same folder, no settings."""
        return subprocess.run([*PROGRAM, *arguments], cwd=self.folder, capture_output=True, text=True, check=False)

    def stored(self) -> int:
        """Entries in the stream, as `status` tells them; 0 while it finds no store yet."""
        told = self.command("status", "--json").stdout
        status = json.loads(told) if told else {"partitions": []}
        return int(sum(row["entries"] for row in status["partitions"]))

    def fates(self, event_id: str) -> dict[str, str]:
        """What became of an event, by group."""
        shown = json.loads(self.command("events", "show", event_id, "--json").stdout)
        return {row["group"]: row["fate"] for row in shown["groups"]}

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it; returns its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


def running(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that have not ended. One that has may stay a zombie for as long as it likes init, its new parent."""
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine that is switched off afterwards, whatever happened."""
    machine = Machine(tmp_path)
    yield machine
    if machine.process is not None and machine.process.poll() is None:
        machine.process.kill()
        machine.process.wait()


def test_a_demo_runs_stops_and_goes_on_where_it_was(machine: Machine) -> None:
    """It becomes ready, numbers move, SIGTERM ends it with 0 and without leftovers, and a restart has the data."""
    machine.start()
    wait_until(lambda: machine.stored() > 40, seconds=30, description="events are stored")
    children = list(machine.children().values())
    so_far = machine.stored()

    assert machine.stop() == 0
    assert not running(children)
    assert machine.command("status").returncode == 3, "nothing is found where nothing is running"

    machine.start("--rate", "0.1")
    assert machine.stored() >= so_far


def test_other_terminals_find_it(machine: Machine) -> None:
    """`send` and `events show` need no setting: the delivery of one is explained by the other. So is the console."""
    machine.start("--rate", "0.1")

    (machine.folder / "person.json").write_text('{"id": 7}')
    event = ("--event", "person.updated", "--event-id", "e1", "--data", "person.json")
    sent = machine.command("send", "--dialect", "envelope", *event)
    wait_until(lambda: machine.fates("e1").get("crm") == "done", seconds=10, description="the crm group has handled it")

    assert sent.returncode == 0, sent.stderr
    assert machine.fates("e1")["notify"] == "not_wanted"
    [console] = re.findall(r"console\s+(http://127\.0\.0\.1:\d+)/", machine.output)
    assert httpx2.get(f"{console}/api/v1/store-state").json()["problem"] == ""


def test_what_dies_is_started_again(machine: Machine) -> None:
    """A killed receiver and a killed server are back by themselves, and events flow again."""
    machine.start()
    before = machine.children()

    for name in ("receiver", "valkey"):
        before[name].kill()
    wait_until(
        lambda: (
            {"receiver", "valkey"} <= machine.children().keys()
            and all(machine.children()[name].pid != before[name].pid for name in ("receiver", "valkey"))
        ),
        seconds=20,
        description="both run again",
    )

    wait_until(lambda: machine.command("status").returncode == 0, seconds=20, description="the server answers")
    so_far = machine.stored()
    wait_until(lambda: machine.stored() > so_far, seconds=30, description="new events are stored")


def test_what_somebody_deletes_at_salesloft_is_registered_again(machine: Machine) -> None:
    """Nothing is registered by SalesLoft itself; what is deleted or switched off by hand is back, and said to be."""
    machine.start()
    wait_until(lambda: "registered at SalesLoft" in machine.output, seconds=15, description="subscriptions are there")
    settings = dict(line.split("=", 1) for line in (machine.folder / ".data/env").read_text().splitlines())
    address, token = (settings[name].strip("'") for name in ("SALESLOFT_API_URL", "SALESLOFT_API_TOKEN"))
    client = httpx2.Client(headers={"Authorization": f"Bearer {token}"}, trust_env=False)

    def listed() -> dict[str, dict[str, Any]]:
        return {each["event_type"]: each for each in client.get(f"{address}/webhook_subscriptions").json()["data"]}

    before = listed()
    client.delete(f"{address}/webhook_subscriptions/{before['note_created']['id']}")
    client.put(f"{address}/webhook_subscriptions/{before['call_created']['id']}", data={"enabled": "false"})
    wait_until(lambda: "call_created enabled again" in machine.output, seconds=40, description="they are back")
    after = listed()
    client.close()

    assert "note_created registered at SalesLoft" in machine.output
    assert after.keys() == before.keys()
    assert all(each["enabled"] for each in after.values())
    wait_until(lambda: machine.stored() > 40, seconds=30, description="events are stored")


def test_nothing_survives_a_killed_up(machine: Machine) -> None:
    """Children end with their parent even when it is killed, and a new `up` goes on with the data."""
    machine.start()
    wait_until(lambda: machine.stored() > 10, seconds=30, description="events are stored")
    children = list(machine.children().values())
    so_far = machine.stored()

    machine.stop(signal.SIGKILL)
    wait_until(lambda: not running(children), seconds=15, description="children are gone")

    machine.start("--rate", "0.1")
    assert machine.stored() >= so_far


def test_a_second_up_on_the_same_data_is_refused(machine: Machine) -> None:
    """Two servers on one folder would ruin it."""
    machine.start("--rate", "0.1")

    second = machine.command("up", "--demo", "--port", "0", "--ops-port", "0")

    assert second.returncode == 1
    assert "another `up` is running" in second.stderr
    assert machine.command("status").returncode == 0


def test_a_taken_port_is_reported_before_anything_starts(tmp_path: Path) -> None:
    """The message names port, owner and option, and no process is left behind."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = Machine(tmp_path).command("up", "--demo", "--port", str(port))

    assert result.returncode == 2
    assert f"port {port} (webhooks) is taken by" in result.stderr
    assert f"(process {os.getpid()})" in result.stderr
    assert "--port" in result.stderr
    assert not list((tmp_path / ".data" / "logs").iterdir())


def test_without_keys_it_says_so(tmp_path: Path) -> None:
    """`up` without --demo needs the user's keys; a missing one is a setting, not a crash."""
    result = Machine(tmp_path).command("up", "--port", "0", "--ops-port", "0")

    assert result.returncode == 2
    assert "SALESLOFT_WEBHOOK_SECRET" in result.stderr
    assert "Traceback" not in result.stderr


def test_no_secret_is_printed(machine: Machine) -> None:
    """Neither the first screen nor a log holds the password or a key."""
    machine.start()
    wait_until(lambda: machine.stored() > 10, seconds=30, description="events are stored")
    machine.stop()

    secrets = [
        line.partition("=")[2].strip("'") for line in (machine.folder / ".data/secrets").read_text().splitlines()
    ]
    texts = [machine.output, *(log.read_text() for log in (machine.folder / ".data/logs").iterdir())]

    assert len(secrets) == 4
    assert not [text for text in texts if any(secret in text for secret in secrets)]
