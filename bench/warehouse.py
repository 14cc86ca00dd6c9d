"""A million events into Parquet files while workers are killed, and counted by DuckDB against what was acknowledged.

Counted are the view and the manifest of events, and the typed table, whose columns are compared with the bodies. Then
people are erased, one and after that many at once, and what is left is counted again. Each compaction, check and
erasure runs in a process of its own, so that its memory is its own.

python -m bench.warehouse [--events 1000000] [--workers 2] [--kill-seconds 5] [--erase 100]
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import yaml
from tests.support.servers import Server
from tests.support.worker_process import WorkerProcess

from bench.filling import fill
from bench.machine import CORES
from bench.programs import store
from bench.traffic import PEOPLE
from bench.warehouse_counts import Counts
from bench.warehouse_tasks import measured

STREAM = "sl:{0}:events"
LOOK_SECONDS = 0.5


def main() -> int:
    """Say what was counted; 1 when it is not what was acknowledged."""
    parser = argparse.ArgumentParser(prog="python -m bench.warehouse", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill-seconds", type=float, default=5.0, help="between two kills; 0: none")
    parser.add_argument("--erase", type=int, default=100, help="persons at once, after a single one; at most 998")
    asked = parser.parse_args()
    if not 1 <= asked.erase <= PEOPLE - 2:
        parser.error(f"there are {PEOPLE:,} persons, of whom one is erased before and one has to stay")
    with tempfile.TemporaryDirectory() as folder, store(CORES.store) as server:
        began = time.monotonic()
        fill(server.url, asked.events)
        print(f"acknowledged {asked.events:,} in {time.monotonic() - began:.0f} s", flush=True)
        began = time.monotonic()
        kills = _handled(server, Path(folder), asked)
        seconds = time.monotonic() - began
        print(f"handled in {seconds:.0f} s, {asked.events / seconds:,.0f} a second, {kills} workers killed", flush=True)
        return _counted(Path(folder), asked)


def _handled(server: Server, folder: Path, asked: argparse.Namespace) -> int:
    """Let workers handle everything, and kill one now and then; how many were."""
    (folder / "warehouse").mkdir()
    file = folder / "handlers.yaml"
    section = {"url": f"file://{folder}/warehouse", "max_events": 500, "max_wait_seconds": 1, "typed": True}
    file.write_text(yaml.safe_dump({"warehouse": section}))
    settings = {"HANDLERS_FILE": str(file), "WORKER_CONCURRENCY": "500", "LEASE_SECONDS": "5"}
    workers = [WorkerProcess("warehouse", server.url, settings) for _ in range(asked.workers)]
    for worker in workers:
        worker.start()
    kills, killed_at = 0, time.monotonic()
    try:
        with server.client() as redis:
            while not _finished(redis.xinfo_groups(STREAM), asked.events):
                time.sleep(LOOK_SECONDS)
                if asked.kill_seconds and time.monotonic() - killed_at > asked.kill_seconds:
                    worker = workers[kills % len(workers)]
                    worker.kill()
                    worker.start()
                    kills, killed_at = kills + 1, time.monotonic()
    finally:
        for worker in workers:
            worker.kill()
    return kills


def _finished(groups: "list[dict[str, int]]", events: int) -> bool:
    return bool(groups) and groups[0]["pending"] == 0 and (groups[0]["entries-read"] or 0) >= events


def _counted(folder: Path, asked: argparse.Namespace) -> int:
    """Count before and after each thing that is done with the files; 1 when a count is not what it should be."""
    url = f"file://{folder}/warehouse"
    with Counts(folder, asked.events) as counts:
        verdicts = [counts.by_view()]
        measured("compacted", "compact", url, 0)
        verdicts += [counts.by_manifest()]
        measured("compacted with typed tables, which were made of all events", "compact", url, 1)
        measured("compacted again, with nothing to do", "compact", url, 1)
        verdicts += [counts.by_manifest(), counts.typed(), counts.says_the_same()]
        verdicts += [measured("checked", "check", url)]
        for persons in (range(1), range(1, 1 + asked.erase)):
            measured(f"erased {len(persons):,} person(s)", "erase", url, persons[0], persons[-1])
            counts.erase(persons)
            verdicts += [counts.by_view(), counts.by_manifest(), counts.typed()]
        verdicts += [measured("checked", "check", url)]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
