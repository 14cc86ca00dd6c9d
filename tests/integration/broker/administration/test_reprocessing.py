"""The quarantine is no dead end: what can be read by now is stored as if it had just come, and nothing is lost."""

import json
from typing import Any

import pytest

from salesloft_webhooks.broker import Publisher, quarantine
from salesloft_webhooks.broker.administration.quarantine import (
    Removed,
    Reprocessed,
    discard,
    held,
    reprocess,
)
from salesloft_webhooks.broker.administration.stored_records import Quarantined
from salesloft_webhooks.errors import StoreUnavailable, UnreadableReason
from tests.support.broker_driver import Driven

PERSON = {"id": 17, "updated_at": "2026-03-07T09:26:14.444910Z", "email_address": "a@example.com"}
ENVELOPE = {
    "event_id": "evt-1",
    "event_type": "person.updated",
    "created_at": "2026-03-07T09:26:14Z",
    "data": PERSON,
}


async def keep(
    driven: Driven, document: object, *, dialect: str = "envelope", event_name: str = "", source: str = "default"
) -> None:
    """Quarantine a delivery."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    reason = UnreadableReason.MISSING_FIELD
    await quarantine(
        driven.store, source=source, dialect=dialect, reason=reason, body=body, limit=100, from_headers=event_name
    )


async def run(driven: Driven, *, event_name: str = "") -> list[Reprocessed]:
    """Reprocess everything; what became of each."""
    async with Publisher(driven.store, driven.settings) as publisher:
        done = reprocess(driven.store, publisher, held(driven.store), event_name=event_name)
        return [outcome async for _, outcome in done]


def stored(driven: Driven) -> list[dict[str, str]]:
    """The entries of all partitions."""
    with driven.server.client() as client:
        redis: Any = client
        streams = [redis.xrange(f"sl:{{{number}}}:events") for number in range(driven.store.partitions)]
    return [fields for stream in streams for _, fields in stream]


async def left(driven: Driven) -> list[Quarantined]:
    """What is still in quarantine."""
    return [one async for one in held(driven.store)]


async def test_what_can_be_read_by_now_is_stored_with_its_own_time(driven: Driven) -> None:
    """The event is handled like any other, and its age counts from when it came, not from when it was read."""
    await keep(driven, ENVELOPE, source="relay")
    key = "sl:{0}:quarantine"
    with driven.server.client() as client:
        redis: Any = client
        ((_, fields),) = redis.xrange(key)
        redis.delete(key)
        redis.xadd(key, fields | {"at": "1766021654000"})

    assert await run(driven) == [Reprocessed.STORED]

    (entry,) = stored(driven)
    assert (entry["id"], entry["src"], entry["at"]) == ("evt-1", "relay", "1766021654000")
    assert await left(driven) == []


async def test_what_version_0_1_0_kept_is_read(driven: Driven) -> None:
    """Entries without an event name: envelopes need none, and for native ones it can be given."""
    with driven.server.client() as client:
        redis: Any = client
        for dialect, document in (("envelope", ENVELOPE), ("native", PERSON)):
            fields = {"src": "default", "dialect": dialect, "reason": "not_json", "at": "1766021654000"}
            redis.xadd("sl:{0}:quarantine", fields | {"body": json.dumps(document)})

    assert await run(driven) == [Reprocessed.STORED, Reprocessed.UNREADABLE]
    assert await run(driven, event_name="person_updated") == [Reprocessed.STORED]

    assert {entry["type"] for entry in stored(driven)} == {"person.updated"}


async def test_a_native_delivery_keeps_its_name_and_loses_its_token(driven: Driven) -> None:
    """The name is kept beside the body; a callback token, redacted when it was kept, does not stand in the way."""
    await keep(driven, PERSON | {"callback_token": "[redacted]"}, dialect="native", event_name="person_updated")

    assert await run(driven) == [Reprocessed.STORED]

    (entry,) = stored(driven)
    assert entry["type"] == "person.updated"
    assert "callback_token" not in entry["body"]


async def test_a_known_event_leaves_without_being_stored_again(driven: Driven) -> None:
    """Its sender mended it and sent it again meanwhile: a duplicate, like any other."""
    await driven.publish("evt-1")
    await keep(driven, ENVELOPE)

    assert await run(driven) == [Reprocessed.ALREADY_STORED]

    assert len(stored(driven)) == 1
    assert await left(driven) == []


@pytest.mark.parametrize(
    ("document", "dialect", "event_name"),
    [
        (b"not json", "envelope", ""),
        ({"id": 1}, "envelope", ""),
        (PERSON, "native", "link_swap"),
        (PERSON, "native", ""),
        (PERSON | {"callback_token": 7}, "native", "person_updated"),
    ],
    ids=["no JSON", "fields missing", "unsupported", "no name", "a token that is none"],
)
async def test_what_is_still_unreadable_stays(driven: Driven, document: object, dialect: str, event_name: str) -> None:
    """Nothing is stored and nothing is thrown away, and the next in line has its turn."""
    await keep(driven, document, dialect=dialect, event_name=event_name)
    await keep(driven, ENVELOPE)

    assert await run(driven) == [Reprocessed.UNREADABLE, Reprocessed.STORED]

    assert len(await left(driven)) == 1


async def test_what_the_server_refuses_stays(driven: Driven) -> None:
    """A delivery whose record has the wrong type stays in quarantine, and the others go on."""
    with driven.server.client() as client:
        for number in range(driven.store.partitions):
            client.set(f"sl:{{{number}}}:event:evt-1", "no hash")
    await keep(driven, ENVELOPE)
    await keep(driven, ENVELOPE | {"event_id": "evt-2"})

    assert await run(driven) == [Reprocessed.REFUSED, Reprocessed.STORED]

    assert [json.loads(one.body)["event_id"] for one in await left(driven)] == ["evt-1"]


async def test_death_between_storing_and_leaving_loses_nothing(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is stored and still in quarantine; the next run finds a duplicate, and takes it out."""
    await keep(driven, ENVELOPE)

    async def die(*_: object) -> bool:
        raise StoreUnavailable("gone")

    with monkeypatch.context() as dying:
        dying.setattr("salesloft_webhooks.broker.administration.quarantine._remove", die)
        with pytest.raises(StoreUnavailable):
            await run(driven)
    assert (len(stored(driven)), len(await left(driven))) == (1, 1)

    assert await run(driven) == [Reprocessed.ALREADY_STORED]

    assert (len(stored(driven)), len(await left(driven))) == (1, 0)


async def test_what_is_thrown_away_is_gone(driven: Driven) -> None:
    """Discarding removes what was meant and nothing else; what had left meanwhile is said to be gone."""
    await keep(driven, b"first")
    await keep(driven, b"second")
    first, second = await left(driven)

    async def twice() -> Any:
        for one in (first, first):
            yield one

    assert [outcome async for _, outcome in discard(driven.store, twice())] == [Removed.DISCARDED, Removed.GONE]
    assert await left(driven) == [second]
