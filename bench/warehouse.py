"""A million events into Parquet files while workers are killed, and counted by DuckDB against what was acknowledged.

python -m bench.warehouse [--events 1000000] [--workers 2] [--kill-seconds 5]
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import yaml
from tests.support.servers import Server
from tests.support.worker_process import WorkerProcess

from bench.filling import fill
from bench.machine import CORES
from bench.programs import store
from bench.traffic import event_id
from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.compaction import compact
from salesloft_webhooks.handlers.builtin.warehouse.layout import MANIFEST
from salesloft_webhooks.handlers.builtin.warehouse.storage import open_storage

STREAM = "sl:{0}:events"
LOOK_SECONDS = 0.5
MIB = 1 << 20


def main() -> int:
    """Say what was counted; 1 when it is not what was acknowledged."""
    parser = argparse.ArgumentParser(prog="python -m bench.warehouse", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill-seconds", type=float, default=5.0, help="between two kills; 0: none")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, store(CORES.store) as server:
        began = time.monotonic()
        fill(server.url, asked.events)
        print(f"acknowledged {asked.events:,} in {time.monotonic() - began:.0f} s", flush=True)
        began = time.monotonic()
        kills = _handled(server, Path(folder), asked)
        seconds = time.monotonic() - began
        print(f"handled in {seconds:.0f} s, {asked.events / seconds:,.0f} a second, {kills} workers killed", flush=True)
        return _counted(Path(folder), asked.events)


def _handled(server: Server, folder: Path, asked: argparse.Namespace) -> int:
    """Let workers handle everything, and kill one now and then; how many were."""
    (folder / "warehouse").mkdir()
    file = folder / "handlers.yaml"
    section = {"url": f"file://{folder}/warehouse", "max_events": 500, "max_wait_seconds": 1}
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


def _counted(folder: Path, events: int) -> int:
    """Count by the view and, after the compaction, by the manifest."""
    storage = open_storage(WarehouseConfiguration(url=f"file://{folder}/warehouse"))
    files = f"read_parquet('{folder}/warehouse/events/*/*/*.parquet')"
    view = "QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY received_at) = 1"
    with duckdb.connect() as database:
        (rows, kept) = database.sql(f"SELECT count(*), count(DISTINCT filename) FROM {files}").fetchall()[0]  # noqa: S608
        print(f"{rows:,} rows in {kept:,} files", flush=True)
        ids = folder / "acknowledged.csv"
        ids.write_text("".join(f"{event_id(0, number)}\n" for number in range(events)))
        known = f"read_csv('{ids}', header = false, columns = {{'event_id': 'VARCHAR'}}, delim = '\\t')"
        by_view = f"SELECT event_id FROM {files} {view}"  # noqa: S608
        verdicts = [_verdict(database, "by the view", by_view, known, events)]
        began = time.monotonic()
        compact(storage, grace=timedelta(0), now=datetime.now(UTC) + timedelta(seconds=2))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // MIB
        print(f"compacted in {time.monotonic() - began:.0f} s; this process had {peak:,} MiB at most", flush=True)
        named = storage.read(MANIFEST).to_pybytes().decode().split()
        size = sum(os.path.getsize(path) for path in named) // MIB  # noqa: PTH202 - a path as text
        print(f"the manifest names {len(named)} file(s) of {size:,} MiB", flush=True)
        by_manifest = f"SELECT event_id FROM read_parquet({named!r})"  # noqa: S608
        verdicts.append(_verdict(database, "by the manifest", by_manifest, known, events))
    return 0 if all(verdicts) else 1


def _verdict(database: duckdb.DuckDBPyConnection, how: str, query: str, known: str, events: int) -> bool:
    """Whether the rows of a query are exactly the acknowledged events, each once."""
    sql = (
        f"WITH rows AS ({query}), known AS (SELECT * FROM {known}) SELECT (SELECT count(*) FROM rows), "  # noqa: S608
        "(SELECT count(DISTINCT event_id) FROM rows), "
        "(SELECT count(*) FROM known ANTI JOIN rows USING (event_id)), "
        "(SELECT count(*) FROM rows ANTI JOIN known USING (event_id))"
    )
    ((counted, different, missing, foreign),) = database.sql(sql).fetchall()
    right = (counted, different, missing, foreign) == (events, events, 0, 0)
    print(f"DuckDB {how}: {counted:,} events, {missing:,} missing, {counted - different:,} twice: {right}", flush=True)
    return right


if __name__ == "__main__":
    sys.exit(main())
