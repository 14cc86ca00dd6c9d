"""A live pipeline of real processes: receivers, workers of two groups, a sender, and who starts again what has died."""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tests.chaos import debounce_counting, limit_counting, witness
from tests.chaos.counting import Counting
from tests.chaos.debounce_counting import DebounceCounting
from tests.chaos.follow_up_counting import FollowUpCounting
from tests.chaos.limit_counting import LimitCounting
from tests.chaos.scenes import Surroundings
from tests.chaos.sender import Order
from tests.support.idempotency_records import READ
from tests.support.receiver_process import ReceiverProcess
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

ORDERED, LOOSE = "ordered", "loose"
GROUPS = {ORDERED: "entity", LOOSE: "none"}
"""The ordering of each group."""
SETTINGS = {
    "STORE_TIMEOUT_SECONDS": "2",
    "WORKER_HANDLERS": "tests.chaos.witness:router",
    "LEASE_SECONDS": "3",
    "UPKEEP_SECONDS": "1",
    "MAX_ATTEMPTS": "50",
    "BACKOFF_BASE_SECONDS": "0.1",
    "BACKOFF_CAP_SECONDS": "1",
    "READINESS_GRACE_SECONDS": "1",
}
"""Short times, so that a fault outlasts a lease within seconds. The defaults are twenty times that."""
OF_EVENTS = "bdes"
"""How lines of the witness begin that are about events, and not about follow-ups."""
KEPT_EVERY_SECONDS = 0.1
QUIET_SECONDS = 2.0
"""So long everything has to go well before it counts as well again; counted from the first of them."""


