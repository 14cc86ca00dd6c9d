"""`make model`: explores all of `WHOLE`, a process for each core, and says how much that was."""

import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from time import monotonic

from tests.model.exploration import Explored, explore
from tests.model.scopes import WHOLE, described


def main() -> int:
    """Print what was explored; 1 when an invariant does not hold."""
    began, found = monotonic(), dict[str, Explored]()
    with ProcessPoolExecutor(os.cpu_count()) as processes:
        running = {processes.submit(explore, scope): described(scope) for scope in WHOLE}
        for one in as_completed(running):
            found[running[one]] = one.result()
            print(f"{running[one]} | {found[running[one]].said}", flush=True)  # noqa: T201
    for each in found.values():
        if each.problem:
            print(f"\n{each.problem}", *each.story, sep="\n  ")  # noqa: T201
    states, steps = sum(each.states for each in found.values()), sum(each.steps for each in found.values())
    print(f"{states:,} states, {steps:,} steps, {monotonic() - began:.0f} s")  # noqa: T201
    return int(any(each.problem or not each.complete for each in found.values()))


sys.exit(main())
