"""What a worker has put into a warehouse comes back into a group when the store has forgotten it, whoever dies."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.idempotency_records import known_records
from tests.support.servers import Server
from tests.support.stored_events import new_event, store_events
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

EVENTS, PERSONS = 120, 6
IDS = [f"e{number:03}" for number in range(EVENTS)]


def replay(server: Server, *words: str) -> "subprocess.Popen[bytes]":
    """The command, for the group `billing`."""
    command = [sys.executable, "-m", "salesloft_webhooks", "replay", "billing", *words]
    environment = {"PATH": os.environ["PATH"], "REDIS_URL": server.url}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def noted(file: Path) -> list[str]:
    """What the handler had."""
    return file.read_text().splitlines() if file.exists() else []


@pytest.mark.timeout(300)
def test_a_group_gets_its_past_again_in_order(valkey: Server, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Kept by a worker, forgotten by the store, given while both are killed: each once, persons in order."""
    (tmp_path / "warehouse").mkdir()
    section = {"url": f"file://{tmp_path}/warehouse", "max_events": 25, "max_wait_seconds": 0.1}
    (tmp_path / "handlers.yaml").write_text(yaml.safe_dump({"warehouse": section}))
    store_events(valkey, (new_event(each, "note.created", f"person:{at % PERSONS}") for at, each in enumerate(IDS)))
    keeping = WorkerProcess("warehouse", valkey.url, {"HANDLERS_FILE": str(tmp_path / "handlers.yaml")}).start()
    with valkey.client() as redis:
        wait_until(
            lambda: sum(record.get("warehouse") == "done" for record in known_records(redis).values()) == EVENTS,
            seconds=60,
            description="all is in the warehouse",
        )
        keeping.kill()
        redis.flushall()
    file = tmp_path / "noted"
    settings = {"WORKER_HANDLERS": "tests.e2e.noting_handlers:router", "NOTED_IN": str(file), "LEASE_SECONDS": "1"}
    worker = WorkerProcess("billing", valkey.url, settings).start()

    first = replay(valkey, "--from", str(tmp_path / "warehouse"), "--rate", "20", "--yes")
    wait_until(lambda: len(noted(file)) >= 20, seconds=60, description="some are handled")
    first.kill()
    worker.kill()
    first.wait(10)
    worker = WorkerProcess("billing", valkey.url, settings).start()
    request.addfinalizer(worker.kill)
    second = replay(valkey, "--resume")

    assert second.wait(60) == 0
    wait_until(lambda: {line.split()[1] for line in noted(file)} == set(IDS), seconds=60, description="all are handled")
    worker.kill()
    for person in range(PERSONS):
        hers = list(dict.fromkeys(line.split()[1] for line in noted(file) if line.startswith(f"person:{person} ")))
        assert hers == IDS[person::PERSONS]
    with valkey.client() as redis:
        assert [fields["id"] for _, fields in redis.xrange("sl:{0}:events")] == IDS
