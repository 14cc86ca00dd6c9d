"""Faults between any two commands: processes that end at every point, and connections that do, by a debugging proxy.

The scene `wired` has one in front of one receiver and of one worker of each group. What these send is looked at first;
then each point is struck once under traffic: before the server gets a command, and after it has carried it out and
before anybody hears of it. The points are every script and command that was seen, so a new one is struck by itself.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.fault import Fault, Strike
from tests.chaos.live import Live
from tests.chaos.process_faults import Role, is_new
from tests.chaos.scenes import Scene, Surroundings, plain
from tests.chaos.wire import Cut, Lifetime, Rule, Wire, wires
from tests.support.receiver_process import ReceiverProcess
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

LOOKED_SECONDS, POINT_SECONDS = 6.0, 8.0
STOPPED_SECONDS = 4.0
"""Longer than a lease."""
STATEMENTS = {"HELLO", "CLIENT", "AUTH", "SELECT", "PING", "SCRIPT", "INFO", "CONFIG"}
"""Sent when a connection begins, or to ask: cuts by number meet them, too."""


class Wired:
    """The first role of each kind, and its proxy."""

    def __init__(self, ready: list[Wire]) -> None:
        self._ready = ready
        self.pairs: list[tuple[Role, Wire]] = []

    def place(self, role: Role) -> None:
        """Put a proxy before the first receiver, and the first worker of each group."""
        kind = role.group if isinstance(role, WorkerProcess) else "receiver"
        if kind not in [_kind(other) for other, _ in self.pairs]:
            wire = self._ready[len(self.pairs)]
            role.redis_url = f"redis://127.0.0.1:{wire.port}/0"
            self.pairs.append((role, wire))


def _kind(role: Role) -> str:
    return role.group if isinstance(role, WorkerProcess) else "receiver"


@contextmanager
def _opened(folder: Path) -> Iterator[Surroundings]:
    open_plain = plain("fsync", {"appendonly": "yes", "appendfsync": "always"})
    with open_plain(folder) as surroundings, wires(surroundings.only_server.port, 3) as ready:
        wired = Wired(ready)
        surroundings.parts, surroundings.place = wired, wired.place
        yield surroundings


SCENES = [
    Scene(
        "wired",
        "as `fsync`, with a debugging proxy between the store and one receiver and one worker of each group",
        _opened,
    )
]


def at_every_command(kinds: Callable[[Role], bool], number: signal.Signals, seconds: float = 0.0) -> Strike:
    """Send the process a signal at every point; after SIGSTOP it goes on ``seconds`` later."""

    @contextmanager
    def strike(live: Live) -> Iterator[None]:
        pairs = [pair for pair in live.surroundings.parts.pairs if kinds(pair[0])]
        for _, wire in pairs:
            wire.seen.clear()
        time.sleep(LOOKED_SECONDS)
        points = [sorted(set(wire.seen) - STATEMENTS) for _, wire in pairs]
        for place in range(max(map(len, points))):
            for after in (False, True):
                struck = [
                    _strike(role, wire, names[place], number, after=after)
                    for (role, wire), names in zip(pairs, points, strict=True)
                    if place < len(names)
                ]
                _await_struck(live, struck, seconds if number is signal.SIGSTOP else 0.0)
        yield

    return strike


def _strike(role: Role, wire: Wire, command: str, number: signal.Signals, *, after: bool) -> tuple[Role, int, Rule]:
    pid = role.pid

    def act() -> None:
        os.kill(pid, number)
        if number is signal.SIGKILL:
            raise Cut

    rule = Rule(command, after, act)
    wire.rules = [rule]
    return role, pid, rule


def _await_struck(live: Live, struck: list[tuple[Role, int, Rule]], stopped: float) -> None:
    """Until every process that met its point is at work again; a command that does not come again is left."""
    until = time.monotonic() + POINT_SECONDS
    while time.monotonic() < until and not all(rule.done for *_, rule in struck):
        time.sleep(0.05)
    if stopped:
        time.sleep(stopped)
    for role, pid, rule in struck:
        if rule.done and stopped:
            os.kill(pid, signal.SIGCONT)
        elif rule.done:
            wait_until(lambda role=role, pid=pid: is_new(role, pid), seconds=120, description="it is started again")  # type: ignore[misc]
    for wire in live.surroundings.parts.pairs:
        wire[1].rules = []


def connections_live_for(unit: str, step: int, last: int) -> Strike:
    """Each connection lives a little longer than the one before it, until it is past ``last`` units."""

    @contextmanager
    def strike(live: Live) -> Iterator[None]:
        pairs = live.surroundings.parts.pairs
        for _, wire in pairs:
            wire.lifetime = Lifetime(unit, step)
            wire.close_all()
        until = time.monotonic() + 40
        while time.monotonic() < until and any(wire.lifetime.next < last for _, wire in pairs):
            time.sleep(0.1)
        for _, wire in pairs:
            wire.lifetime = None
        yield

    return strike


def _is_receiver(role: Role) -> bool:
    return isinstance(role, ReceiverProcess)


def _is_worker(role: Role) -> bool:
    return not _is_receiver(role)


SIGNALS = {
    signal.SIGKILL: ("killed", "Kubernetes starts it again each time"),
    signal.SIGTERM: ("told to end", "Kubernetes starts it again each time"),
    signal.SIGSTOP: ("frozen", "it goes on after 4 s each time"),
}
PLURALS = {
    "reply": "replies",
    "command": "commands",
    "reply byte": "bytes of replies",
    "command byte": "bytes of commands",
}
WHERE = "before the server gets it, and after it has carried it out and before the reply"
FAULTS = [
    *(
        Fault(
            f"{who} {word} at every command",
            f"{number.name} of {whom} at each script and command that it sends: {WHERE}.",
            at_every_command(kinds, number, STOPPED_SECONDS),
            heals,
            scenes=("wired",),
        )
        for who, whom, kinds in (
            ("receiver", "a receiver", _is_receiver),
            ("worker", "a worker of each group", _is_worker),
        )
        for number, (word, heals) in SIGNALS.items()
    ),
    *(
        Fault(
            f"connections end after n {PLURALS[unit]}",
            f"Each connection of a receiver and two workers ends after n {PLURALS[unit]}, for n from 0 {what}.",
            connections_live_for(unit, step, last),
            "connections live again",
            scenes=("wired",),
        )
        for unit, step, last, what in (
            ("reply", 1, 60, "to 60: the server has carried the next one out, and nobody hears of it"),
            ("command", 1, 60, "to 60: the server does not get the next one"),
            ("reply byte", 97, 12_000, "in steps of 97 to 12,000: a reply that is cut off"),
            ("command byte", 97, 12_000, "in steps of 97 to 12,000: a command that is cut off"),
        )
    ),
]
