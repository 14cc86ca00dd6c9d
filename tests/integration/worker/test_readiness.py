"""A worker takes no event before what its handlers work with is there."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from salesloft_webhooks import Event, Router
from salesloft_webhooks.broker import open_store
from salesloft_webhooks.errors import ConfigurationError, Unavailable
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.worker import Worker
from tests.support.http_client import exchange, request
from tests.support.postgres import NEEDS_POSTGRESQL, PostgresServer, new_postgres
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server
from tests.support.waiting import eventually, wait_until
from tests.support.worker_process import WorkerProcess

MIGRATE = (sys.executable, "-m", "salesloft_webhooks", "migrate")


class Resource:
    """Is ready when the test says so."""

    def __init__(self) -> None:
        self.failure: Exception | None = Unavailable("the mainframe sleeps", after=0.05)
        self.checks = 0
        self.handled: list[str] = []

    async def check_ready(self) -> None:
        """Raise what the test wants."""
        self.checks += 1
        if self.failure is not None:
            raise self.failure


@asynccontextmanager
async def worker_of(
    server: Server, resource: Resource
) -> AsyncIterator[tuple[Worker, "asyncio.Task[None]", asyncio.Event]]:
    """A worker whose handlers work with the resource."""

    @asynccontextmanager
    async def lifespan(_settings: Settings) -> AsyncIterator[Resource]:
        yield resource

    router = Router(lifespan)

    @router.on("*")
    async def handle(event: Event, given: Resource) -> None:
        given.handled.append(event.event_id)

    settings = Settings.load(redis_url=server.url, worker_group="mine")
    loaded = LoadedGroup("mine", (router,))
    async with open_store(settings) as store, loaded.open(settings) as running:
        worker = Worker(store, settings, loaded, running, WorkerTelemetry("mine"))
        stop = asyncio.Event()
        task = asyncio.create_task(worker.run(stop))
        yield worker, task, stop
        stop.set()
        await asyncio.wait([task], timeout=15)


async def test_a_worker_waits_for_its_resources(valkey: Server) -> None:
    """It says why it is not ready, is alive, and becomes ready by itself; the group is registered meanwhile."""
    resource = Resource()

    async with worker_of(valkey, resource) as (worker, _, _):
        await eventually(lambda: resource.checks > 2, "it asks again")
        assert worker.not_ready() == "the mainframe sleeps"
        assert worker.not_live() is None
        with valkey.client() as client:
            assert client.exists("sl:g:mine")
            assert not client.xinfo_consumers("sl:{0}:events", "mine"), "it has not taken anything"
        resource.failure = ValueError("what is this")
        words = "ValueError: what is this (tests/"
        await eventually(lambda: str(worker.not_ready()).startswith(words), "an error of any kind is a reason")
        resource.failure = None
        await eventually(lambda: worker.not_ready() is None, "it is ready", seconds=10)


async def test_a_waiting_worker_stops_at_once(valkey: Server) -> None:
    """SIGTERM does not wait for a database."""
    resource = Resource()

    async with worker_of(valkey, resource) as (_, task, stop):
        await eventually(lambda: resource.checks > 0, "it asks")
        stop.set()
        await asyncio.wait_for(task, 2)


async def test_a_check_that_can_never_succeed_ends_the_worker(valkey: Server) -> None:
    """A wrong setting that only the other side can tell is a wrong setting all the same."""
    resource = Resource()
    resource.failure = ConfigurationError("no such field")

    async with worker_of(valkey, resource) as (_, task, _):
        with pytest.raises(ConfigurationError, match="no such field"):
            await asyncio.wait_for(task, 5)


def readiness(worker: WorkerProcess) -> str:
    """What a worker process answers at `/readyz`."""
    try:
        return exchange(worker.ops_port, request("GET", "/readyz")).body.decode()
    except OSError:
        return ""


@pytest.fixture
def later_postgres() -> Iterator[PostgresServer]:
    """A server that a test starts when it wants to."""
    with new_postgres() as server:
        yield server


@NEEDS_POSTGRESQL
@pytest.mark.parametrize("group", ["activity", "crm"])
def test_a_database_that_comes_later_costs_no_event(valkey: Server, later_postgres: PostgresServer, group: str) -> None:
    """The worker starts before PostgreSQL and before the migration, and handles everything once both are there.

    It is ready in between: `helm install --wait` would never come to the migration otherwise.
    """
    postgres = later_postgres
    url = f"postgresql://postgres@127.0.0.1:{postgres.port}/hooks?sslmode=prefer&connect_timeout=5"
    worker = WorkerProcess(group, valkey.url, {"DATABASE_URL": url, "MAX_ATTEMPTS": "1"})
    receiver = ReceiverProcess(valkey.url).start()
    try:
        worker.launch()
        wait_until(lambda: "database: ConnectionRefused" in readiness(worker), seconds=20, description="it says why")
        event_type = "call.completed" if group == "activity" else "person.updated"
        for number in range(5):
            assert receiver.send(delivery(envelope(f"e{number}", event_type=event_type))).status == 200
        postgres.start()
        postgres.create_database("hooks")
        wait_until(lambda: readiness(worker) == "ok\n", seconds=20, description="it is ready for the migration")
        with valkey.client() as client:
            pause = f"sl:{{0}}:g:{group}:pause"
            wait_until(lambda: "migrate" in (client.get(pause) or ""), seconds=20, description="the group says why")
        subprocess.run([*MIGRATE, "--database-url", url], check=True, capture_output=True)
        rows = "SELECT (SELECT count(*) FROM activities), (SELECT count(*) FROM contacts)"
        expected = "5|0" if group == "activity" else "0|1"
        wait_until(
            lambda: postgres.execute(rows, "hooks") == expected, seconds=30, description="all events are handled"
        )
        with valkey.client() as client:
            assert not client.exists(f"sl:{{0}}:g:{group}:dead")
    finally:
        worker.kill()
        receiver.kill()


def test_an_sqlite_file_that_cannot_be_opened_is_said(valkey: Server, tmp_path: Path) -> None:
    """No traceback and no dead letters; with its folder it works."""
    folder = tmp_path / "later"
    worker = WorkerProcess("activity", valkey.url, {"DATABASE_URL": f"sqlite:///{folder}/events.db"})
    try:
        worker.launch()
        wait_until(lambda: "SQLITE_CANTOPEN" in readiness(worker), seconds=20, description="it says why")
        assert str(folder) not in readiness(worker)
        folder.mkdir()
        wait_until(lambda: readiness(worker) == "ok\n", seconds=20, description="it is ready")
    finally:
        worker.kill()
