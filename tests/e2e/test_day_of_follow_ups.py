"""A day of follow-ups by clocks that are set: over deaths of workers, a restart of the store and a promoted replica."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.chaos.surroundings.faked_time import Clock, absent, clock, tidied
from tests.chaos.surroundings.relays import Relay, relay
from tests.e2e.day_plan import GROUP, HOUR_SECONDS, HOURS, Plan, planned
from tests.support.servers import Server, engines, free_port
from tests.support.stored_events import store_events
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

SETTINGS = {
    "WORKER_HANDLERS": "tests.e2e.day_handlers:router",
    "LEASE_SECONDS": "2",
    "UPKEEP_SECONDS": "0.5",
    "STORE_TIMEOUT_SECONDS": "2",
    "MAX_ATTEMPTS": "50",
}
# By a clock that leaps, every link to a replica has been silent for an hour.
OPTIONS = {"appendonly": "yes", "appendfsync": "always", "repl-diskless-sync-delay": "0", "repl-timeout": "1000000"}
ROUNDED_SECONDS = 0.002
STEP_SECONDS = 60.0

pytestmark = [
    pytest.mark.skipif(bool(absent()), reason=str(absent())),
    pytest.mark.timeout(400),
]


class Line(NamedTuple):
    """A line of the diary: see `tests.e2e.day_handlers`."""

    word: str
    process: int
    event_id: str
    time: float
    seconds: float


@dataclass
class Day:
    """A store with a replica and two workers, and the way from them to whichever server is the primary.

    Attributes:
        clock: By which all of them live.
        primary: The server that workers reach.
        replica: Its replica, until it is promoted.
        diary: What the handlers write.
        workers: Two.
        killed: Processes of workers that were killed.
        copied: When, by the clock, the replica was last known to have everything before it was promoted.
    """

    clock: Clock
    primary: Server
    replica: Server
    diary: Path
    workers: list[WorkerProcess] = field(default_factory=list)
    killed: set[int] = field(default_factory=set)
    copied: float = float("inf")

    def lines(self) -> list[Line]:
        """All of the diary."""
        rows = (line.split() for line in self.diary.read_text("ascii").splitlines())
        return [Line(word, int(pid), name, float(at), float(seconds)) for word, pid, name, at, seconds in rows]

    def ended(self) -> set[str]:
        """The follow-ups whose effect has happened."""
        return {line.event_id for line in self.lines() if line.word == "ends"}

    def is_quiet(self) -> bool:
        """Whether the group has read everything and holds nothing."""
        with self.primary.client() as redis:
            stream: Any = redis.xinfo_stream("sl:{0}:events")
            group: Any = next(iter(redis.xinfo_groups("sl:{0}:events")), None)
        return bool(group) and group["pending"] == 0 and group["last-delivered-id"] == stream["last-generated-id"]

    def kill(self, *workers: WorkerProcess) -> None:
        """In the middle of something; as the kubelet does, others are started."""
        for worker in workers:
            self.killed.add(worker.pid)
            worker.kill()
            worker.launch()

    def restart(self) -> None:
        """SIGKILL the store, and start it on what it had written."""
        self.primary.stop(kill=True)
        self.primary.start()
        wait_until(self._is_followed, seconds=STEP_SECONDS, description="the replica follows again")

    def promote(self) -> None:
        """SIGKILL the primary, of whose last commands the replica may not have heard, and let that be the primary."""
        self.copied = self.clock.ahead + time.time()
        with self.primary.client() as redis:
            redis.set("asked", "now")
            assert redis.wait(1, 10_000) == 1
        self.primary.stop(kill=True)
        with self.replica.client() as redis:
            redis.replicaof("NO", "ONE")
        self.primary = self.replica

    def _is_followed(self) -> bool:
        with self.replica.client() as redis:
            return bool(redis.info("replication")["master_link_status"] == "up")

    def begin(self, way: Relay, stack: ExitStack) -> None:
        """Start all of it."""
        for server in (self.primary, self.replica):
            stack.callback(server.start().stop, kill=True)
        with self.replica.client() as redis:
            redis.replicaof("127.0.0.1", self.primary.port)
        wait_until(self._is_followed, seconds=STEP_SECONDS, description="the replica follows")
        port = free_port()
        way.carry(port, lambda: ("127.0.0.1", self.primary.port))
        settings = SETTINGS | self.clock.environment | {"DIARY": str(self.diary)}
        for _ in range(2):
            self.workers.append(WorkerProcess(GROUP, f"redis://127.0.0.1:{port}/0", settings))
            stack.callback(self.workers[-1].kill)
            self.workers[-1].launch()
        for worker in self.workers:
            worker.wait_until_ready("a worker")


Fault = Callable[[Day], None]
FAULTS: dict[int, Fault] = {
    0: lambda day: day.kill(day.workers[0]),
    5: lambda day: day.kill(day.workers[1]),
    11: Day.restart,
    15: Day.promote,
    20: lambda day: day.kill(*day.workers),
}
"""By the hour, each as soon as something of that hour has been begun."""


@contextmanager
def beginning(folder: Path) -> Iterator[Day]:
    """It is the hour 0."""
    with ExitStack() as stack:
        stack.enter_context(tidied())
        shared = stack.enter_context(clock(folder))
        program = shared.script(folder, engines()["valkey"])
        servers = []
        for name in ("primary", "replica"):
            (folder / name).mkdir()
            servers.append(Server(program, folder / name, OPTIONS))
        (folder / "diary").touch()
        primary, replica = servers
        day = Day(shared, primary, replica, folder / "diary")
        day.begin(stack.enter_context(relay()), stack)
        yield day


def pass_hour(day: Day, plan: Plan, hour: int) -> None:
    """Set the clocks, send what is sent then, let the hour's fault happen, and wait until all that is due has run."""
    before = len(day.lines())
    day.clock.set(hour * HOUR_SECONDS)
    store_events(day.primary, plan.events[hour])
    if hour in FAULTS:
        wait_until(lambda: len(day.lines()) > before, seconds=STEP_SECONDS, description="the hour has begun")
        FAULTS[hour](day)
    due = plan.due_by(hour)
    wait_until(
        lambda: due <= day.ended() and day.is_quiet(), seconds=STEP_SECONDS, description=f"all of hour {hour} has run"
    )


