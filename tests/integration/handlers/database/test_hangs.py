"""A PostgreSQL server that hangs, or that may do less than we need: pauses that say so, and no attempts."""

import asyncio
import time
from pathlib import Path

import pytest

from salesloft_webhooks.errors import Unavailable
from salesloft_webhooks.handlers.builtin.activity import ActivityLog
from salesloft_webhooks.handlers.builtin.crm.contacts import contact_of
from salesloft_webhooks.handlers.builtin.crm.sql import SqlContacts
from salesloft_webhooks.handlers.database.engine import create_engine
from salesloft_webhooks.handlers.database.migrations import migrate
from salesloft_webhooks.handlers.database.schema import activities, contacts
from salesloft_webhooks.handlers.database.transactions import Database
from tests.support import samples
from tests.support.postgres import NEEDS_POSTGRESQL, PostgresServer, migrated
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.recorded_activity import record
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

pytestmark = NEEDS_POSTGRESQL


async def test_a_server_that_hangs_pauses_the_group(own_postgres: PostgresServer) -> None:
    """Those who wait for another's write are told so in time, too: before their attempt's time-out counts."""
    engine = create_engine(own_postgres.create_database("hangs"))
    await migrate(engine)
    database = Database(engine, answer_seconds=1)
    log, people = ActivityLog(database), SqlContacts(database)
    await record(log, samples.email())

    own_postgres.freeze()
    try:
        began = time.monotonic()
        writes = [*(record(log, samples.email()) for _ in range(3)), people.save(contact_of(samples.person()))]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        seconds = time.monotonic() - began
    finally:
        own_postgres.thaw()

    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    assert "no answer in time" in str(outcomes[-1])
    assert seconds < 3
    await record(log, samples.email())
    await engine.dispose()


def test_a_hanging_server_costs_no_event_an_attempt(valkey: Server, own_postgres: PostgresServer) -> None:
    """With a single attempt each, all events are rows after a hang of several time-outs."""
    url = own_postgres.create_migrated_database("hangs")
    settings = {"DATABASE_URL": url, "MAX_ATTEMPTS": "1", "HANDLER_TIMEOUT_SECONDS": "1"}
    worker = WorkerProcess("activity", valkey.url, settings)
    receiver = ReceiverProcess(valkey.url).start()
    try:
        worker.start()
        own_postgres.freeze()
        for number in range(50):
            body = envelope(f"e{number}", event_type="call.completed")
            assert receiver.send(delivery(body)).status == 200
        time.sleep(6)
        own_postgres.thaw()
        rows = "SELECT count(*) FROM activities"
        wait_until(lambda: own_postgres.execute(rows, "hangs") == "50", seconds=40, description="all are rows")
        with valkey.client() as client:
            assert not client.exists("sl:{0}:g:activity:dead")
    finally:
        worker.kill()
        receiver.kill()


async def test_a_user_may_be_restricted_to_what_a_group_does(own_postgres: PostgresServer) -> None:
    """Writing to one table suffices for the group of that table; without it the check says what is missing."""
    url = own_postgres.create_database("granted")
    await migrated(url)
    own_postgres.execute("CREATE ROLE robin LOGIN")
    own_postgres.execute("GRANT INSERT, SELECT (event_id) ON activities TO robin", "granted")
    engine = create_engine(url.replace("postgres@", "robin@"))
    database = Database(engine)

    await database.check_ready(activities)
    await record(ActivityLog(database), samples.email())
    with pytest.raises(Unavailable, match="42501: the user has no privilege for it"):
        await database.check_ready(contacts)

    await engine.dispose()


async def test_a_file_that_may_only_be_read_is_said(tmp_path: Path) -> None:
    """SQLite's way to be read-only, found before the first event."""
    file = tmp_path / "events.db"
    await migrated(f"sqlite:///{file}")
    engine = create_engine(f"sqlite:///file:{file}?mode=ro&uri=true")

    with pytest.raises(Unavailable, match=r"SQLITE_(READONLY|CANTOPEN)"):
        await Database(engine).check_ready(activities)

    await engine.dispose()
