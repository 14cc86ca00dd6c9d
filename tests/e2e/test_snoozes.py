"""A worker that is killed in the middle of a snooze: the event comes again in its time, and is not given up."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.effects import finished
from tests.e2e.snoozing_handlers import AFTER_SECONDS, SNOOZES
from tests.support.idempotency_records import record_of
from tests.support.servers import Server
from tests.support.stored_events import new_event, store_events
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess


@pytest.mark.parametrize("deadly", ["before it is said", "while it waits", "after its effect"])
def test_a_snoozed_event_survives_its_worker(valkey: Server, tmp_path: Path, deadly: str) -> None:
    """SIGKILL there, once, with two attempts in all: it is done, came no earlier than it wants, is no dead letter."""
    store_events(valkey, [new_event("e1", "person.updated", "person:1")])
    settings = {
        "WORKER_HANDLERS": "tests.e2e.snoozing_handlers:router",
        "DEADLY": deadly,
        "FOLDER": str(tmp_path),
        "LEASE_SECONDS": "1",
        "MAX_ATTEMPTS": "2",
    }
    died = tmp_path / "died"
    while not (died.exists() and finished(valkey, "mine")):
        worker = WorkerProcess("mine", valkey.url, settings)
        worker.launch()
        wait_until(lambda: worker.ended or finished(valkey, "mine"), seconds=40, description="dead or done")  # noqa: B023
        worker.kill()

    with valkey.client() as redis:
        assert record_of(redis, "e1")["mine"] == "done"
        assert redis.xlen("sl:{0}:g:mine:dead") == 0
    lines = (line.split() for line in (tmp_path / "calls").read_text().splitlines())
    calls = [(float(moment), int(attempt)) for moment, attempt in lines]
    assert len(calls) == SNOOZES + (1 if deadly == "while it waits" else 2)
    lost = {"before it is said": 2, "while it waits": 99, "after its effect": 4}[deadly]
    assert [attempt for _, attempt in calls] == [1 if number <= lost else 2 for number in range(1, len(calls) + 1)]
    for number, ((earlier, _), (later, _)) in enumerate(pairwise(calls), 1):
        assert later - earlier >= AFTER_SECONDS - 0.01 or number == lost
