"""What live deliveries wait for a backfill beside them: from the last byte sent to the handler's first line.

The same load with and without a backfill that has far more to fetch than it can meanwhile, in turn, everything as in
production: its usual rate, the worker handles what it brings, too.

    python -m bench.beside_backfill [--rounds 5] [--rate 200] [--seconds 15]
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from tests.support.platform_thread import PlatformThread
from tests.support.servers import Server, free_port

from bench.load import Order
from bench.machine import CORES, poll
from bench.options import Options
from bench.programs import Program, running, store
from bench.sections.end_to_end import WARM, a_receiver, a_worker, latencies
from bench.sending import send
from bench.slices import Measured, Slice, Stage
from bench.traffic import event_id, person
from bench.workers import STREAM
from salesloft_webhooks.simulator.platform import SimulatedPlatform

CHANGED = 3_000
"""Rows that no webhook has told of: more than are fetched meanwhile, and few enough for the simulation to sort them."""
TOKEN = "an-invented-api-token"  # noqa: S105 - of a simulation
LIVE = event_id(0, 0).partition("-")[0]
"""What ids of live events begin with; those of fetched ones begin with their type."""
ALONE, BESIDE = "alone", "beside a backfill"


def main() -> None:
    """Measure, and say the ratio of each round."""
    parser = argparse.ArgumentParser(prog="python -m bench.beside_backfill", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=int, default=200, help="live deliveries a second")
    parser.add_argument("--seconds", type=float, default=15.0, help="of one slice")
    asked = parser.parse_args()
    stage = Stage("live", Options(rounds=asked.rounds, repeats=0, seconds=3_600))
    with PlatformThread() as salesloft:
        salesloft.do(_fill)
        address = salesloft.platform.url
        stage.interleave(
            {
                ALONE: _slice(asked.rate, asked.seconds, None),
                BESIDE: _slice(asked.rate, asked.seconds, address),
            }
        )
    for metric in ("p50 ms", "p99 ms"):
        found = {each.contender: each.values for each in stage.figures if each.metric == metric}
        ratios = [beside / alone for alone, beside in zip(found[ALONE], found[BESIDE], strict=True)]
        print(f"{metric}: {median(found[ALONE]):.3g} alone, {median(found[BESIDE]):.3g} beside a backfill;", end=" ")
        print(f"ratio of each round {', '.join(f'{each:.2f}' for each in ratios)}, median {median(ratios):.2f}")


def _fill(platform: SimulatedPlatform) -> None:
    """So many people, changed within the last hour, each at another moment."""
    platform.access.allow(TOKEN)
    first = datetime.now(UTC) - timedelta(hours=1)
    for number in range(CHANGED):
        changed = (first + timedelta(seconds=number * 3_400 / CHANGED)).isoformat()
        platform.records.of("/people")[number] = person(number) | {"updated_at": changed}


def _slice(rate: int, seconds: float, salesloft: str | None) -> Slice:
    def measure(number: int) -> Measured:
        count = round(rate * seconds)
        with TemporaryDirectory() as folder, store(CORES.store) as server:
            path = Path(folder) / "tally"
            with a_receiver(server) as receiver, a_worker(server, path, count + WARM, LIVE) as worker:
                send(Order(receiver.port, WARM, 65_535, rate=rate, connections=64))
                with _backfill(server, salesloft) as backfill, server.client() as client:
                    stored, cpu = int(client.xlen(STREAM)), backfill.cpu if backfill else 0.0
                    order = Order(receiver.port, count, number, rate=rate, connections=64)
                    sent = send(order)
                    poll(lambda: worker.alive() and path.exists(), seconds=30, what="every live event is handled")
                    fetched = int(client.xlen(STREAM)) - stored - count
                    cpu = (backfill.cpu if backfill else 0.0) - cpu
                cut = quantiles(latencies(order, sent, path), n=100)
        measured = {"p50 ms": cut[49] * 1000, "p99 ms": cut[98] * 1000}
        return measured | ({"fetched": fetched, "cpu us of one": cpu / fetched * 1e6} if salesloft else {})

    return measure


@contextmanager
def _backfill(server: Server, salesloft: str | None) -> Iterator[Program | None]:
    """One that is under way; none where there is no SalesLoft."""
    if salesloft is None:
        yield None
        return
    environment = {
        "REDIS_URL": server.url,
        "OPS_PORT": str(free_port()),
        "SALESLOFT_API_URL": salesloft,
        "SALESLOFT_API_TOKEN": TOKEN,
        "BACKFILL_EVENTS": "person.*",
        "BACKFILL_RESOURCES": "people",
        "BACKFILL_SINCE_SECONDS": "3600",
        "LOG_LEVEL": "error",
    }
    command = (sys.executable, "-m", "salesloft_webhooks", "backfill")
    with running(command, CORES.second, environment) as program, server.client() as client:
        first = int(client.xlen(STREAM))
        poll(lambda: program.alive() and int(client.xlen(STREAM)) > first, seconds=30, what="the backfill has begun")
        yield program


if __name__ == "__main__":
    main()
