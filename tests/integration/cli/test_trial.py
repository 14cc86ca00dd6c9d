"""`trial`, which `helm test` runs, against a real receiver, store and worker."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.idempotency_records import known_records
from tests.support.receiver_process import KEYS, ReceiverProcess
from tests.support.servers import Server, free_port


@contextmanager
def worker(server: Server, directory: Path) -> Iterator[None]:
    """The `activity` group, with a database of its own."""
    environment = os.environ | {
        "REDIS_URL": server.url,
        "OPS_PORT": str(free_port()),
        "DATABASE_URL": f"sqlite+aiosqlite:///{directory}/events.db",
    }
    command = [sys.executable, "-m", "salesloft_webhooks", "worker", "--group=activity"]
    process = subprocess.Popen(command, env=environment)
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0


def trial(server: Server, *arguments: str, keys: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command as the chart's test pod does."""
    environment = os.environ | {"REDIS_URL": server.url} | keys
    command = [sys.executable, "-m", "salesloft_webhooks", "trial", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("dialect", KEYS)
def test_a_delivery_goes_through_everything(valkey: Server, tmp_path: Path, dialect: str) -> None:
    """With a key of any dialect it succeeds when the delivery is stored and the group has handled it, each time anew.

    An address without a path means the source's path.
    """
    with ReceiverProcess(valkey.url, KEYS[dialect]) as receiver, worker(valkey, tmp_path):
        base = f"http://127.0.0.1:{receiver.port}"
        addresses = [base, f"{base}/webhooks/salesloft"]

        results = [trial(valkey, address, "--timeout=40", keys=KEYS[dialect]) for address in addresses]

    assert [(result.returncode, result.stderr) for result in results] == [(0, "")] * 2
    with valkey.client() as client:
        known = known_records(client)
    records = [record for event_id, record in known.items() if event_id.startswith("call.completed/")]
    assert [record["activity"] for record in records] == ["done", "done"]


def test_without_a_worker_it_fails(valkey: Server) -> None:
    """It fails when the delivery is stored, but nobody handles it in time."""
    with ReceiverProcess(valkey.url) as receiver:
        result = trial(
            valkey, f"http://127.0.0.1:{receiver.port}/webhooks/salesloft", "--timeout=1", keys=KEYS["envelope"]
        )

    assert result.returncode == 1
    assert "was stored" in result.stderr
    assert "no such group: activity" in result.stderr


def test_a_wrong_key_fails(valkey: Server) -> None:
    """It fails when the receiver refuses the signature."""
    with ReceiverProcess(valkey.url) as receiver:
        address = f"http://127.0.0.1:{receiver.port}/webhooks/salesloft"
        result = trial(valkey, address, keys={"SALESLOFT_WEBHOOK_SECRET": "another-secret-than-the-receivers"})

    assert result.returncode == 1


def test_nobody_there_is_said_so(valkey: Server) -> None:
    """A receiver that cannot be reached has an exit code of its own."""
    result = trial(valkey, f"http://127.0.0.1:{free_port()}/webhooks/salesloft", keys=KEYS["envelope"])

    assert result.returncode == 3
