"""What is done with the files of a warehouse, each in a process of its own: seconds and memory are of that alone."""

import multiprocessing
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.traffic import FIRST_PERSON
from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.checking import check
from salesloft_webhooks.handlers.builtin.warehouse.compaction import compact
from salesloft_webhooks.handlers.builtin.warehouse.erasure import erase_persons
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, open_storage

MIB = 1 << 20
AT_ONCE = timedelta(0)


def measured(deed: str, task: Callable[..., bool], *arguments: Any, **options: Any) -> bool:
    """Do it, print how long it took and how much memory, and return whether all is well."""
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1)
    with pool:
        seconds, mib, well = pool.submit(_timed, task, *arguments, **options).result()
    print(f"{deed} in {seconds:.1f} s with {mib:,} MiB at most: {well}", flush=True)
    return well


def _timed(task: Callable[..., bool], *arguments: Any, **options: Any) -> tuple[float, int, bool]:
    began = time.monotonic()
    well = task(*arguments, **options)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // MIB
    return time.monotonic() - began, peak, well


def compacted(url: str, *, typed: bool) -> bool:
    """Whether every folder has one file that counts."""
    return compact(_storage(url), grace=AT_ONCE, now=_now(), typed=typed).complete


def checked(url: str) -> bool:
    """Whether everything is what it should be, and nothing waits."""
    found = check(_storage(url))
    return found.sound and not found.typed.behind


def erased(url: str, *, persons: Sequence[int]) -> bool:
    """Whether nothing is left of some persons, who are numbered from 0."""
    ids = [FIRST_PERSON + each for each in persons]
    done = erase_persons(_storage(url), ids, grace=AT_ONCE, now=_now(), typed=True)
    return done.complete and done.rows > 0


def _storage(url: str) -> Storage:
    return open_storage(WarehouseConfiguration(url=url))


def _now() -> datetime:
    """Storages tell times in whole seconds."""
    return datetime.now(UTC) + timedelta(seconds=2)
