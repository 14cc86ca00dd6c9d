"""What the workers made of the deliveries: rows of `activity`, diaries, and whether groups are through."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

STREAM = "sl:{0}:events"


def activity_worker(redis_url: str, database: Path, **settings: str) -> WorkerProcess:
    """A worker of `activity` on a database file, with leases short enough to wait for; not started yet."""
    defaults = {
        "DATABASE_URL": f"sqlite+aiosqlite:///{database}",
        "LEASE_SECONDS": "2",
        "UPKEEP_SECONDS": "1",
        "STORE_TIMEOUT_SECONDS": "2",
    }
    return WorkerProcess("activity", redis_url, defaults | settings)


def diarist(server: Server, diary: Path, group: str = "diary") -> WorkerProcess:
    """A worker that writes down each event it has handled; not started yet."""
    settings = {
        "WORKER_HANDLERS": "tests.e2e.diary:router",
        "DIARY": str(diary),
        "LEASE_SECONDS": "2",
        "UPKEEP_SECONDS": "1",
    }
    return WorkerProcess(group, server.url, settings)


def written(diary: Path) -> Counter[str]:
    """How often each event was handled, by a diary."""
    return Counter(line.split()[1] for line in diary.read_text().splitlines())


def recorded(database: Path) -> list[str]:
    """Event ids in the table `activities`, as often as they are there."""
    with closing(sqlite3.connect(database)) as connection:
        return [event_id for (event_id,) in connection.execute("SELECT event_id FROM activities ORDER BY event_id")]


def finished(server: Server, *names: str) -> bool:
    """Whether the groups are there, have read everything and hold nothing."""
    with server.client() as redis:
        groups = {group["name"]: group for group in redis.xinfo_groups(STREAM)}
    return all(name in groups and groups[name]["pending"] == groups[name]["lag"] == 0 for name in names)


def await_finished(server: Server, *names: str, seconds: float = 60.0) -> None:
    """Return when the groups are `finished`; fails also when one of them is missing."""
    wait_until(lambda: finished(server, *names), seconds=seconds, description=f"{', '.join(names)} are through")
