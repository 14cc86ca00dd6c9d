"""`make soak`: a steady rate for an hour with a fault a minute, and nothing grows.

    python -m tests.chaos.soak [--hours 1] [--events 2000000] [--minutes 10] [--seed 7]

Times are short (retention and records a minute), so that a steady state is reached at once. What is looked at every ten
seconds is compared, when all is drained, with a base line taken after the first two minutes: see `growth`. Receiver 1
and the first worker of each group are those that die; the others live through the whole hour.
"""

import argparse
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.chaos import process_faults, store_faults, witness
from tests.chaos.fault import Fault
from tests.chaos.growth import BASE_SECONDS, Soaked, growth
from tests.chaos.live import Live, running
from tests.chaos.page import keep_soak
from tests.chaos.scenes import SCENES
from tests.chaos.sender import Order
from tests.chaos.soak_samples import Sample, sampled
from tests.chaos.trial import Found, Trial

SCENE = "fsync"
SETTINGS = {"RETENTION_SECONDS": "60", "IDEMPOTENCY_TTL_SECONDS": "60", witness.DAWDLE: "0"}
EVERY_SECONDS, FAULT_EVERY_SECONDS, FOLDED_AFTER_SECONDS = 10.0, 60.0, 90.0
REST_SECONDS = 180.0
"""After the last event: everything that was kept for a time is gone then."""
FAULTS: tuple[Fault, ...] = (
    process_faults.RECEIVER_KILLED,
    process_faults.RECEIVER_ENDED,
    process_faults.RECEIVER_FROZEN,
    process_faults.WORKER_KILLED,
    process_faults.WORKER_ENDED,
    process_faults.WORKER_FROZEN,
    store_faults.SERVER_KILLED,
    store_faults.SERVER_FROZEN,
    store_faults.CONNECTIONS_CUT,
    store_faults.SCRIPTS_FLUSHED,
)
LOG = Path(".soak.jsonl")


def main() -> int:
    """Run it; 1 when something grew or a promise was broken."""
    asked = _asked()
    seconds = asked.minutes * 60 if asked.minutes else asked.hours * 3600
    events = round(asked.events * seconds / (asked.hours * 3600))
    scene = next(scene for scene in SCENES if scene.name == SCENE)
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name)
        (folder / "store").mkdir()
        order = Order([], "", rate=events / seconds, people=5_000, most=events)
        with (
            scene.open(folder / "store") as surroundings,
            running(surroundings, folder, order, SETTINGS) as live,
        ):
            soaked = _soaked(live, seconds, random.Random(asked.seed))
    for line in (*soaked.problems, f"{soaked.acknowledged:,} acknowledged, {soaked.lost} lost"):
        print(line, flush=True)  # noqa: T201
    if not asked.dry:
        keep_soak(soaked)
    return int(bool(soaked.problems))


def _soaked(live: Live, seconds: float, choose: random.Random) -> Soaked:
    began, samples, found = time.monotonic(), list[Sample](), list[tuple[float, Found]]()
    deck = list[Fault]()
    with _sampling(live, began, samples):
        strike_at = BASE_SECONDS + 30
        while strike_at < seconds - 60:
            time.sleep(max(0.0, strike_at + choose.uniform(0, 10) - (time.monotonic() - began)))
            at = time.monotonic() - began
            deck = deck or choose.sample(FAULTS, len(FAULTS))  # each comes as often as any other
            found.append((round(at, 1), Trial(live, SCENE).run(deck.pop())))
            _log({"at": at, "found": msgspec.to_builtins(found[-1][1])})
            strike_at = max(strike_at + FAULT_EVERY_SECONDS, time.monotonic() - began)
        live.await_end_of_sending(seconds - (time.monotonic() - began) + 300)
        stopped = time.monotonic() - began
        time.sleep(REST_SECONDS)
    samples.append(sampled(live, began))
    with live.locked() as counting:
        counting.fold(time.monotonic())
        left, folded = counting.counts(), counting.folded
        soaked = Soaked(
            date=time.strftime("%Y-%m-%d", time.gmtime()),
            seconds=round(stopped, 1),
            rate=round(counting.acknowledged / stopped, 1),
            sent=left.sent + folded["sent"],
            acknowledged=counting.acknowledged,
            lost=max(left.lost.values()),
            given_up=left.given_up,
            repeated=left.repeated + folded["repeated"],
            after_done=left.after_done + folded["after_done"],
            unknown=left.unknown + folded["unknown"],
            order_broken=left.order_broken + folded["order_broken"],
            faults=[(at, each.fault, each.recovery_seconds) for at, each in found],
            killed_workers=sum(2 for _, each in found if each.fault == process_faults.WORKER_KILLED.name),
            samples=samples,
            problems=[],
        )
    # How soon all is well again is judged by `make chaos`, at a rate that leaves room to work off what has waited; and
    # what is lost, after done or out of order, at the end.
    soaked.problems = growth(soaked)
    return soaked


@contextmanager
def _sampling(live: Live, began: float, samples: list[Sample]) -> Iterator[None]:
    over = threading.Event()

    def look() -> None:
        while not over.wait(EVERY_SECONDS - (time.monotonic() - began) % EVERY_SECONDS):
            samples.append(sampled(live, began))
            _log(msgspec.to_builtins(samples[-1]))
            with live.locked() as counting:
                counting.fold(time.monotonic() - FOLDED_AFTER_SECONDS)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _log(what: object) -> None:
    """So that a run that is cut short has left something."""
    with LOG.open("ab") as file:
        file.write(msgspec.json.encode(what) + b"\n")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak")
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--events", type=int, default=2_000_000, help="in so many hours")
    parser.add_argument("--minutes", type=float, default=0.0, help="only so long, at the same rate")
    parser.add_argument("--seed", type=int, default=7, help="which faults come")
    parser.add_argument("--dry", action="store_true", help="write no page")
    return parser.parse_args()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that every process of it ends
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts in the background ignore it
    sys.exit(main())
