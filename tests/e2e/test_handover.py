"""A worker that dies with what was handed over: before its handler starts, or in the middle of a run in the lane."""

from pathlib import Path

from tests.e2e.effects import await_finished
from tests.support.servers import Server
from tests.support.stored_events import new_event, store_events
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

IDS = [f"e{number}" for number in range(10)]
STREAM = "sl:{0}:events"
RUNS = {
    "WORKER_HANDLERS": "tests.e2e.dying_handlers:router",
    "WORKER_ORDERING": "entity",
    "WHILE_IT_RUNS": "yes",
    "LEASE_SECONDS": "2",
}


def test_an_event_handed_over_to_a_worker_that_dies_is_run_by_the_next_one(valkey: Server, tmp_path: Path) -> None:
    """SIGKILL before its handler starts: the lease lapses, the next worker runs it, and the lane goes on in order."""
    diary = tmp_path / "diary"
    store_events(valkey, (new_event(event_id, "person.updated", "person:1") for event_id in IDS))
    settings = {
        "WORKER_HANDLERS": "tests.e2e.dying_handlers:router",
        "WORKER_ORDERING": "entity",
        "DIARY": str(diary),
        "LEASE_SECONDS": "2",
    }
    dying = WorkerProcess("mine", valkey.url, settings | {"DEADLY": "e4"})
    dying.launch()
    wait_until(lambda: dying.ended, seconds=30, description="the worker has died")
    before = diary.read_text().split("\n")
    heir = WorkerProcess("mine", valkey.url, settings).start()
    try:
        await_finished(valkey, "mine")
    finally:
        heir.kill()

    assert before == ["e0 1", "e1 1", "e2 1", "e3 1", ""]
    assert diary.read_text().split() == [
        word for event_id in IDS for word in (event_id, "2" if event_id == "e4" else "1")
    ]


def test_a_worker_that_dies_within_a_run_leaves_it_in_order(valkey: Server, tmp_path: Path) -> None:
    """SIGKILL while an event runs under the lease of an earlier one: all goes on in order, from that earlier one on."""
    diary = tmp_path / "diary"
    store_events(valkey, (new_event(event_id, "person.updated", "person:1") for event_id in IDS))
    settings = {**RUNS, "DIARY": str(diary)}
    dying = WorkerProcess("mine", valkey.url, settings | {"DEADLY": "e4"})
    dying.launch()
    wait_until(lambda: dying.ended, seconds=30, description="the worker has died")
    before = diary.read_text().splitlines()
    heir = WorkerProcess("mine", valkey.url, settings).start()
    try:
        await_finished(valkey, "mine")
    finally:
        heir.kill()

    after = diary.read_text().splitlines()[len(before) :]
    head = after[0].split()[0]
    assert before == [f"{event_id} 1" for event_id in IDS[:5]]
    assert IDS.index(head) in range(1, 5)
    assert after == [f"{head} 2", *(f"{event_id} 1" for event_id in IDS[IDS.index(head) + 1 :])]


def test_an_event_that_kills_its_workers_within_runs_is_found(valkey: Server, tmp_path: Path) -> None:
    """It costs one worker more than by itself, and becomes the only dead letter; everything else is done."""
    store_events(valkey, (new_event(event_id, "person.updated", "person:1") for event_id in IDS))
    settings = {**RUNS, "DIARY": str(tmp_path / "diary"), "DEADLY": "e4", "MAX_ATTEMPTS": "3", "LEASE_SECONDS": "1"}
    deaths = 0
    with valkey.client() as redis:

        def finished() -> bool:
            groups = redis.xinfo_groups(STREAM) if redis.exists(STREAM) else []
            return bool(groups) and groups[0]["pending"] == 0 and groups[0]["entries-read"] == len(IDS)

        while not finished():
            worker = WorkerProcess("mine", valkey.url, settings)
            worker.launch()
            wait_until(lambda: worker.ended or finished(), seconds=40, description="dead or done")  # noqa: B023
            deaths += worker.ended
            worker.kill()
        dead = [fields["id"] for _, fields in redis.xrange("sl:{0}:g:mine:dead")]

    assert dead == ["e4"]
    assert deaths <= 4
