"""The networks, clocks and disks of the faults do what they are for: else a fault would be none, and counts be good."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tests.chaos.surroundings import faked_time, namespaces, slow_disks
from tests.chaos.surroundings.namespaces import Machine, machines
from tests.chaos.surroundings.relays import relay
from tests.chaos.surroundings.slow_disks import slow_disk
from tests.chaos.surroundings.wires import CUT, Disturbance, Wires, wired
from tests.support.servers import Server, engines, free_port
from tests.support.waiting import wait_until

NEEDS_NAMESPACES = pytest.mark.skipif(bool(namespaces.absent()), reason=str(namespaces.absent()))
NEEDS_FAKETIME = pytest.mark.skipif(bool(faked_time.absent()), reason=str(faked_time.absent()))
NEEDS_STRACE = pytest.mark.skipif(bool(slow_disks.absent()), reason=str(slow_disks.absent()))


class Distant:
    """A server on one machine, a client on another."""

    def __init__(self, wires: Wires, port: int) -> None:
        self.wires = wires
        self._client: Any = redis.Redis(port=port, socket_timeout=0.5, retry=Retry(NoBackoff(), 0))

    def round_trip(self) -> float | None:
        """Seconds that a question takes; None: there is no answer."""
        began = time.monotonic()
        try:
            self._client.ping()
        except RedisError:
            return None
        return time.monotonic() - began


def start_on(machine: Machine, folder: Path) -> Server:
    """A server there, which listens to the others."""
    program = machine.script(folder, engines()["valkey"])
    return Server(program, folder, {"bind": "0.0.0.0", "protected-mode": "no"})


@pytest.fixture
def distant(tmp_path: Path) -> Iterator[Distant]:
    """Two machines, a wire between them."""
    with ExitStack() as stack:
        found = stack.enter_context(machines(["store", "sender"]))
        wires = stack.enter_context(wired(found))
        server = start_on(found["store"], tmp_path)
        stack.enter_context(relay(found["store"])).expose(server.port)
        port = free_port()
        address = (found["store"].address, server.port)
        stack.enter_context(relay(found["sender"])).carry(port, lambda: address)
        stack.callback(server.start().stop, kill=True)
        yield Distant(wires, port)


@NEEDS_NAMESPACES
def test_wires(distant: Distant) -> None:
    """Delay is added in each direction, a cut and a half-open way give no answer, loss stops some; then all is well."""
    assert (distant.round_trip() or 1) < 0.05

    distant.wires.between("store", "sender", Disturbance(late_seconds=0.1))
    assert 0.2 <= (distant.round_trip() or 0) < 0.4
    distant.wires.heal()
    distant.wires.disturb("store", "sender", CUT)
    assert distant.round_trip() is None
    distant.wires.heal()
    assert distant.round_trip() is not None
    distant.wires.between("store", "sender", CUT)
    assert distant.round_trip() is None
    distant.wires.heal()
    stopped = distant.wires.stopped
    distant.wires.between("store", "sender", Disturbance(lost=0.3))
    answers = [distant.round_trip() for _ in range(8)]
    assert any(answers)
    assert distant.wires.stopped > stopped
    distant.wires.heal()
    assert (distant.round_trip() or 1) < 0.5


@NEEDS_FAKETIME
def test_clocks(tmp_path: Path) -> None:
    """A server's time of day jumps while it runs, forward and back; what it measures goes on."""
    with faked_time.tidied(), faked_time.clock(tmp_path) as clock:
        server = Server(clock.script(tmp_path, engines()["valkey"]), tmp_path).start()
        with server.client() as client:

            def ahead() -> float:
                told: Any = client.time()
                return float(told[0]) - time.time()

            assert abs(ahead()) < 2
            for seconds in (3_600, -3_600, 10):
                clock.set(seconds)
                wait_until(lambda seconds=seconds: abs(ahead() - seconds) < 2, description=f"{seconds} s")  # type: ignore[misc]
            began = time.monotonic()
            client.blpop(["nothing"], timeout=1)
            assert time.monotonic() - began < 3
        server.stop(kill=True)


@NEEDS_STRACE
def test_slow_disks(tmp_path: Path) -> None:
    """While the disk is slow, what is written takes as long; before and afterwards it does not."""
    server = Server(engines()["valkey"], tmp_path, {"appendonly": "yes", "appendfsync": "always"}).start()
    with server.client() as client:

        def seconds() -> float:
            began = time.monotonic()
            client.set("a", "b")
            return time.monotonic() - began

        assert seconds() < 0.3
        with slow_disk(server.pid, 0.4):
            assert seconds() >= 0.4
        assert min(seconds() for _ in range(3)) < 0.3
    server.stop(kill=True)
