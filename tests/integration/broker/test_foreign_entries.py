"""What somebody else has written into a stream stops nobody: not the script, not the worker, not who looks at it."""

import pytest

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.broker.administration.entries import latest
from salesloft_webhooks.broker.body_encryption import MARK
from salesloft_webhooks.broker.entry_head import packed_head
from tests.support.broker_bench import STREAM, Bench, settle, take

PLAIN = {"id": "evt-0", "type": "person.created", "key": "person:1", "src": "default", "at": "", "body": "{}"}
SAID = ("evt-0", "person.created", "person:1", "default", "", "2026-03-07T04:26:14Z", "")


def headed(of: bytes = b"", body: bytes = b"{}", **said: str) -> dict[str, bytes]:
    """An entry in format 2."""
    at = said.get("at", "")
    head = packed_head((*SAID[:4], at, *SAID[5:]), pack=False)
    return {"head": head + of, "body": body}


FOREIGN = {
    "a place that is none": PLAIN | {"of": "abc 1 x"},
    "a place beyond all ids": PLAIN | {"of": f"12345-{'9' * 20} 1 x"},
    "a place of endless digits": PLAIN | {"of": f"{'9' * 40}-{'9' * 40} 1 x"},
    "a number of bytes that is none": PLAIN | {"of": " x y"},
    "a number of bytes with endless digits": PLAIN | {"of": f" {'1' * 5_000} y"},
    "one word instead of three": PLAIN | {"of": "x"},
    "a time that is none": PLAIN | {"at": "yesterday"},
    "a time beyond all years": PLAIN | {"at": "9" * 30},
    "a time beyond all years, packed": headed(at="9" * 20),
    "a share that is none, packed": headed(b" x y"),
    "a place that is none, packed": headed(b"abc 1 x"),
    "a seal with one word": headed(b"x", MARK),
    "an id that is no text": PLAIN | {"id": b"\xff\xfe", "body": MARK},
    "no field that is known": {"x": "y"},
    "an endless head": {"head": b"\x04" + b"\xff" * 40, "body": b""},
}


@pytest.mark.parametrize("fields", FOREIGN.values(), ids=FOREIGN.keys())
async def test_a_foreign_entry_stops_nobody(bench: Bench, fields: dict[str, str | bytes]) -> None:
    """It is passed over, or leased and finished like others; what was accepted behind it is, and both are shown."""
    group = await bench.group()
    bench.redis.xadd(STREAM, fields)
    await bench.publish("evt-1", key="person:2")

    leases = [*await take(group), *await take(group)]
    for lease in leases:
        await settle(group, lease, Outcome.DONE)
    shown = [entry.event_id async for entry in latest(bench.store)]

    assert "evt-1" in [lease.event.event_id for lease in leases]
    assert bench.pending() == {}
    assert "evt-1" in shown
