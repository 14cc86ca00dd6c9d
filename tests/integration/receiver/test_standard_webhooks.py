"""Standard Webhooks end to end: relays, our own `forward` groups, and a dialect that only a test knows."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesloft_webhooks.dialects import DialectKeys
from salesloft_webhooks.dialects.standard_webhooks import STANDARD_WEBHOOKS
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.settings import Settings
from tests.support import samples
from tests.support.http_client import request
from tests.support.receiver_process import KEYS, MESSAGE_SECRET, PATH, ReceiverProcess
from tests.support.servers import Server

EVENTS = "sl:{0}:events"
EVENT = samples.email()


def stored(valkey: Server) -> list[dict[str, Any]]:
    """The stream's entries."""
    with valkey.client() as store:
        return [fields for _, fields in store.xrange(EVENTS)]


def written(file: Path, section: dict[str, Any]) -> Settings:
    """Settings with a handlers file that has the endpoint."""
    file.write_text(yaml.safe_dump({"forward": {"next": section}}))
    return Settings.load(handlers_file=file)


async def forward(receiver: ReceiverProcess, file: Path, times: int, **fields: Any) -> None:
    """A `forward` group posts the same event to that receiver, some times."""
    section = {
        "url": f"http://127.0.0.1:{receiver.port}{PATH}",
        "secrets": [MESSAGE_SECRET],
        "allow_private_addresses": True,
    }
    settings = written(file, section | fields)
    async with load_group("forward-next", (), settings).open(settings) as group:
        for _ in range(times):
            await group.handle(EVENT)


async def test_a_forwarded_cloudevent_keeps_its_id(valkey: Server, tmp_path: Path) -> None:
    """What one receiver took, a `forward` group sends to a second one, where it is the same event, once."""
    with ReceiverProcess(valkey.url, KEYS["standard-webhooks"]) as receiver:
        await forward(receiver, tmp_path / "handlers.yaml", 2, format="cloudevents")

    [entry] = stored(valkey)
    assert (entry["id"], entry["type"]) == (EVENT.event_id, "email.opened")
    assert json.loads(entry["body"])["id"] == EVENT.data["id"]


async def test_a_forwarded_payload_is_known_by_its_message(valkey: Server, tmp_path: Path) -> None:
    """The payload that Standard Webhooks recommends has no id: the message's, the same in every attempt, takes over."""
    with ReceiverProcess(valkey.url, KEYS["standard-webhooks"]) as receiver:
        await forward(receiver, tmp_path / "handlers.yaml", 2)

    [entry] = stored(valkey)
    assert (entry["id"][:4], entry["type"]) == ("msg_", "email.opened")


@pytest.mark.parametrize(("change", "status"), [({}, 200), ({"webhook-id": "msg_2"}, 401)], ids=["genuine", "forged"])
def test_a_relay_is_answered(valkey: Server, change: dict[str, str], status: int) -> None:
    """200 and stored, or 401 and not."""
    body = b'{"type": "person.updated", "timestamp": "2026-03-07T09:26:14Z", "data": {"id": 7}}'
    keys = DialectKeys(standard_webhooks_secrets=(MESSAGE_SECRET.encode(),))
    with ReceiverProcess(valkey.url, KEYS["standard-webhooks"]) as receiver:
        headers = STANDARD_WEBHOOKS.sign(body, "msg_1", keys, int(time.time())) | change
        reply = receiver.send(request("POST", PATH, headers, body))

    assert reply.status == status
    assert [entry["id"] for entry in stored(valkey)] == (["msg_1"] if status == 200 else [])
