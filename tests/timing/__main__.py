"""`make timing`: measures every pair, and the mistakes that must be found; a table for decision 82."""

import sys

from tests.timing.classes import Deliveries, comparison, pairs
from tests.timing.dudect import Compared, measured
from tests.timing.leaks import early_exit, plainly_equal

SAMPLES = 40_000


def said(name: str, found: Compared, *, leaks: bool) -> bool:
    """Print a row; whether it is as it has to be."""
    fine = found.leaks is leaks
    mark = "found" if found.leaks else "none found"
    print(f"| {name} | {found.t:.1f} | {found.difference_ns:.0f} ns | {mark}{'' if fine else ' (WRONG)'} |", flush=True)  # noqa: T201
    return fine


def main() -> int:
    """Print the table; 1 when a leak is found, or a seeded one is not."""
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES
    print("| classes | t | difference of medians | leak |\n|---|---|---|---|")  # noqa: T201
    fine = [said(name, measured(one, other, samples), leaks=False) for name, one, other in (*pairs(), comparison())]
    name, one, other = comparison(plainly_equal)
    fine.append(said(f"seeded, `==`: {name}", measured(one, other, samples), leaks=True))
    with early_exit():
        of = Deliveries("envelope")
        found = measured(of.signed_with(0), of.signed_with(3), samples)
        fine.append(said("seeded, no key after the match: first key, last", found, leaks=True))
    print(f"{sum(fine)} passed, {len(fine) - sum(fine)} failed")  # noqa: T201
    return int(not all(fine))


if __name__ == "__main__":
    sys.exit(main())
