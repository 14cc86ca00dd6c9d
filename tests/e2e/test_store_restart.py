"""The store dies under load and comes back."""

import threading
import time
from collections import Counter

import pytest

from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server
from tests.support.waiting import wait_until

SENDERS = 6
STREAM = "sl:{0}:events"

pytestmark = pytest.mark.timeout(180)


def test_nothing_acknowledged_is_lost_when_the_store_is_killed(own_server: Server) -> None:
    """While Valkey is down the answer is 503, then 200 again by itself; every 200 is still in the stream."""
    own_server.start()
    acknowledged: set[str] = set()
    statuses: Counter[int] = Counter()
    over = threading.Event()

    def deliver(receiver: ReceiverProcess, sender: int) -> None:
        number = 0
        while not over.is_set():
            number += 1
            event_id = f"{sender}-{number}"
            status = receiver.send(delivery(envelope(event_id))).status
            statuses[status] += 1
            if status == 200:
                acknowledged.add(event_id)

    with ReceiverProcess(own_server.url, {"DURABILITY": "fsync", "STORE_TIMEOUT_SECONDS": "1"}) as receiver:
        senders = [threading.Thread(target=deliver, args=(receiver, sender)) for sender in range(SENDERS)]
        for thread in senders:
            thread.start()
        try:
            for _ in range(2):
                before = statuses[200]
                wait_until(lambda: statuses[200] > before + 50, description="deliveries are accepted")  # noqa: B023
                refused = statuses[503]
                own_server.stop(kill=True)
                wait_until(lambda: statuses[503] > refused, description="deliveries are put off")  # noqa: B023
                own_server.start()
            recovered = statuses[200]
            wait_until(lambda: statuses[200] > recovered + 50, description="deliveries are accepted again")
            time.sleep(0.2)
        finally:
            over.set()
            for thread in senders:
                thread.join()

    assert set(statuses) == {200, 503}
    with own_server.client() as redis:
        stored = [fields["id"] for _, fields in redis.xrange(STREAM)]
    assert acknowledged <= set(stored)
    assert len(stored) == len(set(stored))
