"""`warehouse erase` killed at every step: nobody else's event is missing, and in the end the person is in no file."""

import itertools
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.checking import check
from salesloft_webhooks.handlers.builtin.warehouse.compaction import compact
from salesloft_webhooks.handlers.builtin.warehouse.storage import open_storage
from salesloft_webhooks.handlers.builtin.warehouse.writing import WarehouseWriter
from tests.e2e.dying_erasure import PERSON
from tests.support import samples
from tests.support.in_thread import in_thread
from tests.support.warehouse_queries import rows_by_manifest, rows_by_view, typed_rows


@pytest.mark.timeout(600)
def test_nobody_else_s_event_is_lost_whenever_it_dies(warehouse_section: dict[str, object], tmp_path: Path) -> None:
    """SIGKILL between any two operations of the storage; DuckDB counts after each, and the last one ends by itself."""
    storage = open_storage(WarehouseConfiguration.model_validate(warehouse_section))
    events = []
    for number in range(12):
        person = PERSON if number % 3 == 0 else 100 + number
        day = 7 + number % 2
        data = {"id": person, "person_id": person}
        events.append(samples.person(event_id=f"e{number:02}", created_at=f"2026-03-{day:02}T12:00:00Z", data=data))
    others = [event.event_id for event in events if event.person_id != PERSON]
    writer = WarehouseWriter(storage, 60)
    for batch in (events[:8], events[2:9]):
        assert in_thread(lambda batch=batch: writer.write(batch)) == {}  # type: ignore[misc]
    compact(storage, grace=timedelta(hours=1), now=datetime.now(UTC), typed=True)
    assert in_thread(lambda: writer.write(events[6:])) == {}

    deaths = 0
    command = [sys.executable, "-m", "tests.e2e.dying_erasure", json.dumps(warehouse_section)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for step in itertools.count():
            process.stdin.write(f"{step}\n")
            process.stdin.flush()
            code = int(process.stdout.readline())
            assert set(others) <= set(rows_by_view(storage, tmp_path))
            if code == 0:
                break
            assert code == -signal.SIGKILL
            deaths += 1
        process.stdin.close()

    assert deaths >= 10
    assert rows_by_view(storage, tmp_path) == rows_by_manifest(storage, tmp_path) == others
    assert typed_rows(storage, "people", tmp_path, "SELECT _event_id FROM {} ORDER BY 1") == [
        (each,) for each in others
    ]
    found = check(storage)
    assert (found.sound, found.erasable) == (True, 0)
