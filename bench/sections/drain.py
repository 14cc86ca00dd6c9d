"""How fast a worker drains with more and more behind: events, groups, and retries that wait for their time.

Stores of each depth stand side by side, and take turns. A sample is what a fresh group works off after its first
events; it is the same for all, so that the rates say what the depth does and nothing else.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import redis
from tests.support.servers import Server, engines

from bench import filling, workers
from bench.machine import CORES, poll
from bench.options import Options
from bench.programs import Program, described, running, store
from bench.slices import Measured, Slice, Stage
from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.administration.groups import remove
from salesloft_webhooks.broker.keys import Keys
from salesloft_webhooks.settings import Settings

WARM, SAMPLE = 10_000, 20_000
"""Events that are worked off before the clock starts, and while it runs.

The same at every depth; 8,000 after 2,000 were over in half a second, which the start of a worker may reach into."""
LEAST_WARM, LEAST_SAMPLE = 500, 1_500
"""Fewer come at once."""
DEPTHS = (WARM + SAMPLE, 1_000_000, 5_000_000)
"""Six million events take 4 GB and two to three minutes to be stored."""
ENGINE = "redis" if "redis" in engines() else "valkey"
"""With millions of entries the allocator counts: Debian's Redis has jemalloc, as the official images have, and the
Valkey of the wheel has libc's, which takes over a quarter of the server's time there (decision 52)."""
GROUPS = (1, 4, 8)
RETRIES = 200_000
TELLING = 500_000
"""From this depth on, storing an event takes what it takes in a deeper store, too."""
REST_SECONDS = 150.0
"""What a section needs for all but the deep stores."""
LONG = 300.0


def run(options: Options) -> Stage:
    """Measure."""
    stage = Stage("drain", options)
    with store(CORES.store, engine=ENGINE) as server:
        stage.remarks.append(f"the server is {described(server)}")
    with ExitStack() as stack:
        contenders = dict(_deep(stage, stack, options)) | dict(_crowded_and_waiting(stack, options))
        stage.interleave(contenders)
    return stage


def _deep(stage: Stage, stack: ExitStack, options: Options) -> Iterator[tuple[str, Slice]]:
    """Stores of each depth, which take most of the time; none that would take more than there is."""
    began, an_event = time.monotonic(), 0.0
    for depth in (max(round(depth * options.scale), sum(_sample(options.scale))) for depth in DEPTHS):
        if options.only not in (name := f"{depth:,} behind"):
            continue
        filling_began = time.monotonic()
        if (needed := depth * an_event) > (left := options.seconds - REST_SECONDS - (filling_began - began)):
            stage.failures[name] = f"storing them would take {needed:.0f} s, and there are {max(0, left):.0f}"
            print(f"  drain: {name} is left out: {stage.failures[name]}", flush=True)
            continue
        yield name, _behind(stack.enter_context(_filled(depth)), options.scale)
        an_event = (time.monotonic() - filling_began) / depth if depth >= TELLING else 0.0


def _crowded_and_waiting(stack: ExitStack, options: Options) -> Iterator[tuple[str, Slice]]:
    for groups in GROUPS:
        if options.only in (name := f"{groups} groups"):
            yield name, _behind(stack.enter_context(_crowded(groups, options.scale)), options.scale)
    retries = round(RETRIES * options.scale)
    if options.only in (name := f"{retries:,} retries"):
        yield name, _among_retries(stack.enter_context(_retried(retries)), options.scale)


def _sample(scale: float) -> tuple[int, int]:
    return max(LEAST_WARM, round(WARM * scale)), max(LEAST_SAMPLE, round(SAMPLE * scale))


@contextmanager
def _filled(depth: int) -> Iterator[Server]:
    with store(CORES.store, engine=ENGINE) as server:
        filling.fill(server.url, depth)
        yield server


@contextmanager
def _crowded(groups: int, scale: float) -> Iterator[Server]:
    """All groups but one have worked everything off."""
    with _filled(sum(_sample(scale))) as server:
        for number in range(1, groups):
            with _worker(server, f"other-{number}") as (program, client):
                done = lambda: program.alive() and workers.ours().empty(client)  # noqa: E731 - used at once
                poll(done, seconds=LONG, what="a group has worked everything off")
        yield server


@contextmanager
def _retried(retries: int) -> Iterator[Server]:
    """So many entries wait for their retry, an hour away."""
    with _filled(retries) as server:
        with _worker(server, "bench", {"BENCH_RETRY_AFTER": "3600"}) as (program, client):
            due, what = Keys().due(0, "bench"), "every event waits for its retry"
            poll(lambda: program.alive() and client.zcard(due) >= retries, seconds=LONG, what=what, every=0.1)
        yield server


def _behind(server: Server, scale: float) -> Slice:
    """A new group has all of it before it; when it was measured, it is removed again."""

    def measure(number: int) -> Measured:
        group = f"bench-{number}"
        try:
            return _rate(server, group, scale)
        finally:
            asyncio.run(_remove(server.url, group))

    return measure


def _among_retries(server: Server, scale: float) -> Slice:
    """New events come, while the others wait."""

    def measure(number: int) -> Measured:
        filling.fill(server.url, sum(_sample(scale)), run=number)
        return _rate(server, "bench", scale)

    return measure


async def _remove(url: str, group: str) -> None:
    async with open_store(Settings.load(redis_url=url)) as opened:
        await remove(opened, group, force=True)


@contextmanager
def _worker(server: Server, group: str, more: Mapping[str, str] | None = None) -> Iterator[tuple[Program, redis.Redis]]:
    worker = workers.ours()
    environment = {**worker.environment, "REDIS_URL": server.url, "WORKER_GROUP": group, **(more or {})}
    with server.client() as client, running(worker.command, CORES.measured, environment) as program:
        yield program, client


def _rate(server: Server, group: str, scale: float) -> Measured:
    """Let a worker of the group begin, and see how fast it takes the sample."""
    with server.client() as client:
        before = workers.taken(client, group)
    warm, sample = _sample(scale)
    begin = before + warm
    with _worker(server, group) as (program, client):
        began = poll(lambda: _took(program, client, group) >= begin, seconds=LONG, what="it has begun", every=0.01)
        first, cpu, redis_cpu = workers.taken(client, group), program.cpu, _cpu(client)
        end = begin + sample
        ended = poll(lambda: _took(program, client, group) >= end, seconds=LONG, what="the sample is taken", every=0.01)
        handled, costs = workers.taken(client, group) - first, (program.cpu - cpu, _cpu(client) - redis_cpu)
    return {
        "per second": handled / (ended - began),
        "cpu us": costs[0] / handled * 1e6,
        "redis cpu us": costs[1] / handled * 1e6,
    }


def _took(program: Program, client: redis.Redis, group: str) -> int:
    program.alive()
    return workers.taken(client, group)


def _cpu(client: redis.Redis) -> float:
    spent = client.info("cpu")
    return float(spent["used_cpu_user"] + spent["used_cpu_sys"])
