"""A worker that is killed when Salesforce has taken what it sent: nothing is there twice, and nothing is missing."""

import asyncio
from pathlib import Path

import pytest
import yaml

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.administration.stats import measure
from salesloft_webhooks.settings import Settings
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server
from tests.support.standins.http import Answer, Request
from tests.support.standins.salesforce import CLIENT_ID, CLIENT_SECRET, Salesforce
from tests.support.standins.salesforce_parts import parts_of
from tests.support.standins.salesforce_records import ACTIVITY_ID, EXTERNAL_ID
from tests.support.waiting import eventually
from tests.support.worker_process import WorkerProcess

PERSON = {"id": 1, "person_id": 1, "last_name": "Sample", "email_address": "robin@example.com"}
MEETING = {"start_time": "2026-03-09T10:00:00-05:00", "end_time": "2026-03-09T10:30:00-05:00"}
STEPS = (
    # event type, data, the object that is written
    ("person.created", PERSON, "Contact"),
    ("email.sent", {"id": 2, "person_id": 1, "subject": "Hello"}, "Task"),
    ("call.completed", {"id": 3, "person_id": 1, "duration": 60}, "Task"),
    ("meeting.booked", {"id": 4, "person_id": 1, **MEETING}, "Event"),
    ("person.updated", {"id": 5, "person_id": 5, "last_name": "Kim", "email_address": "kim@example.com"}, "Contact"),
    ("person.updated", {"id": 6, "person_id": 6, "last_name": "Lee", "email_address": "lee@example.com"}, "Lead"),
)


@pytest.mark.timeout(240)
async def test_what_salesforce_took_before_the_kill_is_there_once(own_server: Server, tmp_path: Path) -> None:
    """Whoever is made or found, a mail, a call, a meeting, with a SIGKILL between each write and its answer."""
    async with Salesforce().running() as standin:
        assert isinstance(standin, Salesforce)
        standin.records.add("Contact", LastName="K", Email="kim@example.com")
        standin.records.add("Lead", LastName="L", Company="C", Email="lee@example.com")
        file = tmp_path / "handlers.yaml"
        section = {
            "backend": "salesforce",
            "login_url": standin.url,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "sobject": ["Contact", "Lead"],
            "match": ["salesloft_id", "crm_id", "email_address"],
            "log": ["email.sent", "call.completed", "meeting.*"],
        }
        file.write_text(yaml.safe_dump({"crm": section}), "utf-8")
        url = own_server.start().url
        worker = WorkerProcess("crm", url, {"HANDLERS_FILE": str(file), "LEASE_SECONDS": "2"})
        receiver = ReceiverProcess(url)
        try:
            await asyncio.to_thread(receiver.start)
            await asyncio.to_thread(worker.start)
            for event_type, data, sobject in STEPS:
                _kill_at_the_next_write(standin, worker, sobject)
                body = envelope(f"{event_type}-{data['id']}", event_type=event_type, data=data)
                assert (await asyncio.to_thread(receiver.send, delivery(body))).status == 200
                await eventually(lambda: worker.dead, f"it is killed at {event_type}", seconds=60)
                await asyncio.to_thread(worker.start)
                await eventually(lambda: _settled(url), f"{event_type} is settled", seconds=60)
        finally:
            receiver.kill()
            worker.kill()

    kept = [each.sobject for each in standin.records.by_id.values()]
    assert sorted(kept) == ["Contact", "Contact", "Event", "Lead", "Task", "Task"]
    tasks, events = standin.bearing("Task", ACTIVITY_ID), standin.bearing("Event", ACTIVITY_ID)
    assert sorted([*tasks, *events]) == ["call/3", "email/2", "meeting/4"]
    assert sorted(standin.contacts) == ["1", "5"]
    assert [*standin.bearing("Lead")] == ["6"]
    contact = next(own for own, each in standin.records.by_id.items() if each.value(EXTERNAL_ID) == "1")
    assert {each["WhoId"] for each in (*tasks.values(), *events.values())} == {contact}


def _kill_at_the_next_write(standin: Salesforce, worker: WorkerProcess, sobject: str) -> None:
    """Let Salesforce take a record of that object, and kill the worker before it gets the answer."""
    usual = standin.respond

    def respond(request: Request) -> Answer:
        if not any("/composite/sobjects" in part.path and sobject.encode() in part.body for part in parts_of(request)):
            return usual(request)
        standin.respond = usual
        answer = usual(request)
        worker.kill()
        return answer

    standin.respond = respond


async def _settled(url: str) -> bool:
    async with open_store(Settings.load(redis_url=url)) as store:
        (group,) = (await measure(store)).groups
    return group.lag == group.pending == group.dead == 0
