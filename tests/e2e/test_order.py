"""Order per person, with real processes that die."""

from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.crowd import killed_every_second
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

EVENTS, PEOPLE = 600, 12
STREAM = "sl:{0}:events"

pytestmark = pytest.mark.timeout(240)


def test_each_person_sees_events_in_order_whatever_dies(own_server: Server, tmp_path: Path) -> None:
    """Per person, attempts never go back behind an event that has begun, across failures, retries and SIGKILLs."""
    diary = tmp_path / "diary"
    settings = {
        "WORKER_HANDLERS": "tests.e2e.diary:router",
        "WORKER_ORDERING": "entity",
        "DIARY": str(diary),
        "FAILURES": "0.2",
        "LEASE_SECONDS": "2",
        "MAX_ATTEMPTS": "100",
        "BACKOFF_BASE_SECONDS": "0.02",
        "BACKOFF_CAP_SECONDS": "0.1",
    }
    own_server.start()
    with ExitStack() as stack:
        receiver = stack.enter_context(ReceiverProcess(own_server.url))
        workers = [WorkerProcess("diary", own_server.url, settings).start() for _ in range(2)]
        for worker in workers:
            stack.callback(worker.kill)
        redis = stack.enter_context(own_server.client())

        with killed_every_second(workers) as kills:
            for number in range(EVENTS):
                person = {"id": number % PEOPLE, "first_name": "Robin"}
                assert receiver.send(delivery(envelope(f"e{number:03}", data=person))).status == 200
            wait_until(lambda: len(kills) >= 8, seconds=30, description="eight workers have been killed")

        def finished() -> bool:
            (group,) = redis.xinfo_groups(STREAM)
            return bool(group["pending"] == 0 and group["lag"] == 0)

        wait_until(finished, seconds=120, description="everything is handled")

    attempts: dict[str, list[str]] = defaultdict(list)
    for line in diary.read_text().splitlines():
        entity, event_id, _ = line.split()
        attempts[entity].append(event_id)
    assert len(attempts) == PEOPLE
    assert {event_id for events in attempts.values() for event_id in events} == {f"e{n:03}" for n in range(EVENTS)}
    for events in attempts.values():
        assert events == sorted(events)
