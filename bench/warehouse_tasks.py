"""What is done with the files of a warehouse, each in a process of its own: seconds and memory are of that alone."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from bench.traffic import FIRST_PERSON
from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.checking import check
from salesloft_webhooks.handlers.builtin.warehouse.compaction import compact
from salesloft_webhooks.handlers.builtin.warehouse.erasure import erase_persons
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, open_storage

MIB = 1 << 20
AT_ONCE = timedelta(0)


def measured(deed: str, task: str, url: str, *arguments: int) -> bool:
    """Do one of `TASKS`, print how long it took and how much memory, and return whether all is well."""
    command = [sys.executable, "-m", "bench.warehouse_tasks", task, url, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    seconds, mib, well = json.loads(done.stdout)
    print(f"{deed} in {seconds:.1f} s with {mib:,} MiB at most: {well}", flush=True)
    return bool(well)


def main() -> None:
    """Print seconds, mebibytes and whether all is well, as JSON."""
    task, url, *arguments = sys.argv[1:]
    began = time.monotonic()
    well = TASKS[task](url, *map(int, arguments))
    seconds = time.monotonic() - began
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // MIB, well]))


def compacted(url: str, typed: int) -> bool:
    """Whether every folder has one file that counts."""
    return compact(_storage(url), grace=AT_ONCE, now=_now(), typed=bool(typed)).complete


def checked(url: str) -> bool:
    """Whether everything is what it should be, and nothing waits."""
    found = check(_storage(url))
    return found.sound and not found.typed.behind


def erased(url: str, first: int, last: int) -> bool:
    """Whether nothing is left of the persons with these numbers, which begin at 0, and whether there was something."""
    ids = range(FIRST_PERSON + first, FIRST_PERSON + last + 1)
    done = erase_persons(_storage(url), ids, grace=AT_ONCE, now=_now(), typed=True)
    return done.complete and done.rows > 0


def _storage(url: str) -> Storage:
    return open_storage(WarehouseConfiguration(url=url))


def _now() -> datetime:
    """Storages tell times in whole seconds."""
    return datetime.now(UTC) + timedelta(seconds=2)


TASKS: Mapping[str, Callable[..., bool]] = {"compact": compacted, "check": checked, "erase": erased}

if __name__ == "__main__":
    main()
