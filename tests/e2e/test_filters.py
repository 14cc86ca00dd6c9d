"""A worker that is killed at every step of a filter: what is not wanted is filtered, what is wanted is handled."""

import itertools
import json
import signal
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from salesloft_webhooks.events import NewEvent
from tests.e2e.effects import finished
from tests.support.idempotency_records import known_records
from tests.support.servers import Server
from tests.support.stored_events import new_event, store_events
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

EVENTS, PEOPLE = 12, 3


def is_wanted(number: int) -> bool:
    """Every other event of a person."""
    return number // PEOPLE % 2 == 0


def events() -> Iterator[NewEvent]:
    """Of three people, one after the other."""
    for number in range(EVENTS):
        body = json.dumps({"id": 1, "wanted": is_wanted(number)}).encode()
        yield new_event(f"e{number:02}", "person.updated", f"person:{number % PEOPLE}", body)


@pytest.mark.timeout(240)
def test_no_death_makes_a_filter_forget_or_let_through(valkey: Server, tmp_path: Path) -> None:
    """SIGKILL before and after each question and each settling: every event ends as it should, each person in order."""
    diary = tmp_path / "diary"
    diary.touch()
    store_events(valkey, events())
    settings = {
        "WORKER_HANDLERS": "tests.e2e.filtering_handlers:router",
        "WORKER_CONCURRENCY": "4",
        "DIARY": str(diary),
        "LEASE_SECONDS": "1",
        "MAX_ATTEMPTS": "500",
    }
    deaths = 0
    for steps in itertools.count():
        worker = WorkerProcess("mine", valkey.url, {**settings, "DEADLY_STEP": str(steps)})
        worker.launch()
        wait_until(lambda: worker.ended or finished(valkey, "mine"), seconds=60, description="dead or done")  # noqa: B023
        assert worker.process.poll() in (None, -signal.SIGKILL)
        deaths += worker.ended
        worker.kill()
        if finished(valkey, "mine"):
            break

    with valkey.client() as redis:
        records = known_records(redis)
    assert deaths >= 4
    assert {name: "filtered:mine" not in record for name, record in records.items()} == {
        f"e{number:02}": is_wanted(number) for number in range(EVENTS)
    }
    assert {record["mine"] for record in records.values()} == {"done"}
    handled: dict[str, list[str]] = defaultdict(list)
    for line in diary.read_text().splitlines():
        person, event_id = line.split()
        handled[person].append(event_id)
    assert {person: sorted(set(seen)) for person, seen in handled.items()} == {
        f"person:{person}": [f"e{n:02}" for n in range(person, EVENTS, PEOPLE) if is_wanted(n)]
        for person in range(PEOPLE)
    }
    assert all(seen == sorted(seen) for seen in handled.values())
