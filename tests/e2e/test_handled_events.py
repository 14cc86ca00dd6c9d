"""A worker that is killed at every step of a handler that writes to a database of its own: each row is there once."""

import json
import signal
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from salesloft_webhooks import HandledEvents
from tests.e2e.effects import finished
from tests.support.postgres import NEEDS_POSTGRESQL, PostgresServer, new_postgres
from tests.support.servers import Server
from tests.support.stored_events import new_event, store_events
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

STEPS = ("before", "marked", "written", "committed", "returned")
WAYS = ("session", "thread", "psycopg", "psycopgthread")
EMBEDDED = ("sqlite", "sqlitethread")

pytestmark = pytest.mark.timeout(420)


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """One with the marks, and a table of rows for each way to it: no key, so that a second row would be seen."""
    with new_postgres() as server:
        server.start()
        for statement in (*HandledEvents().definition, *(f"CREATE TABLE rows_{each} (event_id TEXT)" for each in WAYS)):
            server.execute(statement)
        yield server


@NEEDS_POSTGRESQL
def test_each_row_is_written_once_wherever_the_worker_dies(
    valkey: Server, postgres: PostgresServer, tmp_path: Path
) -> None:
    """SQLAlchemy and psycopg, each with asyncio and in a thread: five deaths each, five rows each."""
    die_everywhere(valkey, tmp_path, WAYS, f"postgresql://postgres@127.0.0.1:{postgres.port}/postgres")

    written = {way: postgres.execute(f"SELECT event_id FROM rows_{way} ORDER BY 1").split() for way in WAYS}  # noqa: S608
    assert written == dict.fromkeys(WAYS, sorted(STEPS))


def test_so_it_is_in_a_file(valkey: Server, tmp_path: Path) -> None:
    """SQLite, with asyncio and in a thread, two workers on one file: five deaths each, five rows each."""
    file = tmp_path / "rows.db"
    with closing(sqlite3.connect(file)) as database:
        for statement in (
            *HandledEvents().definition,
            *(f"CREATE TABLE rows_{each} (event_id TEXT)" for each in EMBEDDED),
        ):
            database.execute(statement)
        database.commit()
    (tmp_path / "deaths").mkdir()

    die_everywhere(valkey, tmp_path / "deaths", EMBEDDED, f"sqlite:///{file}")

    with closing(sqlite3.connect(file)) as database:
        written = {
            way: [name for (name,) in database.execute(f"SELECT event_id FROM rows_{way} ORDER BY 1")]  # noqa: S608
            for way in EMBEDDED
        }
    assert written == dict.fromkeys(EMBEDDED, sorted(STEPS))


def die_everywhere(valkey: Server, folder: Path, ways: Sequence[str], database: str) -> None:
    """A worker for each way, which dies at each step; until all have handled everything."""
    bodies = {name: json.dumps({"id": 1, "dies": name}).encode() for name in STEPS}
    store_events(valkey, (new_event(name, "person.updated", f"person:{name}", body) for name, body in bodies.items()))
    settings = {
        "WORKER_HANDLERS": "tests.e2e.marking_handlers:router",
        "WORKER_CONCURRENCY": "1",
        "LEASE_SECONDS": "1",
        "MAX_ATTEMPTS": "50",
        "DEATHS": str(folder),
        "DATABASE": database,
    }
    workers = [WorkerProcess(way, valkey.url, settings | {"WAY": way}) for way in ways]
    deaths = {f"{way}.{name}" for way in ways for name in STEPS}

    def all_died() -> bool:
        for each in workers:
            if each.ended:
                assert each.process.poll() == -signal.SIGKILL
                each.launch()
        return {each.name for each in folder.iterdir()} >= deaths

    with ExitStack() as stack:
        for each in workers:
            each.launch()
            stack.callback(each.kill)
        wait_until(all_died, seconds=270, description="every worker has died at every step")
        # One that was seen alive may be about to die: its mark is written before.
        wait_until(lambda: all_died() and finished(valkey, *ways), seconds=90, description="the last ones finish")
