"""`make chaos`: every fault in every scene, on real processes; the figures go to docs/reliability.json and its page.

python -m tests.chaos [--scenes fsync] [--faults "worker frozen,server killed"] [--rate 100] [--dry]
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import SubprocessError

from redis.exceptions import RedisError

from tests.chaos import witness
from tests.chaos.every_scene import SCENES
from tests.chaos.fault import Fault
from tests.chaos.faults import FAULTS
from tests.chaos.live import running
from tests.chaos.page import keep, row
from tests.chaos.scenes import Scene
from tests.chaos.seen_alerts import watching
from tests.chaos.sender import Order
from tests.chaos.trial import Found, Trial


def main(arguments: Sequence[str] | None = None) -> int:
    """Try what is asked for; 1 when a promise was broken."""
    asked = _asked(arguments)
    results: list[Found] = []
    for scene in SCENES:
        chosen = [fault for fault in FAULTS if scene.name in fault.scenes and _named(fault.name, asked.faults)]
        if not chosen or not _named(scene.name, asked.scenes):
            continue
        if scene.missing:
            print(f"{scene.name}: left out: {scene.missing}", flush=True)  # noqa: T201
            continue
        for found in _tried(scene, chosen, asked.rate):
            results.append(found)
            if not asked.dry:
                keep([found], SCENES)  # at once: a run may be cut short
    return int(any(found.problems for found in results) or not results)


def _tried(scene: Scene, faults: Sequence[Fault], rate: float) -> Iterator[Found]:
    """All faults of a scene, one after the other at one pipeline."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        folder = Path(name)
        (folder / "store").mkdir()
        with (
            scene.open(folder / "store") as surroundings,
            running(surroundings, folder, Order([], "", rate=rate), {witness.DAWDLE: "0.02"}) as live,
            watching(live, folder) as alerts,
        ):
            for fault in faults:
                try:
                    found = Trial(live, scene.name, alerts).run(fault)
                except (
                    AssertionError,
                    OSError,
                    RedisError,
                    SubprocessError,
                ) as error:  # one that cannot be tried must not hide the others
                    print(f"    NOT TRIED: {fault.name}: {error}", flush=True)  # noqa: T201
                    continue
                print(row(found), flush=True)  # noqa: T201
                for problem in found.problems:
                    print(f"    BROKEN: {problem}", flush=True)  # noqa: T201
                yield found


def _named(name: str, chosen: str) -> bool:
    return not chosen or name in [each.strip() for each in chosen.split(",")]


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--scenes", default="", help="only these, separated by commas")
    parser.add_argument("--faults", default="", help="only these, separated by commas")
    parser.add_argument("--rate", type=float, default=100.0, help="events a second")
    parser.add_argument("--dry", action="store_true", help="write no page")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that every process of it ends
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts in the background ignore it
    sys.exit(main())
