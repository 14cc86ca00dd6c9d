"""Faults that end with another primary, which Sentinels choose."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.fault import Fault
from tests.chaos.live import Live
from tests.chaos.sentinel_scene import make_whole, primary
from tests.support.sentinels import Watched
from tests.support.servers import Server
from tests.support.waiting import wait_until

PROMOTION, BACK = "Sentinels promote a replica", "it is made a replica of the new one"
SCENES = ("sentinel", "sentinel memory")


def _whole(live: Live) -> tuple[Watched, Server]:
    """All of it, and the primary: as at the beginning, whatever was struck before."""
    parts: Watched = live.surroundings.parts
    make_whole(parts)
    return parts, primary(parts)


def _await_another(parts: Watched, than: Server) -> None:
    wait_until(lambda: primary(parts) is not than, seconds=30, description="another server is promoted")


@contextmanager
def primary_killed(live: Live) -> Iterator[None]:
    """SIGKILL the primary."""
    _, server = _whole(live)
    server.stop(kill=True)
    yield


@contextmanager
def primary_back(live: Live) -> Iterator[None]:
    """SIGKILL the primary, and start it once another one is."""
    parts, server = _whole(live)
    server.stop(kill=True)
    _await_another(parts, server)
    server.start()
    yield


@contextmanager
def primary_and_sentinel_frozen(live: Live) -> Iterator[None]:
    """SIGSTOP the primary and the Sentinel that is asked first."""
    parts, server = _whole(live)
    parts.sentinels[0].signal(signal.SIGSTOP)
    server.freeze()
    yield


@contextmanager
def frozen_primary_goes_on(live: Live) -> Iterator[None]:
    """SIGSTOP the primary, and SIGCONT once another one is: it believes that it still is one."""
    parts, server = _whole(live)
    server.freeze()
    _await_another(parts, server)
    server.thaw()
    yield


@contextmanager
def stale_sentinel(live: Live) -> Iterator[None]:
    """Let the first Sentinel sleep through a promotion; then everybody has to connect anew, and asks it first."""
    parts, server = _whole(live)
    parts.sentinels[0].signal(signal.SIGSTOP)
    server.stop(kill=True)
    _await_another(parts, server)
    server.start()
    parts.sentinels[0].go_on()
    with primary(parts).client() as client:
        client.execute_command("CLIENT KILL TYPE normal SKIPME yes")
    yield


FAULTS = [
    Fault("primary killed", "SIGKILL of the primary.", primary_killed, PROMOTION, scenes=SCENES, may_lose=SCENES[1:]),
    Fault(
        "former primary back",
        "The primary is killed, another one is promoted, and the first starts again with its old data.",
        primary_back,
        BACK,
        scenes=SCENES,
        may_lose=SCENES[1:],
    ),
    Fault(
        "primary and first Sentinel frozen",
        "SIGSTOP of the primary and the first Sentinel in `REDIS_URL` together: they take connections, and are silent.",
        primary_and_sentinel_frozen,
        PROMOTION,
        scenes=SCENES,
        may_lose=SCENES[1:],
    ),
    Fault(
        "frozen primary goes on",
        "The primary freezes, another one is promoted, and the first goes on, as the primary that it believes it is.",
        frozen_primary_goes_on,
        BACK,
        scenes=SCENES,
        may_lose=SCENES[1:],
    ),
    Fault(
        "stale Sentinel",
        "The first Sentinel sleeps through a promotion and wakes up with what it knew; every connection is closed.",
        stale_sentinel,
        "the newer knowledge of the others counts",
        scenes=SCENES,
        may_lose=SCENES[1:],
    ),
]
