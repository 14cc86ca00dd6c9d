"""Faults before the receivers: storms of connections, impatient proxies, keys that do not match."""

import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from tests.chaos.fault import Fault
from tests.chaos.live import Live
from tests.chaos.process_faults import one_receiver, one_worker_each, signalled
from tests.chaos.sender_scene import BOTH, Keys
from tests.support.receiver_process import SECRET
from tests.support.waiting import wait_until

STORM = 1_000
"""Connections to each receiver."""
UNFINISHED = b"POST /webhooks/salesloft HTTP/1.1\r\nHost: storm\r\nContent-Length: 1000\r\n"


@contextmanager
def storm(live: Live) -> Iterator[None]:
    """Many connections at once that begin a request and do not finish it."""
    with ExitStack() as stack:
        for receiver in live.receivers:
            for _ in range(STORM):
                with suppress(OSError):
                    connection = socket.create_connection(("127.0.0.1", receiver.port), timeout=2)
                    stack.callback(connection.close)
                    connection.sendall(UNFINISHED)
        yield


@contextmanager
def one_has_the_old_key_only(live: Live) -> Iterator[None]:
    """The second receiver does not have the new key yet."""
    keys: Keys = live.surroundings.parts
    keys.files[1].write_text(SECRET, "ascii")
    with live.locked() as counting:
        refused = counting.statuses[401]
    wait_until(lambda: live.counting.statuses[401] > refused, seconds=20, description="the new key is refused")
    yield
    keys.files[1].write_text(BOTH, "ascii")


FAULTS = [
    Fault(
        "connection storm",
        f"{STORM} connections to each receiver that begin a request and do not finish it.",
        storm,
        "they leave after 5 s",
        lasts=5.0,
    ),
    Fault(
        "receiver killed under twofold deliveries",
        "SIGKILL of a receiver while each delivery is made to both receivers at the same moment.",
        signalled(one_receiver, signal.SIGKILL),
        "Kubernetes starts it again",
        scenes=("at once",),
    ),
    Fault(
        "workers killed under twofold deliveries",
        "SIGKILL of a worker of each group while each delivery is made to both receivers at the same moment.",
        signalled(one_worker_each, signal.SIGKILL),
        "Kubernetes starts them again",
        scenes=("at once",),
    ),
    Fault(
        "receivers with different keys",
        "One of two receivers does not have the new key yet, with which the sender signs already: it answers 401, and "
        "the repeat reaches the other.",
        one_has_the_old_key_only,
        "it has both keys after 4 s",
        lasts=4.0,
        scenes=("rotation",),
    ),
]
