"""Replies told in bundles by two worker processes, which die when the service has taken a message."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.administration.stats import measure
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.simulator.platform import SimulatedPlatform
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server
from tests.support.standins.http import Answer, Request, StandIn
from tests.support.standins.slack import TOKEN, Slack
from tests.support.waiting import eventually
from tests.support.worker_process import WorkerProcess

BATCHES, OF_A_BATCH, DEADLY = 3, 20, (1,)
REP, API_TOKEN = 7, "ak-an-invented-api-token"


@dataclass
class Told:
    """A service that messages go to, and what `notify` has to know for that.

    Attributes:
        service: The stand-in.
        section: More of the handlers file.
        settings: More of the workers.
    """

    service: StandIn
    section: dict[str, Any]
    settings: dict[str, str]

    @property
    def messages(self) -> list[Any]:
        """What was posted, but for the text that stands for all of it in a list of messages."""
        return [{**each.json, "text": ""} for each in self.service.requests if _is_message(each)]


def _is_message(request: Request) -> bool:
    return "/users.lookupByEmail" not in request.path


@asynccontextmanager
async def by_slack() -> AsyncIterator[Told]:
    """Bursts, to a webhook of Slack."""
    async with StandIn().running() as service:
        yield Told(service, {"default_urls": [f"slack+{service.url}/x"], "group_seconds": 0.5}, {})


@asynccontextmanager
async def by_teams() -> AsyncIterator[Told]:
    """A digest each of the next minutes, to a Workflow of Teams."""
    minutes = [(datetime.now(UTC) + timedelta(minutes=number)).strftime("%H:%M") for number in range(1, 8)]
    async with StandIn().running() as service:
        yield Told(service, {"default_urls": [f"teams+{service.url}/x"], "digest": {"at": minutes}}, {})


@asynccontextmanager
async def by_slack_app() -> AsyncIterator[Told]:
    """Bursts, by a Slack app to the rep, whom it finds by the address that SalesLoft has of them."""
    async with SimulatedPlatform() as platform, Slack(people={"sam@example.com": "U7"}).running() as service:
        platform.access.allow(API_TOKEN)
        sam = {"id": REP, "email": "sam@example.com", "updated_at": "2026-03-07T04:00:00Z"}
        platform.records.of("/users")[REP] = sam
        section = {"slack": {"token": TOKEN, "base_url": service.url}, "group_seconds": 0.5}
        yield Told(service, section, {"SALESLOFT_API_URL": platform.url, "SALESLOFT_API_TOKEN": API_TOKEN})


def said(told: Told) -> Counter[str]:
    """What all messages say, and how often."""
    return Counter(re.findall(r"\bsubject-\d-\d+\b", json.dumps(told.messages)))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", [by_slack, by_teams, by_slack_app])
async def test_no_reply_is_told_twice_or_forgotten_when_workers_die(
    way: Any, own_server: Server, tmp_path: Path
) -> None:
    """Three bursts of twenty, a death of both between message and answer: each reply is in exactly one message."""
    async with way() as told:
        file = tmp_path / "handlers.yaml"
        common = {"messages": {"email.replied": {"body": "{subject}"}}, "messages_per_minute": 10_000}
        file.write_text(yaml.safe_dump({"notify": {**common, **told.section}}), "utf-8")
        url = own_server.start().url
        settings = {"HANDLERS_FILE": str(file), "LEASE_SECONDS": "2", "PARTITIONS": "2", **told.settings}
        workers = [WorkerProcess("notify", url, settings) for _ in range(2)]
        receiver = ReceiverProcess(url, settings={"PARTITIONS": "2"})
        try:
            await asyncio.to_thread(receiver.start)
            for worker in workers:
                await asyncio.to_thread(worker.start)
            for batch in range(BATCHES):
                if batch in DEADLY:
                    _kill_at_the_next_message(told.service, workers)
                for number in range(OF_A_BATCH):
                    data = {"id": number, "person_id": number + 1, "user": {"id": REP}}
                    data["subject"] = f"subject-{batch}-{number}"
                    body = envelope(f"reply-{batch}-{number}", event_type="email.replied", data=data)
                    assert (await asyncio.to_thread(receiver.send, delivery(body))).status == 200
                if batch in DEADLY:
                    await eventually(lambda: all(each.dead for each in workers), "they were killed", seconds=100)
                    for worker in workers:
                        await asyncio.to_thread(worker.start)
            await eventually(lambda: _settled(url), "every reply is settled", seconds=150)
        finally:
            receiver.kill()
            for worker in workers:
                worker.kill()

    expected = {f"subject-{batch}-{number}" for batch in range(BATCHES) for number in range(OF_A_BATCH)}
    found = said(told)
    assert set(found) == expected
    assert set(found.values()) == {1}
    assert len(told.messages) < len(expected) / 3, "most went out together"


def _kill_at_the_next_message(service: StandIn, workers: list[WorkerProcess]) -> None:
    """Let the service take a message, and kill the workers before they get the answer."""
    usual = service.respond

    def respond(request: Request) -> Answer:
        answer = usual(request)
        if _is_message(request):
            service.respond = usual
            for worker in workers:
                worker.kill()
        return answer

    service.respond = respond


async def _settled(url: str) -> bool:
    async with open_store(Settings.load(redis_url=url)) as store:
        (group,) = (await measure(store)).groups
    return group.lag == group.pending == group.dead == 0
