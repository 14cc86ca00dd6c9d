"""Two worker processes give free contacts of a CRM to people, two for each contact, and one of the processes is killed.

The CRM answers looks slowly, so that both processes have found the same contacts free before either writes; it kills
one of them when it has taken what that one wrote, and has not answered.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.publish import Publisher
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support import samples
from tests.support.servers import Server
from tests.support.standins import salesforce
from tests.support.standins.http import Answer, Request
from tests.support.standins.hubspot import TOKEN, HubSpot
from tests.support.standins.salesforce import Salesforce
from tests.support.standins.salesforce_records import EXTERNAL_ID
from tests.support.waiting import eventually
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.timeout(240)

TAKEN = 3
"""Entries that a worker takes at once."""
CONTACTS = 4 * TAKEN
MATCH = ["salesloft_id", "crm_id", "email_address"]
LOOK_SECONDS = 1.5
_LOOKS = (b'"idProperty":"email"', b"Email%20IN")
"""In a request: it looks for people by their address."""
KILLED_AT = 3
"""The write after which a worker is killed."""

Bearers = Callable[[], list[str]]


@asynccontextmanager
async def hubspot() -> AsyncIterator[tuple[HubSpot, dict[str, Any], Bearers]]:
    """HubSpot with contacts that are nobody's, the section for it, and whose they are."""
    async with HubSpot().running() as standin:
        for number in range(CONTACTS):
            standin.add(email=f"c{number}@example.com")
        contacts = standin.records["contacts"]
        section = {"backend": "hubspot", "token": TOKEN, "base_url": standin.url, "match": MATCH}
        yield standin, section, lambda: [each.get("salesloft_person_id") or "" for each in contacts.values()]


@asynccontextmanager
async def of_salesforce() -> AsyncIterator[tuple[Salesforce, dict[str, Any], Bearers]]:
    """Salesforce likewise."""
    async with Salesforce().running() as standin:
        assert isinstance(standin, Salesforce)
        for number in range(CONTACTS):
            standin.records.add("Contact", LastName="A", Email=f"c{number}@example.com")
        records = standin.records.by_id
        login = {"login_url": standin.url, "client_id": salesforce.CLIENT_ID, "client_secret": salesforce.CLIENT_SECRET}
        section = {"backend": "salesforce", "sobject": ["Contact", "Lead"], "match": MATCH, **login}
        yield standin, section, lambda: [each.fields.get(EXTERNAL_ID) or "" for each in records.values()]


async def publish(url: str) -> None:
    """Two people for each contact, all at once: as many of the ones as a worker takes, then the others of these."""
    settings = Settings.load(redis_url=url)
    async with open_store(settings) as store, Publisher(store, settings) as publisher:
        deliveries = []
        for start in range(0, CONTACTS, TAKEN):
            for person, contact in ((2 * n + which, n) for which in (1, 2) for n in range(start, start + TAKEN)):
                data = {"id": person, "person_id": person, "email_address": f"c{contact}@example.com", "crm_id": None}
                resource = msgspec.json.encode({**samples.person().data, **data})
                event = NewEvent(f"p{person}", "person.updated", f"person:{person}", "2026-03-07T04:26:14Z", resource)
                deliveries.append(NewDelivery("default", (event,)))
        await asyncio.gather(*(publisher.publish(each) for each in deliveries))


@pytest.mark.parametrize("crm", [hubspot, of_salesforce], ids=["hubspot", "salesforce"])
async def test_no_contact_is_ever_given_to_two_people(crm: Any, own_server: Server, tmp_path: Path) -> None:
    """Whoever dies: a contact has the id that was written into it first, and everybody's first is somebody's."""
    server = own_server.start()
    async with crm() as (standin, section, bearers):
        file = tmp_path / "handlers.yaml"
        file.write_text(yaml.safe_dump({"crm": section}))
        settings = {"HANDLERS_FILE": str(file), "LEASE_SECONDS": "3", "WORKER_CONCURRENCY": str(TAKEN)}
        settings |= {"BACKOFF_BASE_SECONDS": "0.2", "BACKOFF_CAP_SECONDS": "0.5", "MAX_ATTEMPTS": "8"}
        workers = [WorkerProcess("crm", server.url, settings) for _ in range(2)]
        written: list[set[str]] = [set() for _ in range(CONTACTS)]
        usual, writes = standin.respond, 0

        def respond(request: Request) -> Answer:
            nonlocal writes
            before = bearers()
            answer: Answer = usual(request)
            for was, now, ids in zip(before, bearers(), written, strict=False):
                if was != now:
                    ids.add(now)
            writes += before != bearers()
            if writes == KILLED_AT and before != bearers():
                workers[0].kill()
            is_look = any(each in request.body for each in _LOOKS)
            return replace(answer, delay_seconds=LOOK_SECONDS if is_look else 0.0)

        try:
            await asyncio.gather(*(asyncio.to_thread(worker.start) for worker in workers))
            standin.respond = respond
            await publish(server.url)
            await eventually(lambda: workers[0].dead, "a worker was killed after a write", seconds=60)
            await asyncio.to_thread(workers[0].start)
            await eventually(lambda: all(bearers()[:CONTACTS]), "every contact is somebody's", seconds=120)
        finally:
            for worker in workers:
                worker.kill()
        assert [len(ids) for ids in written] == [1] * CONTACTS
        firsts = [int(each) for each in bearers()[:CONTACTS]]
        assert [(person - 1) // 2 for person in firsts] == list(range(CONTACTS))
