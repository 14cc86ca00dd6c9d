"""Replies told in bundles by two worker processes, which die when Slack has taken its message."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
import yaml

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.administration.stats import measure
from salesloft_webhooks.settings import Settings
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server
from tests.support.standins.http import Answer, Request, StandIn
from tests.support.waiting import eventually
from tests.support.worker_process import WorkerProcess

BATCHES, OF_A_BATCH, DEADLY = 3, 20, (1,)


def said(service: StandIn) -> Counter[str]:
    """What the cards of all messages say, and how often."""
    blocks = [block for request in service.requests for block in request.json["blocks"]]
    return Counter(block["text"]["text"] for block in blocks if block["type"] == "section")


@pytest.mark.timeout(120)
async def test_no_reply_is_told_twice_or_forgotten_when_workers_die(own_server: Server, tmp_path: Path) -> None:
    """Three bursts of twenty, a death of both between message and answer: each reply is in exactly one message."""
    async with StandIn().running() as service:
        file = tmp_path / "handlers.yaml"
        section = {
            "messages": {"email.replied": {"body": "{subject}"}},
            "default_urls": [f"slack+{service.url}/x"],
            "group_seconds": 0.5,
            "messages_per_minute": 10_000,
        }
        file.write_text(yaml.safe_dump({"notify": section}), "utf-8")
        url = own_server.start().url
        settings = {"HANDLERS_FILE": str(file), "LEASE_SECONDS": "2", "PARTITIONS": "2"}
        workers = [WorkerProcess("notify", url, settings) for _ in range(2)]
        receiver = ReceiverProcess(url, settings={"PARTITIONS": "2"})
        try:
            await asyncio.to_thread(receiver.start)
            for worker in workers:
                await asyncio.to_thread(worker.start)
            for batch in range(BATCHES):
                if batch in DEADLY:
                    _kill_at_the_next_message(service, workers)
                for number in range(OF_A_BATCH):
                    data = {"id": number, "person_id": number + 1, "subject": f"{batch}-{number}"}
                    body = envelope(f"reply-{batch}-{number}", event_type="email.replied", data=data)
                    assert (await asyncio.to_thread(receiver.send, delivery(body))).status == 200
                if batch in DEADLY:
                    await eventually(lambda: all(each.dead for each in workers), "they were killed", seconds=20)
                    for worker in workers:
                        await asyncio.to_thread(worker.start)
            await eventually(lambda: _settled(url), "every reply is settled", seconds=60)
        finally:
            receiver.kill()
            for worker in workers:
                worker.kill()

    expected = {f"{batch}-{number}" for batch in range(BATCHES) for number in range(OF_A_BATCH)}
    found = said(service)
    assert set(found) == expected
    assert set(found.values()) == {1}
    assert len(service.requests) < len(expected) / 3, "most went out together"


def _kill_at_the_next_message(service: StandIn, workers: list[WorkerProcess]) -> None:
    """Let Slack take a message, and kill the workers before they get the answer."""

    def respond(_request: Request) -> Answer:
        service.respond = lambda _request: Answer(200, {})
        for worker in workers:
            worker.kill()
        return Answer(200, {})

    service.respond = respond


async def _settled(url: str) -> bool:
    async with open_store(Settings.load(redis_url=url)) as store:
        (group,) = (await measure(store)).groups
    return group.lag == group.pending == group.dead == 0
