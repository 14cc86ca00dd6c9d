"""Faults of the server and of what stands in it."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.fault import EACH_KIND_OF_GROUP, Fault
from tests.chaos.live import Live

BACKLOG_SECONDS = 2.0
ALL_LEVELS = ("memory", "everysec", "fsync")


@contextmanager
def server_killed(live: Live) -> Iterator[None]:
    """SIGKILL the server; it starts again on what is on its disk."""
    server = live.surroundings.only_server
    server.stop(kill=True)
    yield
    server.start()


@contextmanager
def server_killed_with_a_backlog(live: Live) -> Iterator[None]:
    """The same while events wait: the workers have been frozen for two seconds before."""
    for worker in live.workers:
        worker.signal(signal.SIGSTOP)
    time.sleep(BACKLOG_SECONDS)
    live.surroundings.only_server.stop(kill=True)
    for worker in live.workers:
        worker.signal(signal.SIGCONT)
    yield
    live.surroundings.only_server.start()


@contextmanager
def server_frozen(live: Live) -> Iterator[None]:
    """SIGSTOP the server, SIGCONT at the end."""
    server = live.surroundings.only_server
    server.freeze()
    yield
    server.thaw()


@contextmanager
def connections_cut(live: Live) -> Iterator[None]:
    """Close every connection that the server has."""
    with live.surroundings.only_server.client() as client:
        client.execute_command("CLIENT KILL TYPE normal SKIPME yes")
    yield


@contextmanager
def scripts_flushed(live: Live) -> Iterator[None]:
    """Let the server forget all scripts."""
    with live.surroundings.only_server.client() as client:
        client.script_flush()
    yield


SERVER_KILLED = Fault(
    "server killed",
    "SIGKILL of the store's server, which starts again after 3 s.",
    server_killed,
    "it is started again with the data of its disk",
    lasts=3.0,
    scenes=("memory", "everysec", *EACH_KIND_OF_GROUP),
    may_lose=("memory", "everysec"),
)
SERVER_FROZEN = Fault(
    "server frozen",
    "SIGSTOP of the server: it keeps its connections and answers nothing, for longer than a lease.",
    server_frozen,
    "it goes on by itself after 6 s",
    lasts=6.0,
    scenes=EACH_KIND_OF_GROUP,
)
CONNECTIONS_CUT = Fault(
    "connections cut",
    "The server closes every connection at once.",
    connections_cut,
    "they connect anew",
    scenes=EACH_KIND_OF_GROUP,
)
SCRIPTS_FLUSHED = Fault("scripts flushed", "The server forgets every script.", scripts_flushed, "they are loaded again")
SERVER_KILLED_WITH_A_BACKLOG = Fault(
    "server killed while events wait",
    "SIGKILL of the server when its workers have been frozen for 2 s, so that acknowledged events wait in it.",
    server_killed_with_a_backlog,
    "it is started again after 3 s with the data of its disk",
    lasts=3.0,
    scenes=ALL_LEVELS,
    may_lose=("memory", "everysec"),
)
FAULTS = [SERVER_KILLED, SERVER_KILLED_WITH_A_BACKLOG, SERVER_FROZEN, CONNECTIONS_CUT, SCRIPTS_FLUSHED]
