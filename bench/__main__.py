"""Measure and write it down: `make bench`, or `make bench SECTIONS="receive work" BENCH="--rounds 1 --scale 0.3"`."""

import argparse
import importlib
import os
import subprocess
import time
from datetime import UTC, datetime

from bench import peer_environment, report
from bench.figures import SectionRun, keep, load_results
from bench.machine import interpreter, processor
from bench.options import Options

SECTIONS = ("receive", "work", "end_to_end", "growth", "drain", "start_up", "telemetry")


def main() -> None:
    """Run the sections and keep what they found."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[[], *SECTIONS], help="default: all")
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender's turn comes")
    parser.add_argument("--repeats", type=int, default=2, help="how often a slice is repeated while others are busy")
    parser.add_argument("--scale", type=float, default=1.0, help="length of slices as a part of the usual one")
    parser.add_argument("--deep", action="store_true", help="drain with 5 million behind, too")
    arguments = parser.parse_args()
    options = Options(arguments.rounds, arguments.repeats, arguments.scale, arguments.deep)
    peer_environment.set_up()
    for name in arguments.sections or SECTIONS:
        print(f"{name}: {importlib.import_module(f'bench.sections.{name}').__doc__}", flush=True)
        results = keep(name, measure(name, options))
        print(f"{name}: took {results[name].seconds} s, commit {results[name].commit}, {results[name].processor}")
    if not arguments.sections:
        report.write(load_results())


def measure(name: str, options: Options) -> SectionRun:
    """One section."""
    began = time.monotonic()
    figures = importlib.import_module(f"bench.sections.{name}").run(options)
    revision = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return SectionRun(
        date=datetime.now(UTC).date().isoformat(),
        commit=os.environ.get("REVISION", revision.stdout.strip()),
        processor=processor(),
        interpreter=interpreter(),
        seconds=round(time.monotonic() - began, 1),
        figures=figures,
    )


if __name__ == "__main__":
    main()
