"""Dead letters, redrive and poison, with real worker processes and the real command line."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.crowd import restarted_when_dead
from tests.support.idempotency_records import record_of, records_of
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def receiver(own_server: Server) -> Iterator[ReceiverProcess]:
    """A receiver on a persistent store."""
    own_server.start()
    with ReceiverProcess(own_server.url) as process:
        yield process


@pytest.fixture
def worker(own_server: Server, receiver: ReceiverProcess, tmp_path: Path) -> Iterator[WorkerProcess]:
    """One worker of the diary's handlers."""
    settings = {
        "WORKER_HANDLERS": "tests.e2e.diary:router",
        "DIARY": str(tmp_path / "diary"),
        "MENDED": str(tmp_path / "mended"),
        "LEASE_SECONDS": "1",
        "MAX_ATTEMPTS": "4",
        "BACKOFF_BASE_SECONDS": "0.05",
    }
    process = WorkerProcess("diary", receiver.redis_url, settings).start()
    yield process
    process.kill()


def command(server: Server, *arguments: str) -> Any:
    """The command line against this store; its JSON."""
    program = [sys.executable, "-m", "salesloft_webhooks", *arguments, "--json"]
    environment = os.environ | {"REDIS_URL": server.url}
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def accept(receiver: ReceiverProcess, event_id: str, event_type: str, person: int) -> None:
    """Deliver one event."""
    body = envelope(event_id, event_type=event_type, data={"id": person, "person": {"id": person}})
    assert receiver.send(delivery(body)).status == 200


def test_a_dead_letter_is_redriven_when_the_handler_is_mended(
    own_server: Server, receiver: ReceiverProcess, worker: WorkerProcess, tmp_path: Path
) -> None:
    """A handler that always fails leaves a dead letter with its error; mended and redriven, the event is done."""
    accept(receiver, "n1", "note.created", 1)
    with own_server.client() as redis:
        wait_until(lambda: record_of(redis, "n1").get("diary") == "dead", description="the attempts are used up")
        letter = redis.xrange("sl:{0}:g:diary:dead")[0][1]
        assert (letter["reason"], letter["attempts"]) == ("exhausted", "4")
        assert letter["error"].startswith("ConnectionError: the CRM refuses (")
        assert json.dumps(command(own_server, "dead", "list", "--group", "diary")).count('"n1"') >= 1

        (tmp_path / "mended").touch()
        command(own_server, "dead", "redrive", "--group", "diary", "--all")

        wait_until(lambda: record_of(redis, "n1").get("diary") == "done", description="the redriven event is handled")
        assert redis.xlen("sl:{0}:g:diary:dead") == 0
    assert worker.ended is False


def test_a_deadly_event_becomes_poison_and_its_neighbours_live(
    own_server: Server, receiver: ReceiverProcess, worker: WorkerProcess
) -> None:
    """A handler that kills its process is convicted alone: the events that ran beside it every time are all done."""
    with restarted_when_dead([worker]) as restarts, own_server.client() as redis:
        for number in range(10):
            accept(receiver, f"slow-{number}", "task.created", number)
        accept(receiver, "deadly", "call.created", 99)
        for number in range(10, 20):
            accept(receiver, f"slow-{number}", "task.created", number)

        def settled() -> bool:
            slow = records_of(redis, [f"slow-{number}" for number in range(20)])
            outcomes = [record.get("diary") for record in slow.values()]
            return outcomes == ["done"] * 20 and record_of(redis, "deadly").get("diary") == "dead"

        wait_until(settled, seconds=90, description="the deadly event is dead, the others are done")
        ((_, letter),) = redis.xrange("sl:{0}:g:diary:dead")
    assert (letter["id"], letter["reason"], letter["attempts"]) == ("deadly", "poison", "4")
    assert len(restarts) >= 4
