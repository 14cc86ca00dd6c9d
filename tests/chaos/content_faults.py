"""Faults of what stands in the store, and of what the server lets in: by other people's hands, and by its limits."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import redis

from tests.chaos.fault import Fault, Strike
from tests.chaos.live import GROUPS, LOOSE, ORDERED, Live

STREAM = "sl:{0}:events"
FULL_SECONDS = 6.0


@contextmanager
def group_destroyed(live: Live) -> Iterator[None]:
    """XGROUP DESTROY of both groups, with all that they hold."""
    with live.surroundings.only_server.client() as client:
        for group in GROUPS:
            client.xgroup_destroy(STREAM, group)
    yield


@contextmanager
def stream_deleted(live: Live) -> Iterator[None]:
    """DEL of the stream, with everything that waits in it."""
    with live.surroundings.only_server.client() as client:
        client.delete(STREAM)
    yield


@contextmanager
def foreign_entries(live: Live) -> Iterator[None]:
    """XADD of what nobody of ours has written: other fields, no fields' values, a head that is none."""
    with live.surroundings.only_server.client() as client:
        for fields in (
            {"foo": "bar"},
            {"head": "", "body": ""},
            {"head": "\x01\x02nonsense", "body": "{}"},
            {"id": "", "type": "", "key": "", "src": "", "body": ""},
            {"id": "x" * 10_000, "type": "person.updated"},
        ):
            for _ in range(5):
                client.xadd(STREAM, fields)
    yield


def replaced(*keys: str) -> Strike:
    """Put a string in the place of keys of another type, and take it away again at the end."""

    @contextmanager
    def strike(live: Live) -> Iterator[None]:
        with live.surroundings.only_server.client() as client:
            for key in keys:
                client.set(key, "of another type")
            yield
            for key in keys:
                client.delete(key)

    return strike


@contextmanager
def foreign_fields(live: Live) -> Iterator[None]:
    """Fields that nobody of ours has written, in every hash there is."""
    with live.surroundings.only_server.client() as client:
        for key in list(client.scan_iter(count=1000, _type="hash")):
            client.hset(key, "foreign", "nonsense")
    yield


@contextmanager
def foreign_members(live: Live) -> Iterator[None]:
    """Members that nobody of ours has added, first in every sorted set, and in every set."""
    with live.surroundings.only_server.client() as client:
        for key in list(client.scan_iter(count=1000, _type="zset")):
            client.zadd(key, {"foreign nonsense": 1})
        for key in list(client.scan_iter(count=1000, _type="set")):
            client.sadd(key, "foreign:nonsense")
    yield


@contextmanager
def records_truncated(live: Live) -> Iterator[None]:
    """Every compact record is cut to its first byte."""
    with redis.Redis(port=live.surroundings.only_server.port) as client:
        for key in list(client.scan_iter("sl:{0}:ids:*", count=1000, _type="hash")):
            shortened: dict[Any, Any] = {field: value[:1] for field, value in client.hgetall(key).items()}
            client.hset(key, mapping=shortened)
    yield


@contextmanager
def memory_full(live: Live) -> Iterator[None]:
    """A `maxmemory` below what is in use, and nothing may be evicted."""
    with live.surroundings.only_server.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", max(1, client.info("memory")["used_memory"] - 100_000))
        yield
        client.config_set("maxmemory", 0)


@contextmanager
def connections_used_up(live: Live) -> Iterator[None]:
    """Strangers hold every connection that the server has: ours are cut, and cannot come back."""
    server = live.surroundings.only_server
    with server.client() as client, ExitStack() as strangers:
        client.config_set("maxclients", 64)
        client.execute_command("CLIENT KILL TYPE normal SKIPME yes")
        for _ in range(80):
            strangers.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        yield
    with server.client() as client:
        client.config_set("maxclients", 10_000)


FAULTS = [
    Fault(
        "groups destroyed",
        "`XGROUP DESTROY` of both groups, with all that they hold.",
        group_destroyed,
        "workers make them again, which begin at the start of what is there",
    ),
    Fault(
        "stream deleted",
        "`DEL` of the stream, with everything that waits in it.",
        stream_deleted,
        "the next delivery begins a new one; what had waited is gone",
        may_lose=("fsync",),
    ),
    Fault(
        "foreign entries",
        "25 entries in the stream that are none of ours.",
        foreign_entries,
        "they become dead letters or are passed over",
    ),
    Fault(
        "keys of another type",
        "A string in the place of both groups' due times and attempts.",
        replaced(*(f"sl:{{0}}:g:{group}:{name}" for group in (ORDERED, LOOSE) for name in ("due", "attempts"))),
        "somebody deletes the strings after 5 s; the due times are made again from what is pending",
        lasts=5.0,
    ),
    Fault(
        "foreign fields",
        "A foreign field in every hash.",
        foreign_fields,
        "they stay and are passed over",
    ),
    Fault(
        "foreign members",
        "A foreign member in every set, and first in every sorted set.",
        foreign_members,
        "they are passed over, or taken out",
    ),
    Fault(
        "records truncated",
        "Every compact record of an event is cut to its first byte.",
        records_truncated,
        "they stay so until their time is over",
    ),
    Fault(
        "memory full",
        "`maxmemory` below what is in use, `noeviction`.",
        memory_full,
        "there is memory again after 6 s",
        lasts=FULL_SECONDS,
    ),
    Fault(
        "connections used up",
        "Strangers hold all of `maxclients`; ours are cut and cannot come back.",
        connections_used_up,
        "the strangers leave after 6 s",
        lasts=FULL_SECONDS,
    ),
]
