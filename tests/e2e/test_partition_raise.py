"""The number of partitions is raised from 1 to 4 to 6 under counted traffic, and everybody is killed meanwhile."""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.crowd import killed_every_second
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

PEOPLE = 16
STEPS = (1, 4, 6)
SEND_SECONDS = 6.0
PATIENCE_SECONDS = 60.0

pytestmark = pytest.mark.timeout(240)


def send_until_stored(receivers: list[ReceiverProcess], raw: bytes) -> None:
    """Like a patient sender: again until somebody says 200, for an answer that was lost as well."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if random.choice(receivers).send(raw).status == 200:
                return
        except (OSError, ValueError, AssertionError):
            pass
        time.sleep(0.05)
    raise AssertionError("nobody took it")


@contextmanager
def traffic(receivers: list[ReceiverProcess]) -> Iterator[dict[int, int]]:
    """One sender a person, one event after the other, every tenth of them again later; how many each has sent."""
    over, sent = threading.Event(), dict.fromkeys(range(PEOPLE), 0)

    def tell(person: int) -> None:
        while not over.is_set():
            number = sent[person]
            body = envelope(f"e{person}/{number:05}", data={"id": person})
            send_until_stored(receivers, delivery(body))
            sent[person] += 1
            if number % 10 == 0:
                again = envelope(f"e{person}/{number // 2:05}", data={"id": person})
                send_until_stored(receivers, delivery(again))
            time.sleep(0.02)

    with ThreadPoolExecutor(PEOPLE) as threads:
        senders = [threads.submit(tell, person) for person in range(PEOPLE)]
        try:
            yield sent
        finally:
            over.set()
        for sender in senders:
            sender.result()


def raise_to(number: int, receivers: list[ReceiverProcess]) -> None:
    """Roll out a greater number: the raiser is killed while it starts, the other keeps its setting and is killed."""
    new, old = receivers
    new.kill()
    new.settings["PARTITIONS"] = str(number)
    new.launch()
    time.sleep(random.uniform(0.5, 1.5))
    new.kill()
    new.start()
    old.kill()
    old.start()


def test_nothing_is_lost_or_stored_twice_and_order_is_kept(own_server: Server, tmp_path: Path) -> None:
    """Each event that got a 200 is stored once and handled, each person's in order, through two raises."""
    diary = tmp_path / "diary"
    settings = {
        "WORKER_HANDLERS": "tests.e2e.diary:router",
        "WORKER_ORDERING": "entity",
        "DIARY": str(diary),
        "FAILURES": "0.1",
        "LEASE_SECONDS": "2",
        "MAX_ATTEMPTS": "100",
        "BACKOFF_BASE_SECONDS": "0.02",
        "BACKOFF_CAP_SECONDS": "0.1",
    }
    own_server.start()
    with ExitStack() as stack:
        receivers = [ReceiverProcess(own_server.url, {"PARTITIONS": "1"}).start() for _ in range(2)]
        workers = [WorkerProcess("diary", own_server.url, settings).start() for _ in range(2)]
        for process in (*receivers, *workers):
            stack.callback(process.kill)
        redis = stack.enter_context(own_server.client())

        with killed_every_second(workers), traffic(receivers) as sent:
            for number in STEPS[1:]:
                time.sleep(SEND_SECONDS / len(STEPS))
                raise_to(number, receivers)
            time.sleep(SEND_SECONDS / len(STEPS))
        assert redis.get("sl:partitions") == str(STEPS[-1])
        expected = {f"e{person}/{number:05}" for person, count in sent.items() for number in range(count)}
        wait_until(lambda: _finished(redis), seconds=120, description="everything is handled")
        stored = Counter(fields["id"] for stream in _streams() for _, fields in redis.xrange(stream))

    assert set(stored) == expected
    assert set(stored.values()) == {1}
    attempts: dict[str, list[str]] = defaultdict(list)
    for line in diary.read_text().splitlines():
        entity, event_id, _ = line.split()
        attempts[entity].append(event_id)
    assert {event_id for events in attempts.values() for event_id in events} == expected
    for events in attempts.values():
        assert events == sorted(events)


def _streams() -> list[str]:
    return [f"sl:{{{partition}}}:events" for partition in range(STEPS[-1])]


def _finished(redis: Any) -> bool:
    groups = [redis.xinfo_groups(stream)[0] for stream in _streams()]
    return all(group["pending"] == 0 and group["lag"] == 0 for group in groups)
