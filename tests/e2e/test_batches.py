"""A worker that is killed in the middle of a batch: order holds, and only the event that kills is given up."""

from collections import defaultdict
from pathlib import Path

from tests.support.servers import Server
from tests.support.stored_events import new_event, store_events
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

PEOPLE, EVENTS = 16, 64
DEADLY = "e20"
STREAM = "sl:{0}:events"


def test_an_event_that_kills_its_batch_is_found_and_order_holds(valkey: Server, tmp_path: Path) -> None:
    """SIGKILL in the middle of batches, again and again: one dead letter, everybody else done, each person in order."""
    diary = tmp_path / "diary"
    store_events(
        valkey, (new_event(f"e{number}", "person.updated", f"person:{number % PEOPLE}") for number in range(EVENTS))
    )
    settings = {
        "WORKER_HANDLERS": "tests.e2e.batch_handlers:router",
        "WORKER_CONCURRENCY": "16",
        "DIARY": str(diary),
        "DEADLY": DEADLY,
        "MAX_ATTEMPTS": "5",
        "LEASE_SECONDS": "1",
    }
    with valkey.client() as redis:

        def finished() -> bool:
            groups = redis.xinfo_groups(STREAM)
            return bool(groups) and groups[0]["pending"] == 0 and groups[0]["entries-read"] == EVENTS

        deaths = 0
        while not finished():
            worker = WorkerProcess("mine", valkey.url, settings)
            worker.launch()
            wait_until(lambda: worker.ended or finished(), seconds=40, description="dead or done")  # noqa: B023
            deaths += worker.ended
            worker.kill()
        dead = [fields["id"] for _, fields in redis.xrange("sl:{0}:g:mine:dead")]

    assert dead == [DEADLY]
    assert deaths == 5
    first_seen: dict[str, list[int]] = defaultdict(list)
    for line in diary.read_text().splitlines():
        _, person, event_id = line.split()
        first_seen[person].append(int(event_id[1:]))
    for person, numbers in first_seen.items():
        assert numbers == sorted(numbers), f"{person} out of order"
        assert len(set(numbers)) == EVENTS // PEOPLE
