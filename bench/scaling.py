"""Measures the slopes of docs/scaling.md and writes them into docs/scaling.json: CPU, bytes and commands an event.

Real processes and a real server on this machine; CPU time of each process and of the server, so that a busy machine
shows in the time it takes and hardly in the figures. The page is written anew from the file: `bench.scaling_page`.

    python -m bench.scaling [--events 20000]
"""

import argparse
import asyncio
import json
import platform
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

import psutil
from tests.support.clusters import started_cluster
from tests.support.publish_observers import SilentObserver
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server, engines
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

from bench.spending import spending
from salesloft_webhooks.broker import Publisher, Store, decide_partitions, follow_partitions, open_store
from salesloft_webhooks.broker.administration.groups import pause, resume
from salesloft_webhooks.broker.backlog import slowest_backlog
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings

TARGET = Path("docs/scaling.json")
SAMPLE = Path(__file__).with_name("email.json")
PEOPLE, AT_ONCE, CONNECTIONS = 2_000, 200, 32
IDLE_SECONDS, SETTLE_SECONDS = 10.0, 8.0
PATIENCE_SECONDS = 180.0


@contextmanager
def single_server() -> Iterator[Server]:
    """An empty Valkey."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(engines()["valkey"], Path(folder)).start()
        try:
            yield server
        finally:
            server.stop(kill=True)


def prepare(url: str, *numbers: int) -> None:
    """Let the store have that number of partitions, by way of all the earlier ones."""

    async def work() -> None:
        async with open_store(Settings.load(redis_url=url)) as store:
            for number in numbers:
                await decide_partitions(store, number)

    asyncio.run(work())


def receive(events: int, *numbers: int) -> dict[str, float]:
    """Deliveries over HTTP into one receiver, as fast as it answers."""
    requests = [
        delivery(envelope(f"e{number}", event_type="email.updated", data=json.loads(SAMPLE.read_bytes())))
        for number in range(events)
    ]
    with single_server() as server:
        prepare(server.url, *numbers)
        with ReceiverProcess(server.url, {"PARTITIONS": "1"}) as receiver:
            asyncio.run(send(receiver.port, requests[: events // 10]))
            rest = requests[events // 10 :]
            with spending([server], [receiver.pid]) as spent:
                asyncio.run(send(receiver.port, rest))
    return spent.per(len(rest))


async def send(port: int, requests: list[bytes]) -> None:
    """Send all over a few connections, each the next one when it has its answer."""
    pending = iter(requests)

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for raw in pending:
            writer.write(raw.replace(b"Connection: close\r\n", b""))
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head  # noqa: S101 - a figure of refused deliveries is none
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
        writer.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))


def publish(url: str, events: int) -> None:
    """Store events of many people without HTTP."""
    body = SAMPLE.read_bytes()

    async def work() -> None:
        settings = Settings.load(redis_url=url, store_timeout_seconds=30)
        numbers = iter(range(events))
        async with open_store(settings) as store, Publisher(store, settings, SilentObserver()) as publisher:

            async def one() -> None:
                for number in numbers:
                    event = NewEvent(f"e{number}", "email.updated", f"person:{number % PEOPLE}", "2026", body)
                    await publisher.publish(NewDelivery("default", (event,)))

            await asyncio.gather(*(one() for _ in range(AT_ONCE)))

    asyncio.run(work())


def worker(url: str, group: str, ordering: str, **settings: str) -> WorkerProcess:
    """A worker with a handler that does nothing."""
    environment = {"WORKER_HANDLERS": "bench.handlers:router", "WORKER_ORDERING": ordering, "WORKER_CONCURRENCY": "200"}
    return WorkerProcess(group, url, environment | settings)


def handle(
    servers: list[Server], url: str, events: int, *, groups: int, ordering: str, partitions: int
) -> dict[str, dict[str, float]]:
    """A backlog, worked off by one worker a group: what storing an event, and handling it in one group, spends."""
    prepare(url, partitions)
    workers = [worker(url, f"group-{number}", ordering) for number in range(groups)]
    with ExitStack() as stack:
        for each in workers:
            stack.callback(each.kill)
            each.start()
        asyncio.run(on_store(url, lambda store: every_group(store, workers, pause)))
        with spending(servers, []) as storing:
            publish(url, events)
        with spending(servers, [each.pid for each in workers]) as handling:
            asyncio.run(on_store(url, lambda store: every_group(store, workers, resume)))
            wait_until(
                lambda: asyncio.run(on_store(url, slowest_backlog)) == 0,
                seconds=PATIENCE_SECONDS,
                description="everything is handled",
            )
    return {"storing": storing.per(events), "handling": handling.per(events * groups)}


async def on_store(url: str, act: Callable[[Store], Awaitable[Any]]) -> Any:
    """Do something with the store of the installation."""
    async with open_store(Settings.load(redis_url=url)) as store:
        await follow_partitions(store)
        return await act(store)


async def every_group(
    store: Store, workers: list[WorkerProcess], act: Callable[[Store, str], Awaitable[object]]
) -> None:
    """Pause or resume the groups of all workers."""
    for each in workers:
        await act(store, each.group)


def idle(partitions: int, count: int) -> dict[str, float]:
    """Workers of one group that have nothing to do, after their shares have settled."""
    with single_server() as server, ExitStack() as stack:
        prepare(server.url, partitions)
        settings = {"PARTITIONS": str(partitions)}
        workers = [worker(server.url, "idle", "none", **settings) for _ in range(count)]
        for each in workers:
            stack.callback(each.kill)
            each.start()
        time.sleep(SETTLE_SECONDS)
        with spending([server], [each.pid for each in workers]) as spent:
            time.sleep(IDLE_SECONDS)
    return {
        "worker_percent": round(100 * spent.process / IDLE_SECONDS / count, 2),
        "server_percent": round(100 * spent.server / IDLE_SECONDS, 2),
        "commands_a_second": round(spent.commands / IDLE_SECONDS, 1),
    }


def memory(events: int) -> dict[str, float]:
    """Redis bytes of an event with its record, nobody having handled it."""
    with single_server() as server, server.client() as client:
        prepare(server.url, 1)
        publish(server.url, 1000)
        before = int(client.info("memory")["used_memory"])
        publish(server.url, events + 1000)
        after = int(client.info("memory")["used_memory"])
    return {"bytes": round((after - before) / events), "body_bytes": SAMPLE.stat().st_size}


def main() -> None:
    """Measure everything and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    events = parser.parse_args().events
    figures: dict[str, Any] = {"date": date.today().isoformat(), "processor": processor(), "events": events}  # noqa: DTZ011
    figures["python"] = platform.python_version()
    figures["receive"] = {
        name: show(f"receive, {name}", receive(events // 2, *numbers))
        for name, numbers in {"1": (1,), "16": (16,), "16 after a raise": (1, 16)}.items()
    }
    figures["handle"] = {}
    for ordering in ("none", "entity"):
        for partitions in (1, 16):
            with single_server() as server:
                found = handle([server], server.url, events, groups=1, ordering=ordering, partitions=partitions)
            figures["handle"][f"{ordering} {partitions}"] = show(f"handle, {ordering}, {partitions}", found)
    with tempfile.TemporaryDirectory() as folder, started_cluster(Path(folder)) as nodes:
        url = f"redis+cluster://127.0.0.1:{nodes[0].port}"
        found = handle(nodes, url, events // 2, groups=8, ordering="entity", partitions=16)
    figures["cluster"] = show("cluster of 3, 16 partitions, 8 groups", found)
    figures["idle"] = {
        f"{partitions} {count}": show(f"idle, {partitions} partitions, {count} workers", idle(partitions, count))
        for partitions, count in ((1, 1), (64, 1), (64, 4))
    }
    figures["memory"] = show("memory", memory(events))
    TARGET.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def show(what: str, found: Any) -> Any:
    """Say what was measured."""
    sys.stderr.write(f"{what}: {found}\n")
    return found


def processor() -> str:
    """The name of this machine's processor, and how many there are."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("ascii").splitlines():
            if line.startswith("model name"):
                return f"{line.partition(':')[2].strip()}, {psutil.cpu_count()} cores"
    return platform.processor()


if __name__ == "__main__":
    main()
