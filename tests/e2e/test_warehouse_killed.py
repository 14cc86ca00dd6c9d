"""A worker of the group `warehouse` that is killed at every step: what is done is there, and each event counts once."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from salesloft_webhooks.events import NewEvent
from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.checking import check
from salesloft_webhooks.handlers.builtin.warehouse.compaction import compact
from salesloft_webhooks.handlers.builtin.warehouse.storage import open_storage
from tests.support.idempotency_records import known_records
from tests.support.servers import Server
from tests.support.stored_events import store_events
from tests.support.waiting import wait_until
from tests.support.warehouse_queries import rows_by_manifest, rows_by_view
from tests.support.worker_process import WorkerProcess

EVENTS = 24
BATCH = 6


def new_event(number: int) -> NewEvent:
    """Of one of two days."""
    day = "2026-03-07" if number % 2 else "2026-03-08"
    return NewEvent(f"e{number:02}", "person.updated", f"person:{number}", f"{day}T12:00:00Z", b'{"id": 1}')


@pytest.mark.timeout(600)
def test_each_event_counts_once_whenever_its_worker_dies(
    warehouse_section: dict[str, object], valkey: Server, tmp_path: Path
) -> None:
    """SIGKILL between any two operations of storage and settling; DuckDB counts what was acknowledged, each once."""
    file = tmp_path / "handlers.yaml"
    # Looking at compactions would be a step in between, at any time.
    own = {"max_events": BATCH, "max_wait_seconds": 0.1, "compaction_hours": 0}
    file.write_text(yaml.safe_dump({"warehouse": {**warehouse_section, **own}}))
    storage = open_storage(WarehouseConfiguration.model_validate(warehouse_section))
    names = [f"e{number:02}" for number in range(EVENTS)]
    store_events(valkey, map(new_event, range(EVENTS)))
    settings = {
        "WORKER_HANDLERS": "tests.e2e.dying_warehouse:router",
        "HANDLERS_FILE": str(file),
        "WORKER_CONCURRENCY": "12",
        "MAX_ATTEMPTS": "500",
        "LEASE_SECONDS": "1",
    }
    deaths = 0
    with valkey.client() as redis:

        def done() -> set[str]:
            return {name for name, record in known_records(redis).items() if record.get("warehouse") == "done"}

        for steps in itertools.count():
            worker = WorkerProcess("warehouse", valkey.url, {**settings, "DEADLY_STEP": str(steps)})
            worker.launch()
            wait_until(lambda: worker.ended or len(done()) == EVENTS, seconds=60, description="dead or done")  # noqa: B023
            deaths += worker.ended
            worker.kill()
            stored = rows_by_view(storage, tmp_path)
            assert done() <= set(stored)
            assert len(stored) == len(set(stored))
            if len(done()) == EVENTS:
                break

    assert deaths >= 8
    assert rows_by_view(storage, tmp_path) == names
    compact(storage, grace=timedelta(0), now=datetime.now(UTC) + timedelta(seconds=2))
    assert rows_by_manifest(storage, tmp_path) == names
    found = check(storage)
    assert (found.files, found.rows, found.sound) == (2, EVENTS, True)
