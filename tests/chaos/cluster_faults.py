"""Faults of a Redis Cluster: a node is lost, a slot moves."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.cluster_scene import STREAM, make_whole, primaries, primary_of_stream
from tests.chaos.fault import Fault
from tests.chaos.live import Live
from tests.support.moved_slots import move_slot, slot_of
from tests.support.servers import Server
from tests.support.waiting import wait_until

SCENES = ("cluster", "cluster Redis 7.0")


def _whole(live: Live) -> tuple[list[Server], Server]:
    nodes: list[Server] = live.surroundings.parts
    make_whole(nodes)
    return nodes, primary_of_stream(nodes)


def _await_another(nodes: list[Server], than: Server) -> None:
    wait_until(lambda: than not in primaries(nodes), seconds=30, description="the replica is promoted")


@contextmanager
def primary_lost(live: Live) -> Iterator[None]:
    """SIGKILL the primary of the stream; once its replica is promoted, it starts again."""
    nodes, server = _whole(live)
    server.stop(kill=True)
    _await_another(nodes, server)
    server.start()
    yield


@contextmanager
def primary_frozen(live: Live) -> Iterator[None]:
    """SIGSTOP the primary of the stream, and SIGCONT once its replica is promoted."""
    nodes, server = _whole(live)
    server.freeze()
    _await_another(nodes, server)
    server.thaw()
    yield


@contextmanager
def replica_lost(live: Live) -> Iterator[None]:
    """SIGKILL the replica of the stream's primary; it starts again at the end."""
    nodes, server = _whole(live)
    with server.client() as client:
        port = int(client.info("replication")["slave0"]["port"])
    replica = next(node for node in nodes if node.port == port)
    replica.stop(kill=True)
    yield
    replica.start()


@contextmanager
def slot_moved(live: Live) -> Iterator[None]:
    """Move the slot of the stream to another primary, key by key."""
    nodes, source = _whole(live)
    target, *others = [node for node in primaries(nodes) if node is not source]
    for _ in move_slot(source, target, others, slot_of(source, STREAM), STREAM):
        pass
    yield


@contextmanager
def slot_moved_as_a_whole(live: Live) -> Iterator[None]:
    """Let Valkey 9 move the slot by itself."""
    nodes, source = _whole(live)
    target = next(node for node in primaries(nodes) if node is not source)
    with source.client() as client, target.client() as other:
        slot, name = slot_of(source, STREAM), other.execute_command("CLUSTER MYID")
        client.execute_command("CLUSTER MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", name)
        wait_until(lambda: primary_of_stream(nodes) is target, seconds=30, description="the slot has moved")
    yield


FAULTS = [
    Fault(
        "cluster's primary lost",
        "SIGKILL of the primary that has the stream, which starts again when its replica is promoted: until then the "
        "promise of a replica cannot be kept, and nothing is acknowledged.",
        primary_lost,
        "the replica is promoted, and the former primary is its replica",
        scenes=SCENES,
    ),
    Fault(
        "cluster's primary frozen",
        "SIGSTOP of that primary, which goes on when its replica is promoted.",
        primary_frozen,
        "it learns that it is a replica by now",
        scenes=SCENES,
    ),
    Fault(
        "cluster's replica lost",
        "SIGKILL of the replica of that primary, which starts again after 4 s.",
        replica_lost,
        "the replica is in step again",
        lasts=4.0,
        scenes=SCENES,
    ),
    Fault(
        "slot moved",
        "The slot of the stream moves to another primary as resharding by `redis-cli` does it, key by key.",
        slot_moved,
        "the last key has moved",
        scenes=SCENES,
    ),
    Fault(
        "slot moved as a whole",
        "The slot of the stream moves by `CLUSTER MIGRATESLOTS`.",
        slot_moved_as_a_whole,
        "the other primary has it",
        scenes=SCENES[:1],
    ),
]