@dataclass
class Live:
    """A running pipeline.

    Attributes:
        surroundings: Its store.
        folder: Of the diary and the witness's file.
        order: What the sender does, but where.
        counting: What has become of everything so far.
        follow_ups: The same of follow-ups, where there are any.
        debounced: The same of debounced handlers' calls, where there are any. Their group is not among the others.
        limited: The same of limited handlers' calls, likewise.
        receivers: Two of them.
        workers: Two of each group.
        held: Processes that are not started again when they have died.
        restarts: How often each process was started again, by its place in `roles`.
    """

    surroundings: Surroundings
    folder: Path
    order: Order
    receivers: list[ReceiverProcess] = field(default_factory=list)
    workers: list[WorkerProcess] = field(default_factory=list)
    held: set[int] = field(default_factory=set)
    counting: Counting = field(init=False)
    follow_ups: FollowUpCounting | None = field(init=False)
    debounced: DebounceCounting | None = field(init=False)
    limited: LimitCounting | None = field(init=False)
    restarts: list[int] = field(default_factory=list)
    _sender: "subprocess.Popen[bytes] | None" = None
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _read_to: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        ordered = {name for name, settings in self.groups.items() if settings["WORKER_ORDERING"] == "entity"}
        self.counting = Counting([name for name in self.groups if name != debounce_counting.GROUP], ordered)
        self.follow_ups = FollowUpCounting(self.counting) if self.surroundings.follow_ups else None
        self.debounced = DebounceCounting(self.counting) if debounce_counting.GROUP in self.groups else None
        self.limited = LimitCounting() if limit_counting.GROUP in self.groups else None

    @property
    def groups(self) -> dict[str, dict[str, str]]:
        """The settings of each group's workers."""
        return self.surroundings.groups or {name: {"WORKER_ORDERING": ordering} for name, ordering in GROUPS.items()}

    @property
    def roles(self) -> list[ReceiverProcess | WorkerProcess]:
        """Receivers, then workers."""
        return [*self.receivers, *self.workers]

    def workers_of(self, group: str) -> list[WorkerProcess]:
        """Those of a group."""
        return [worker for worker in self.workers if worker.group == group]

    def start(self, settings: dict[str, str]) -> None:
        """Start all of it; returns when the first events are through."""
        url, common = self.surroundings.url, SETTINGS | self.surroundings.settings | settings
        common |= {witness.FILE: str(self.folder / "witness"), witness.LOOK: self.surroundings.look}
        (self.folder / "look.lua").write_text(READ, "utf-8")
        common[witness.SCRIPT] = str(self.folder / "look.lua")
        (self.folder / "witness").touch()
        (self.folder / "diary").touch()
        self.receivers += [ReceiverProcess(url, dict(common)) for _ in range(2)]
        self.workers += [
            WorkerProcess(group, url, common | settings_of_group)
            for group, settings_of_group in self.groups.items()
            for _ in range(2)
        ]
        for role in self.roles:
            self.surroundings.place(role)
        with ThreadPoolExecutor(2) as pool:  # more at once would only wait for each other on a small machine
            list(pool.map(lambda role: role.start(), self.roles))
        self.order.ports = [self.surroundings.deliver_to(receiver) for receiver in self.receivers]
        self.order = msgspec.structs.replace(self.order, **self.surroundings.sender)
        self.order.diary = str(self.folder / "diary")
        command = [sys.executable, "-m", "tests.chaos.sender", json.dumps(msgspec.to_builtins(self.order))]
        self._sender = subprocess.Popen(command)
        self._thread = threading.Thread(target=self._look_after)
        self._thread.start()
        wait_until(self._has_begun, seconds=60, description="the first events are through")

    def _has_begun(self) -> bool:
        return len(self.counting.answered) > self.order.rate and self.behind() < self.order.rate

    def await_end_of_sending(self, seconds: float) -> None:
        """Return when the sender has sent all that was ordered, and everything is effected or given up."""
        assert self._sender is not None
        self._sender.wait(timeout=seconds)
        self._sender = None
        wait_until(lambda: not self.behind(), seconds=60, description="all is drained")

    def end(self) -> None:
        """End all of it, at once."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        if self._sender is not None:
            self._sender.kill()
            self._sender.wait()
        for role in self.roles:
            role.kill()

    def behind(self, since: float = 0.0) -> int:
        """Events that the slowest group still has before it: acknowledged and not effected. First sent since then."""
        with self._lock:
            events = self.counting.events
            found = [
                [n for n in numbers if (events[n].sent or 0) >= since] for numbers in self.counting.behind.values()
            ]
        return max(map(len, found))

    def next_number(self) -> int:
        """One above the highest event that is known."""
        with self._lock:
            return max(self.counting.events, default=-1) + 1

    @contextmanager
    def locked(self) -> Iterator[Counting]:
        """The counting, which stands still meanwhile."""
        with self._lock:
            yield self.counting

    def await_well(self, since: float, usual: int, seconds: float, *, only_new: bool = False) -> float:
        """Wait until all goes well; how many seconds after ``since`` it began to.

        Well: for `QUIET_SECONDS` every delivery was answered 200 at each try, and no group was further behind than
        ``usual``. With ``only_new`` only of what was sent since then. Infinite when it is not in time.
        """
        bad, deadline = since, since + seconds + QUIET_SECONDS + self.order.patience
        while (now := time.monotonic()) < deadline:
            if self.behind(since if only_new else 0.0) > usual:
                bad = now
            with self._lock:
                bad = max(bad, self.counting.last_refused)
                enough = sum(sent >= bad for sent in self.counting.answered[-int(self.order.rate * 5) :])
            if now - bad >= QUIET_SECONDS and enough >= self.order.rate:
                return bad - since
            time.sleep(KEPT_EVERY_SECONDS)
        return float("inf")

    def _look_after(self) -> None:
        """Read what is written, and start again what has died, as the kubelet does."""
        while not self._over.wait(KEPT_EVERY_SECONDS):
            self.read()
            for role in self.roles:
                if role.ended and id(role) not in self.held:
                    role.launch()
                    self.restarts.append(self.roles.index(role))

    def read(self) -> None:
        """Count what has been written down since."""
        with self._lock:
            for line in self._new_lines("diary"):
                self.counting.tell_delivery(line)
            for line in self._new_lines("witness"):
                for each in (self.follow_ups, self.debounced, self.limited):
                    if each is not None:
                        each.tell(line)
                if line[0] in OF_EVENTS:
                    self.counting.tell_effect(line)

    def _new_lines(self, name: str) -> list[str]:
        with (self.folder / name).open("rb") as file:
            file.seek(self._read_to[name])
            whole, newline, _ = file.read().rpartition(b"\n")
        self._read_to[name] += len(whole + newline)
        return whole.decode().splitlines()


@contextmanager
def running(surroundings: Surroundings, folder: Path, order: Order, settings: dict[str, str]) -> Iterator[Live]:
    """A pipeline that runs and is ended."""
    live = Live(surroundings, folder, order)
    try:
        live.start(settings)
        yield live
    finally:
        live.end()
