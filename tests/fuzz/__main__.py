"""`make fuzz`: searches for faults of each target in turn, a process for each core.

Without names every target. With ``--keep`` what was found anew is added to the corpus. An input that a fault was found
with is written into ``.fuzz/``; run it again with ``python -m tests.fuzz TARGET --input FILE``.
"""

import os
import random
import sys
from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from time import monotonic

from tests.fuzz.report import searched
from tests.fuzz.targets import MODULES, target


def main() -> int:
    """Print what was searched; 1 when there is a fault."""
    parser = ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("targets", nargs="*", choices=[*MODULES, []], metavar="TARGET", help=", ".join(MODULES))
    parser.add_argument("--seconds", type=float, default=600, help="for all targets together")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--keep", action="store_true", help="add what is found anew to the corpus")
    parser.add_argument("--input", type=Path, help="run this input only")
    chosen = parser.parse_args()
    names = chosen.targets or list(MODULES)
    if chosen.input:
        for name in names:
            target(name).check(chosen.input.read_bytes())
        return 0
    began, processes, fine = monotonic(), os.cpu_count() or 1, 0
    seconds = chosen.seconds * min(processes, len(names)) / len(names)
    # A process for each target: what one has cached or left behind says nothing about the next.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        running = [pool.submit(searched, name, seconds, chosen.seed, keeping=chosen.keep) for name in names]
        for one in as_completed(running):
            said, passed = one.result()
            fine += passed
            print(said, flush=True)  # noqa: T201
    print(f"seed {chosen.seed}, {monotonic() - began:.0f} s")  # noqa: T201
    print(f"{fine} passed, {len(names) - fine} failed")  # noqa: T201
    return int(fine < len(names))


if __name__ == "__main__":
    sys.exit(main())
