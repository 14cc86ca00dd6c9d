"""A worker is killed after HubSpot has done what it asked and before it learns of it: nothing is there twice.

Real processes: receiver, Valkey and the worker. HubSpot is a stand-in that pulls the trigger.
"""

import asyncio
from functools import partial
from pathlib import Path

import pytest
import yaml

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.administration.stats import measure
from salesloft_webhooks.settings import Settings
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server
from tests.support.standins.http import Answer, Request
from tests.support.standins.hubspot import TOKEN, HubSpot
from tests.support.waiting import eventually
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.timeout(400)

PEOPLE = 6
EVENTS = ("email.sent", "email.replied", "call.completed", "meeting.booked")
REQUESTS = (
    "contacts/batch/upsert",
    "contacts/batch/update",
    "emails/batch/create",
    "calls/batch/create",
    "meetings/batch/create",
    "meetings/batch/update",
)


def killing(worker: WorkerProcess, standin: HubSpot, end_of_path: str) -> None:
    """Let HubSpot do what the next such request asks, and kill the worker before it gets the answer."""
    usual = standin.answer_to

    def respond(request: Request) -> Answer:
        answer = usual(request)
        if request.path.endswith(end_of_path):
            standin.respond = usual
            worker.kill()
        return answer

    standin.respond = respond


async def deliver(receiver: ReceiverProcess) -> None:
    """People, then what was done with each of them."""
    for number in range(1, PEOPLE + 1):
        known = {"person_id": number, "updated_at": "2026-03-07T04:00:00Z"}
        person = {**known, "id": number, "email_address": f"p{number}@example.com"}
        bodies = [envelope(f"person-{number}", event_type="person.created", data=person)]
        bodies += (
            envelope(f"{kind}-{number}", event_type=kind, data={**known, "id": 100 + number, "count": 1})
            for kind in EVENTS
        )
        moved = {**known, "id": 100 + number, "title": "moved", "updated_at": "2026-03-07T05:00:00Z"}
        bodies.append(envelope(f"moved-{number}", event_type="meeting.updated", data=moved))
        for body in bodies:
            assert (await asyncio.to_thread(receiver.send, delivery(body))).status == 200


async def finished(redis_url: str) -> bool:
    """Whether the group has finished everything, without a dead letter."""
    async with open_store(Settings.load(redis_url=redis_url)) as store:
        (group,) = (await measure(store)).groups
    return group.lag == group.pending == group.dead == 0


@pytest.mark.parametrize("end_of_path", REQUESTS)
async def test_a_killed_worker_leaves_nothing_twice(end_of_path: str, own_server: Server, tmp_path: Path) -> None:
    """One contact a person, one engagement for whatever was done, each associated once, whichever request it was."""
    valkey = own_server.start()
    file = tmp_path / "handlers.yaml"
    async with HubSpot().running() as standin:
        standin.add(email="p1@example.com")
        section = {
            "backend": "hubspot",
            "token": TOKEN,
            "base_url": standin.url,
            "match": ["salesloft_id", "email_address"],
            "log": [*EVENTS, "meeting.updated"],
        }
        file.write_text(yaml.safe_dump({"crm": section}))
        settings = {"HANDLERS_FILE": str(file), "LEASE_SECONDS": "5", "BACKOFF_BASE_SECONDS": "0.5"}
        worker, receiver = WorkerProcess("crm", valkey.url, settings), ReceiverProcess(valkey.url)
        try:
            await asyncio.to_thread(receiver.start)
            await asyncio.to_thread(worker.start)
            killing(worker, standin, end_of_path)
            await deliver(receiver)
            await eventually(lambda: worker.dead, "the worker was killed", seconds=120)
            await asyncio.to_thread(worker.start)
            await eventually(partial(finished, valkey.url), "everything is handled", seconds=120)
        finally:
            receiver.kill()
            worker.kill()

    assert sorted(standin.contacts) == [f"p{number}@example.com" for number in range(1, PEOPLE + 1)]
    made = {kind: len(records) for kind, records in standin.records.items() if kind != "contacts"}
    assert made == {"emails": 2 * PEOPLE, "calls": PEOPLE, "meetings": PEOPLE}
    assert {each["hs_meeting_title"] for each in standin.records["meetings"].values()} == {"moved"}
    assert len(standin.associations) == len(EVENTS) * PEOPLE
