"""Idempotency records as the store knows them, wherever they stand."""

from collections.abc import Iterable
from typing import Any

from salesloft_webhooks.broker.scripts import with_includes

STREAM = "sl:{0}:events"
READ = with_includes(
    "--@include partition\n--@include compact_records\n--@include records\n--@include whole_record\n"
    "local found = {}\nfor at, id in ipairs(ARGV) do\n  found[at] = whole_record(id)\nend\nreturn found"
)
"""The script that finds all that a stream's partition remembers of events."""
_BATCH = 1_000


def records_of(client: Any, event_ids: Iterable[str], stream: str = STREAM) -> dict[str, dict[str, str]]:
    """All that the partition of a stream remembers of events, by their ids; empty of one that it does not know."""
    ids, found = list(event_ids), {}
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        for event_id, flat in zip(batch, client.eval(READ, 1, stream, *batch), strict=True):
            found[event_id] = dict(zip(flat[::2], flat[1::2], strict=True))
    return found


def record_of(client: Any, event_id: str, stream: str = STREAM) -> dict[str, str]:
    """All that the partition of a stream remembers of an event; empty when nothing."""
    return records_of(client, [event_id], stream)[event_id]


def known_records(client: Any, stream: str = STREAM) -> dict[str, dict[str, str]]:
    """The records of the events whose entries are in the stream, and all full ones."""
    base = stream.removesuffix("events") + "event:"
    ids = {fields["id"] for _, fields in client.xrange(stream)}
    return records_of(client, ids | {key.removeprefix(base) for key in client.scan_iter(f"{base}*", 1000)}, stream)


def forget_record(client: Any, event_id: str, stream: str = STREAM) -> None:
    """As if the time of the event's record, and of all compact ones, were over."""
    base = stream.removesuffix("events")
    client.delete(f"{base}event:{event_id}", f"{base}ids", *client.keys(f"{base}ids:*"))
