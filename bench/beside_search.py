"""What the receiver's answers wait for a search beside them, and how fast a search is, over a long history.

The same load with and without a search that finds nothing and so looks at everything, in turn, on the same store.

    python -m bench.beside_search [--history 1000000] [--rounds 5] [--rate 2000] [--seconds 5]
"""

import argparse
import asyncio
import sys
import time
from contextlib import nullcontext
from statistics import median

from tests.support.receiver_process import ReceiverProcess
from tests.support.servers import Server

from bench.filling import fill
from bench.load import Order
from bench.machine import CORES
from bench.options import Options
from bench.programs import Program, pinned, running, store
from bench.searching import TEXT
from bench.sending import received, send
from bench.slices import Measured, Slice, Stage
from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.administration.history import EventState
from salesloft_webhooks.broker.administration.search import search, search_page
from salesloft_webhooks.broker.administration.search_query import Query
from salesloft_webhooks.settings import Settings

ALONE, BESIDE = "alone", "beside a search"
QUERIES = {
    "a person": Query(person="99"),
    "a type": Query(types=("email.*",)),
    "a text": Query(contains=TEXT),
    "a state": Query(state=EventState.DEAD, group="crm"),
}
"""Each finds nothing, so it looks at everything."""


def main() -> None:
    """Measure, and say it."""
    parser = argparse.ArgumentParser(prog="python -m bench.beside_search", description=__doc__)
    parser.add_argument("--history", type=int, default=1_000_000, help="events")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=int, default=2_000, help="deliveries a second")
    parser.add_argument("--seconds", type=float, default=5.0, help="of one slice")
    asked = parser.parse_args()
    with store(CORES.store) as server:
        fill(server.url, asked.history)
        for name, query in QUERIES.items():
            with pinned(CORES.measured):  # not on the server's core
                print(f"{name}: {asyncio.run(_whole(server, query))}", flush=True)
        # Nobody handles the history: as a backlog it would be over the default limit.
        receiver = ReceiverProcess(server.url, {"BACKLOG_LIMIT": str(2 * asked.history)})
        try:
            with pinned(CORES.measured):
                receiver.start()
            send(Order(receiver.port, 1_500, 65_535))
            _beside(receiver, server, asked)
        finally:
            receiver.kill()


async def _whole(server: Server, query: Query) -> str:
    """A first page, then a whole search; its slices as the server has measured them."""
    async with open_store(Settings.load(redis_url=server.url)) as opened:
        began = time.monotonic()
        await search_page(opened, query, seconds=0.05)
        first = time.monotonic() - began
        with server.client() as client:
            client.config_set("latency-tracking-info-percentiles", "50 99 100")
            client.config_resetstat()
            began, looked = time.monotonic(), 0
            async for page in search(opened, query):
                looked = page.looked
            seconds = time.monotonic() - began
            slices = client.info("latencystats")["latency_percentiles_usec_evalsha"]
    rate = f"{looked:,} in {seconds:.1f} s, {looked / seconds:,.0f} a second"
    return f"{rate}; first page {first:.3f} s; slices, us: {slices}"


def _beside(receiver: ReceiverProcess, server: Server, asked: argparse.Namespace) -> None:
    stage = Stage("live", Options(rounds=asked.rounds, repeats=0, seconds=3_600))
    program = Program(receiver.process)

    def slice_(*, beside: bool) -> Slice:
        def measure(number: int) -> Measured:
            order = Order(receiver.port, round(asked.rate * asked.seconds), number, rate=asked.rate)
            searching = running((sys.executable, "-m", "bench.searching"), CORES.second, {"REDIS_URL": server.url})
            with searching if beside else nullcontext():
                measured = received(program, order)
            return {name: measured[name] for name in ("p50 ms", "p99 ms")}

        return measure

    stage.interleave({ALONE: slice_(beside=False), BESIDE: slice_(beside=True)})
    for metric in ("p50 ms", "p99 ms"):
        found = {each.contender: each.values for each in stage.figures if each.metric == metric}
        more = [beside - alone for alone, beside in zip(found[ALONE], found[BESIDE], strict=True)]
        print(f"{metric}: {median(found[ALONE]):.3g} alone, {median(found[BESIDE]):.3g} beside a search;", end=" ")
        print(f"more in each round {', '.join(f'{each:.2f}' for each in more)}, median {median(more):.2f}")


if __name__ == "__main__":
    main()
