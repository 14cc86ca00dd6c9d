"""Senders that deliver without a pause while something is done to the service.

Like SalesLoft and the load balancer before the receivers: a delivery that was not answered 200 comes again, at the next
receiver, until it is, or until the load ends.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.http_client import Connection
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.waiting import wait_until

SENDERS = 3
PAUSE_SECONDS = 0.02
"""Between two deliveries of a sender: a load that leaves a busy machine room for what is rehearsed."""
UNANSWERED = 0
"""Counted as status when there was no answer: refused, or closed before it came."""
PATIENCE_SECONDS = 60.0


def call(event_id: str) -> bytes:
    """The body of a call nobody made: `activity` keeps one row of it, and only one however often it is handled."""
    return envelope(event_id, event_type="call.completed", data={"id": event_id, "duration": 0})


def signed_call(event_id: str) -> bytes:
    """The same as a whole request."""
    return delivery(call(event_id))


def task(event_id: str) -> bytes:
    """The delivery of a task, which the diary's handler takes its time for: some are always under way."""
    return delivery(envelope(event_id, event_type="task.created", data={"id": 1}))


@dataclass
class Load:
    """What was delivered and how it was answered.

    Attributes:
        receivers: Where to, in turn.
        request: A whole request from an event id. May be replaced while it runs: the sender has changed its mind.
        accepted: Ids of the events answered 200, in the order of the answers.
        answers: How often each status was answered.
    """

    receivers: Sequence[ReceiverProcess]
    request: Callable[[str], bytes] = signed_call
    accepted: list[str] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    _over: threading.Event = field(default_factory=threading.Event)
    _senders: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Let the senders begin."""
        names = [f"s{number}" for number in range(SENDERS)]
        self._senders = [threading.Thread(target=self._deliver, args=(name,)) for name in names]
        for sender in self._senders:
            sender.start()

    def stop(self) -> None:
        """End it; returns when the last delivery is answered."""
        self._over.set()
        for sender in self._senders:
            sender.join()

    def _deliver(self, sender: str) -> None:
        number = tries = 0
        while not self._over.wait(PAUSE_SECONDS):
            event_id = f"{sender}-{number}"
            status = self._answer(self.receivers[tries % len(self.receivers)], event_id)
            tries += 1
            if status == 200:
                self.accepted.append(event_id)
                number += 1
            # Last, so that whoever waits for an answer to be counted finds it among the accepted.
            self.answers[status] += 1

    def _answer(self, receiver: ReceiverProcess, event_id: str) -> int:
        try:
            with Connection(receiver.port, timeout_seconds=30) as connection:
                connection.send(self.request(event_id))
                reply = connection.reply()
        except OSError:
            return UNANSWERED
        return reply.status if reply else UNANSWERED

    def await_more(self, status: int = 200, count: int = 20) -> None:
        """Return when so many more deliveries have been answered so."""
        enough = self.answers[status] + count
        wait_until(
            lambda: self.answers[status] >= enough,
            seconds=PATIENCE_SECONDS,
            description=f"{count} more answers {status}, so far {dict(self.answers)}",
        )


@contextmanager
def load_on(*receivers: ReceiverProcess, request: Callable[[str], bytes] = signed_call) -> Iterator[Load]:
    """Deliver to the receivers meanwhile; starts when the first deliveries are accepted."""
    load = Load(receivers, request)
    load.start()
    try:
        load.await_more()
        yield load
    finally:
        load.stop()
