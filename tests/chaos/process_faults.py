"""Faults of receivers and workers as processes: killed, frozen, told to end."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tests.chaos.fault import EACH_KIND_OF_GROUP, Fault, Strike
from tests.chaos.live import Live
from tests.support.receiver_process import ReceiverProcess
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

Role = ReceiverProcess | WorkerProcess
Choose = Callable[[Live], Sequence[Role]]
KUBELET, BY_ITSELF = "Kubernetes starts it again", "it goes on by itself after 8 s"
LEASE_OUTLASTED = 8.0
"""Seconds: more than two leases."""


def is_new(role: Role, before: int) -> bool:
    """Whether it runs again, with another process id than before, and is ready."""
    return not role.dead and not role.ended and role.pid != before and role.probe("/readyz") == 200


def one_receiver(live: Live) -> list[ReceiverProcess]:
    """The first of two."""
    return live.receivers[:1]


def both_receivers(live: Live) -> list[ReceiverProcess]:
    """All there are."""
    return live.receivers


def one_worker_each(live: Live) -> list[WorkerProcess]:
    """One worker of each group."""
    return [live.workers_of(group)[0] for group in live.groups]


def all_workers(live: Live) -> list[WorkerProcess]:
    """All there are."""
    return live.workers


def signalled(choose: Choose, number: signal.Signals) -> Strike:
    """Send them a signal."""

    @contextmanager
    def strike(live: Live) -> Iterator[None]:
        for role in choose(live):
            role.signal(number)
        yield

    return strike


def frozen(choose: Choose) -> Strike:
    """SIGSTOP, and SIGCONT at the end."""

    @contextmanager
    def strike(live: Live) -> Iterator[None]:
        chosen = choose(live)
        for role in chosen:
            role.signal(signal.SIGSTOP)
        yield
        for role in chosen:
            role.signal(signal.SIGCONT)

    return strike


@contextmanager
def rolled(live: Live) -> Iterator[None]:
    """SIGTERM each worker, one after the other, as a roll-out does."""
    for worker in live.workers:
        before = worker.pid
        worker.terminate()
        wait_until(lambda w=worker, p=before: is_new(w, p), seconds=120, description="the new one is ready")  # type: ignore[misc]
    yield


RECEIVER_KILLED = Fault(
    "receiver killed", "SIGKILL of one of two receivers.", signalled(one_receiver, signal.SIGKILL), KUBELET
)
RECEIVER_ENDED = Fault(
    "receiver told to end", "SIGTERM of one of two receivers.", signalled(one_receiver, signal.SIGTERM), KUBELET
)
RECEIVER_FROZEN = Fault(
    "receiver frozen", "SIGSTOP of one of two receivers.", frozen(one_receiver), BY_ITSELF, lasts=LEASE_OUTLASTED
)
WORKER_KILLED = Fault(
    "worker killed",
    "SIGKILL of one of two workers of each group.",
    signalled(one_worker_each, signal.SIGKILL),
    KUBELET,
    scenes=EACH_KIND_OF_GROUP,
)
WORKER_ENDED = Fault(
    "worker told to end",
    "SIGTERM of one of two workers of each group.",
    signalled(one_worker_each, signal.SIGTERM),
    KUBELET,
)
WORKER_FROZEN = Fault(
    "worker frozen",
    "SIGSTOP of one of two workers of each group, for longer than its leases.",
    frozen(one_worker_each),
    BY_ITSELF,
    lasts=LEASE_OUTLASTED,
    scenes=EACH_KIND_OF_GROUP,
)
WORKERS_ROLLED = Fault(
    "workers rolled",
    "SIGTERM of each worker, one after the other, as a roll-out does.",
    rolled,
    "all are new",
    scenes=EACH_KIND_OF_GROUP,
)
ALL_WORKERS_KILLED = Fault(
    "all workers killed",
    "SIGKILL of all four workers.",
    signalled(all_workers, signal.SIGKILL),
    KUBELET,
    scenes=EACH_KIND_OF_GROUP,
)
FAULTS = [
    RECEIVER_KILLED,
    RECEIVER_ENDED,
    RECEIVER_FROZEN,
    WORKER_KILLED,
    WORKER_ENDED,
    WORKER_FROZEN,
    WORKERS_ROLLED,
    Fault("all receivers killed", "SIGKILL of both receivers.", signalled(both_receivers, signal.SIGKILL), KUBELET),
    ALL_WORKERS_KILLED,
    Fault(
        "all workers frozen",
        "SIGSTOP of all four workers, for longer than their leases.",
        frozen(all_workers),
        BY_ITSELF,
        lasts=LEASE_OUTLASTED,
        scenes=EACH_KIND_OF_GROUP,
    ),
]
