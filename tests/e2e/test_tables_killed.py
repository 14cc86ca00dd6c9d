"""Workers of `tables` and `events` that are killed around every commit: each acknowledged event is exactly one row."""

import itertools
import json
from collections.abc import Iterator

import pytest

from tests.e2e.effects import finished
from tests.support.postgres import NEEDS_POSTGRESQL, PostgresServer, new_postgres
from tests.support.servers import Server
from tests.support.stored_events import new_event, store_events
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

EVENTS = 24
GROUPS = ("tables", "events")
pytestmark = [NEEDS_POSTGRESQL, pytest.mark.timeout(300)]


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """A server."""
    with new_postgres() as server:
        server.start()
        yield server


def body(number: int) -> bytes:
    """Three versions of each of eight tasks, the newest neither first nor last."""
    version = (2, 3, 1)[number % 3]
    times = {"created_at": "2026-03-07T04:00:00Z", "updated_at": f"2026-03-07T04:0{version}:00Z"}
    return json.dumps({"id": number // 3 + 1, "subject": f"version {version}", **times}).encode()


def test_each_event_is_one_row_whenever_its_worker_dies(valkey: Server, postgres: PostgresServer) -> None:
    """SIGKILL before and after commits: what is done is there, once, and every task is in its newest version."""
    names = [f"e{number:02}" for number in range(EVENTS)]
    store_events(valkey, (new_event(name, "task.updated", f"task:{n // 3}", body(n)) for n, name in enumerate(names)))
    settings = {
        "WORKER_HANDLERS": "tests.e2e.dying_tables:router",
        "DATABASE_URL": postgres.create_migrated_database("killed"),
        "WORKER_CONCURRENCY": "6",
        "MAX_ATTEMPTS": "500",
        "LEASE_SECONDS": "1",
    }
    deaths = dict.fromkeys(GROUPS, 0)
    for group in GROUPS:
        for steps in itertools.count(2):  # the look before the first event is two
            worker = WorkerProcess(group, valkey.url, {**settings, "DEADLY_STEP": str(steps)})
            worker.launch()
            wait_until(lambda: worker.ended or finished(valkey, group), seconds=60, description="dead or done")  # noqa: B023
            deaths[group] += worker.ended
            worker.kill()
            if finished(valkey, group):
                break

    assert min(deaths.values()) >= 2
    events = postgres.execute("SELECT event_id FROM salesloft_events ORDER BY 1", "killed")
    tasks = postgres.execute("SELECT subject FROM salesloft_tasks ORDER BY id", "killed")
    assert events.split() == names
    assert tasks.splitlines() == ["version 3"] * (EVENTS // 3)
