"""The promise as a whole: ten thousand deliveries, duplicates and forgeries among them, while workers die.

Real processes: Valkey with every write on disk, the receiver, two workers for each built-in group, the `send` command.
"""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.settings import Settings
from tests.e2e.crowd import killed_every_second
from tests.support.idempotency_records import known_records, records_of
from tests.support.receiver_process import PATH, SECRET, TOKEN, ReceiverProcess
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

DELIVERIES = 10_000
GROUPS = ("activity", "crm", "notify")
STREAM = "sl:{0}:events"

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def receiver(own_server: Server) -> Iterator[ReceiverProcess]:
    """A receiver that promises the disk."""
    own_server.start()
    with ReceiverProcess(own_server.url, {"DURABILITY": "fsync"}) as process:
        yield process


@pytest.fixture
def workers(receiver: ReceiverProcess, tmp_path: Path) -> Iterator[list[WorkerProcess]]:
    """Two of each group, on one database; short leases, so that the test does not wait for long ones."""
    settings = {
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/effects.db",
        "LEASE_SECONDS": "3",
        "MAX_ATTEMPTS": "50",
        "BACKOFF_CAP_SECONDS": "1",
    }
    with ExitStack() as stack:
        started = [WorkerProcess(group, receiver.redis_url, settings).start() for group in GROUPS for _ in range(2)]
        for worker in started:
            stack.callback(worker.kill)
        yield started


def send(receiver: ReceiverProcess) -> dict[str, Any]:
    """Post realistic traffic in both dialects with the `send` command; its report."""
    command = [sys.executable, "-m", "salesloft_webhooks", "send", f"http://127.0.0.1:{receiver.port}{PATH}", "--json"]
    command += ["--count", str(DELIVERIES), "--duplicates", "0.1", "--forgeries", "0.05", "--concurrency", "40"]
    keys = {"SALESLOFT_WEBHOOK_SECRET": SECRET, "SALESLOFT_CALLBACK_TOKEN": TOKEN}
    done = subprocess.run(command, env=os.environ | keys, capture_output=True, text=True, check=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def finished(redis: Any) -> bool:
    """Whether every group has read everything and holds nothing."""
    groups = redis.xinfo_groups(STREAM)
    return len(groups) == len(GROUPS) and all(group["pending"] == 0 and group["lag"] == 0 for group in groups)


def test_ten_thousand_deliveries_survive_dying_workers(
    receiver: ReceiverProcess, workers: list[WorkerProcess], own_server: Server, tmp_path: Path
) -> None:
    """Every accepted event is handled by every group that wants it, with one row each; forgeries leave no trace."""
    with killed_every_second(workers) as kills:
        report = send(receiver)
        wait_until(lambda: len(kills) >= 10, seconds=60, description="ten workers have been killed")
    with own_server.client() as redis:
        wait_until(lambda: finished(redis), seconds=240, description="every group is through")

        events = {fields["id"]: fields["type"] for _, fields in redis.xrange(STREAM)}
        assert len(events) == redis.xlen(STREAM), "an event is stored twice"
        for group in GROUPS:
            filters = load_group(group, (), Settings.load())
            wanted = {event_id for event_id, kind in events.items() if list(_routes(filters, kind))}
            done = {i for i, record in records_of(redis, events).items() if record.get(group) == "done"}
            assert done == wanted
            assert not redis.exists(f"sl:{{0}}:g:{group}:dead")
        compact = sum(redis.hlen(key) - 1 for key in redis.scan_iter("sl:{0}:ids:*", 1000))
        assert (compact, len(known_records(redis))) == (len(events),) * 2, "something that was not stored left a record"
        assert not redis.exists("sl:{0}:quarantine")

    with sqlite3.connect(tmp_path / "effects.db") as database:
        rows = [event_id for (event_id,) in database.execute("SELECT event_id FROM activities")]
    filters = load_group("activity", (), Settings.load())
    assert sorted(rows) == sorted(i for i, kind in events.items() if list(_routes(filters, kind)))
    assert receiver.metric("salesloft_webhooks_deliveries_total", outcome="error") == 0
    assert report["unexpected"] == 0


def _routes(group: Any, event_type: str) -> Iterator[Any]:
    return (route for router in group.routers for route in router.routes_for(event_type))
