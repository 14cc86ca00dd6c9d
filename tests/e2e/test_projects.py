"""What `init` writes survives the death of its worker: a repeat changes nothing in the system behind it."""

import asyncio
import itertools
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from salesloft_webhooks.cli.commands.init import Kind, init
from salesloft_webhooks.events import NewEvent
from tests.e2e.effects import finished
from tests.support.servers import Server
from tests.support.standins.http import Answer, Request, StandIn
from tests.support.stored_events import new_event, store_events
from tests.support.waiting import eventually, wait_until
from tests.support.worker_process import WorkerProcess

NAME = "acme-hooks"
EVENTS = {Kind.HTTP: "success.created", Kind.CRM: "person.created"}
PEOPLE = 3


def written(folder: Path, kind: Kind) -> dict[str, str]:
    """A fresh project, and what its worker has to know."""
    init(NAME, folder, kind)
    return {
        "PYTHONPATH": str(folder / NAME),
        "WORKER_HANDLERS": "acme_hooks.handlers:router",
        "LEASE_SECONDS": "1",
        "MAX_ATTEMPTS": "50",
    }


@pytest.mark.parametrize("kind", EVENTS)
async def test_a_service_sees_that_it_is_a_repeat(kind: Kind, own_server: Server, tmp_path: Path) -> None:
    """SIGKILL after the service has taken a request: the next worker sends the same one, and the event is done."""
    server = own_server.start()
    body = json.dumps({"id": 7, "person_id": 7, "email_address": "robin@example.com"}).encode()
    await asyncio.to_thread(store_events, server, [new_event("e1", EVENTS[kind], "person:7", body)])
    async with StandIn().running() as service:
        settings = {**written(tmp_path, kind), "SERVICE_URL": service.url, "CRM_URL": service.url}
        worker = WorkerProcess(NAME, server.url, settings)

        def respond(_request: Request) -> Answer:
            service.respond = lambda _request: Answer(200, {})
            worker.kill()
            return Answer(200, {})

        service.respond = respond
        try:
            await asyncio.to_thread(worker.launch)
            await eventually(lambda: worker.dead, "it was killed", seconds=60)
            await asyncio.to_thread(worker.launch)
            await eventually(lambda: finished(server, NAME), "the event is done", seconds=60)
        finally:
            worker.kill()

    first, second = service.requests
    assert (first.method, first.path, first.body) == (second.method, second.path, second.body)
    keys = [each.headers.get("idempotency-key") for each in (first, second)]
    assert keys[0] == keys[1]
    assert (keys[0] is not None) is (kind is Kind.HTTP)
    assert (first.method, first.path) == (("POST", "/successes") if kind is Kind.HTTP else ("PUT", "/contacts/7"))


def versions() -> Iterator[NewEvent]:
    """Three of each person, the newest neither first nor last."""
    for version in (2, 3, 1):
        for person in range(1, PEOPLE + 1):
            updated = f"2026-03-07T04:0{version}:00Z"
            data = {"id": person, "first_name": f"version {version}", "updated_at": updated}
            yield new_event(f"e{person}{version}", "person.updated", f"person:{person}", json.dumps(data).encode())


@pytest.mark.timeout(180)
def test_a_table_has_each_person_once_in_the_newest_version(valkey: Server, tmp_path: Path) -> None:
    """SIGKILL before and after every commit of the `sql` project: nobody is missing, twice, or in an older version."""
    store_events(valkey, versions())
    file = tmp_path / "people.db"
    settings = {
        **written(tmp_path, Kind.SQL),
        "WORKER_HANDLERS": "tests.e2e.dying_project:router",
        "PEOPLE_DATABASE_URL": f"sqlite+aiosqlite:///{file}",
        "WORKER_CONCURRENCY": "3",
    }
    deaths = 0
    for steps in itertools.count(2):  # the table takes two
        worker = WorkerProcess(NAME, valkey.url, {**settings, "DEADLY_STEP": str(steps)})
        worker.launch()
        wait_until(lambda: worker.ended or finished(valkey, NAME), seconds=60, description="dead or done")  # noqa: B023
        deaths += worker.ended
        worker.kill()
        if finished(valkey, NAME):
            break

    assert deaths >= 2
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT person_id, first_name FROM people ORDER BY 1").fetchall()
    assert rows == [(person, "version 3") for person in range(1, PEOPLE + 1)]
