"""Measure and write it down: `make bench`, or `make bench SECTIONS="receive work" BENCH="--rounds 1 --scale 0.3"`."""

import argparse
import importlib
import os
import subprocess
import sys
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime

from bench import peer_environment, report
from bench.figures import Results, SectionRun, keep, keep_whole, load_runs
from bench.machine import interpreter, processor
from bench.options import Options

SECTIONS = {
    "receive": 250,
    "work": 270,
    "end_to_end": 80,
    "growth": 90,
    "drain": 450,
    "start_up": 40,
    "telemetry": 20,
}
"""Each with the seconds that it may take, 20 minutes in all; what the peers need is set up before."""


def main() -> None:
    """Run the sections and keep what they found; fails when anything could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[[], *SECTIONS], help="default: all")
    parser.add_argument("--rounds", type=int, default=Options.rounds, help="how often each contender's turn comes")
    parser.add_argument(
        "--repeats", type=int, default=Options.repeats, help="how often a slice is repeated while others are busy"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="length of slices as a part of the usual one")
    parser.add_argument("--only", default="", help="contenders with this in their name, e.g. ours")
    asked = parser.parse_args()
    options = Options(asked.rounds, asked.repeats, asked.scale, only=asked.only)
    peer_environment.set_up()
    run = measure_all(asked.sections or list(SECTIONS), options)
    print(f"took {sum(each.seconds for each in run.values()):.0f} s in all")
    if asked.sections or options != Options():
        print("Kept in .bench/results.json; docs/benchmarks.md shows whole runs at the usual scale.")
    else:
        keep_whole(run)
        report.write(load_runs())
    if len(run) < len(asked.sections or SECTIONS) or any(each.failures for each in run.values()):
        sys.exit("not everything could be measured, see above")


def measure_all(names: list[str], options: Options) -> Results:
    """One section after the other; one that fails is left out."""
    run: Results = {}
    for name in names:
        try:
            run[name] = measure(name, replace(options, seconds=SECTIONS[name]))
        except Exception:  # noqa: BLE001 - what the other sections found is not to be lost
            traceback.print_exc()
            print(f"{name}: has failed", flush=True)
            continue
        keep(name, run[name])
        print(f"{name}: took {run[name].seconds:.0f} s of {SECTIONS[name]}", flush=True)
    return run


def measure(name: str, options: Options) -> SectionRun:
    """One section."""
    section, began = importlib.import_module(f"bench.sections.{name}"), time.monotonic()
    print(f"{name}: {(section.__doc__ or '').splitlines()[0]}", flush=True)
    stage = section.run(options)
    revision = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return SectionRun(
        date=f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        commit=os.environ.get("REVISION", revision.stdout.strip()),
        processor=processor(),
        interpreter=interpreter(),
        seconds=round(time.monotonic() - began, 1),
        figures=stage.figures,
        failures=stage.failures,
        remarks=stage.remarks,
    )


if __name__ == "__main__":
    main()