def test_a_day_of_follow_ups(tmp_path: Path) -> None:
    """In a day each follow-up runs once and not before its time; what was cancelled or replaced never does."""
    plan = planned()
    with beginning(tmp_path) as day:
        for hour in range(HOURS + 1):
            pass_hour(day, plan, hour)

        with day.primary.client() as redis:
            left = [key for key in redis.scan_iter(f"sl:{{0}}:g:{GROUP}:*") if ":later" in key or key.endswith(":dead")]
        lines = day.lines()
    assert [key for key in left if ":later:key:" not in key] == []
    assert day.ended() == set(plan.reminders)
    assert plan.never.isdisjoint(line.event_id for line in lines)
    assert early(plan, lines) == []
    assert repeated_without_need(day, lines) == []


def early(plan: Plan, lines: list[Line]) -> list[Line]:
    """What ran before its time: as its event had asked, or as the store has said."""
    asked: dict[str, float] = {}
    for line in lines:
        if line.word == "asks":
            asked.setdefault(line.event_id, line.time)
    return [
        line
        for line in lines
        if line.word == "runs"
        and (
            line.time < line.seconds - ROUNDED_SECONDS
            or line.time
            < asked[plan.reminders[line.event_id].asker] + plan.reminders[line.event_id].after_seconds - ROUNDED_SECONDS
        )
    ]


def repeated_without_need(day: Day, lines: list[Line]) -> list[str]:
    """What ran more than once although no process that ran it was killed, nor the primary before it could tell."""
    ran: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line.word == "runs":
            ran[line.event_id].append(line)
    return [
        name
        for name, attempts in ran.items()
        if not all(each.process in day.killed or each.time >= day.copied for each in attempts[:-1])
    ]
