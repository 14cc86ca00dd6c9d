"""What a soak looks at every few seconds: of each process, of the store, of the counting."""

import re
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import msgspec
import psutil
import redis

from salesloft_webhooks.broker.keys import NOBODY
from tests.chaos.live import Live
from tests.support.http_client import exchange, request

STREAM = "sl:{0}:events"
KINDS = [
    (re.compile(r":ids:\d+:\d+$"), ":ids:(time):(bucket)"),
    (re.compile(r":lane:.*"), ":lane:(entity)"),
    (re.compile(r":event:.*"), ":event:(id)"),
    (re.compile(r":last_settle:.*"), ":last_settle:(consumer)"),
]
"""What makes keys of one kind of many keys."""


class OfProcess(msgspec.Struct):
    """A process.

    Attributes:
        pid: Its id: another one after a restart.
        rss: Bytes of memory.
        descriptors: Open files and sockets.
        threads: Its threads.
        series: Samples that `/metrics` has.
    """

    pid: int
    rss: int
    descriptors: int
    threads: int
    series: int


class Sample(msgspec.Struct):
    """Everything at one time.

    Attributes:
        at: Seconds since the soak began.
        roles: By name and place, e.g. `receiver 1`; and the server. One that does not answer at the moment is left out.
        behind: Events that the slowest group has before it.
        acknowledged: Events so far.
        store: Numbers of the store; empty while it does not answer.
        keys: Keys by kind.
    """

    at: float
    roles: dict[str, OfProcess]
    behind: int
    acknowledged: int
    store: dict[str, int]
    keys: dict[str, int]


def sampled(live: Live, began: float) -> Sample:
    """Look at everything now."""
    names = [f"receiver {n}" for n in range(1, len(live.receivers) + 1)]
    names += [f"{worker.group} {n % 2 + 1}" for n, worker in enumerate(live.workers)]
    roles = {}
    for name, role in zip(names, live.roles, strict=True):
        with suppress(psutil.Error, OSError, AssertionError):
            text = exchange(role.ops_port, request("GET", "/metrics"), seconds=2).body.decode()
            roles[name] = of_process(role.pid, sum(not line.startswith("#") for line in text.splitlines()))
    server = live.surroundings.only_server
    with suppress(psutil.Error, AssertionError):
        roles["server"] = of_process(server.pid, 0)
    store: dict[str, int] = {}
    keys: dict[str, int] = {}
    with suppress(redis.RedisError, OSError):
        store, keys = of_store(server.client())
    with live.locked() as counting:
        acknowledged = counting.acknowledged
    return Sample(round(time.monotonic() - began, 1), roles, live.behind(), acknowledged, store, keys)


def of_process(pid: int, series: int) -> OfProcess:
    """A process that runs."""
    process = psutil.Process(pid)
    with process.oneshot():
        rss, threads = process.memory_info().rss, process.num_threads()
    return OfProcess(pid, rss, process.num_fds(), threads, series)


def of_store(client: Any) -> tuple[dict[str, int], dict[str, int]]:
    """Its numbers, and its keys by kind."""
    client.connection_pool.connection_kwargs["socket_timeout"] = 2
    with client:
        groups, memory, clients = client.xinfo_groups(STREAM), client.info("memory"), client.info("clients")
        keys: Counter[str] = Counter(map(kind, client.scan_iter(count=1000)))
        return {
            "used_memory": memory["used_memory"],
            "clients": clients["connected_clients"],
            "entries": client.xlen(STREAM),
            "pending": sum(group["pending"] for group in groups),
            "lag": sum(group["lag"] or 0 for group in groups),
            # One more has what is parked; it comes with the first such entry, and is no worker's.
            "consumers": sum(
                each["name"] != NOBODY for group in groups for each in client.xinfo_consumers(STREAM, group["name"])
            ),
        }, dict(keys)


def kind(key: str) -> str:
    """What it is a key of."""
    for pattern, name in KINDS:
        key = pattern.sub(name, key)
    return key
