"""What the scripts write has the names that `broker.records` and `broker.keys` say, and no others."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from salesloft_webhooks.broker import Outcome, quarantine
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import dead_letters, redrive
from salesloft_webhooks.broker.keys import Keys
from salesloft_webhooks.broker.records import (
    DEAD_LETTER_FIELDS,
    ENTRY_FIELDS,
    PACKED_FIELDS,
    QUARANTINE_FIELDS,
    RECORD_ATTEMPTS,
    RECORD_DUPLICATES,
    RECORD_ENTRY,
    RECORD_LETTERS,
    RECORD_POISON,
    RECORD_RESUBMITTED,
    RECORD_TOKEN,
    REGISTRATION_FIELDS,
)
from salesloft_webhooks.errors import UnreadableReason
from salesloft_webhooks.settings import Ordering
from tests.support.broker_driver import TTL, Driven
from tests.support.idempotency_records import known_records

LUA = Path(inspect.getfile(Keys)).with_name("lua")
READ_BY_NAME = re.compile(r"\b(?:fields|memory|fields_of\([^()]*(?:\([^()]*\))?[^()]*\))\.(\w+)")


async def names_in(driven: Driven, stream: str) -> list[tuple[str, ...]]:
    """The field names of every entry of a stream, in their order."""
    page: Any = await driven.store.client.xrange(stream)
    return [tuple(name.decode() for name in fields) for _, fields in page]


async def everything(driven: Driven) -> None:
    """One of each: stored, repeated, handled, dead, redriven, waiting for a retry, parked, unhandled, in quarantine."""
    crm = await driven.group(ordering=Ordering.ENTITY, events=("person.*", "call.*"), handled=("person.*",))
    await driven.publish("dead", "letter", "done")
    await driven.publish("done")
    await driven.kill(crm, 2)
    await driven.handle(crm)
    async for letter in dead_letters(driven.store, DeadLetterFilter(event_id="dead")):
        async for _ in redrive(driven.store, _one(letter), idempotency_ttl_seconds=TTL):
            pass
    await driven.publish("retried", "parked", person=1)
    await driven.publish("unhandled", event_type="call.updated")
    await driven.settle(crm, await driven.take(crm), Outcome.RETRY, delay_seconds=60.0, error="ValueError: no")
    await crm.pause(60.0, "because")
    reason, body = UnreadableReason.NOT_JSON, b"{"
    await quarantine(driven.store, source="s", dialect="envelope", reason=reason, body=body, limit=9)


async def _one(letter: Any) -> Any:
    yield letter


async def test_streams_have_the_fields_that_are_written_down(driven: Driven) -> None:
    """Entries, copies of them, dead letters and deliveries in quarantine have exactly the fields of `records`."""
    await everything(driven)

    keys, partitions = driven.store.keys, range(driven.store.partitions)
    entries = {names for one in partitions for names in await names_in(driven, keys.events(one))}
    letters = {names for one in partitions for names in await names_in(driven, keys.dead(one, "crm"))}
    assert entries == {PACKED_FIELDS, ENTRY_FIELDS}
    assert letters == {DEAD_LETTER_FIELDS}
    assert await names_in(driven, keys.quarantine(0)) == [QUARANTINE_FIELDS]


async def test_hashes_have_the_fields_that_are_written_down(driven: Driven) -> None:
    """Registrations and idempotency records have no field that `records` does not name."""
    await everything(driven)

    keys, client = driven.store.keys, driven.store.client
    registration: Any = await client.hgetall(keys.group("crm"))
    found: set[str] = set()
    for key in driven.keys("sl:*:event:*"):
        record: Any = await client.hgetall(key)
        found |= {name.decode() for name in record}
    assert tuple(name.decode() for name in registration) == REGISTRATION_FIELDS
    of_group = {f"{name}crm" for name in (RECORD_LETTERS, RECORD_RESUBMITTED, RECORD_ATTEMPTS)}
    assert found == {RECORD_ENTRY, RECORD_DUPLICATES, "crm", *of_group}
    with driven.server.client() as plain:
        compact = [known_records(plain, keys.events(one)).get("parked", {}) for one in range(driven.store.partitions)]
    assert [set(record) for record in compact if record] == [{RECORD_ENTRY, RECORD_TOKEN}]


async def test_every_key_is_written_down(driven: Driven) -> None:
    """There is no key on the server whose name does not come from `Keys`."""
    await everything(driven)

    unknown = [key for key in driven.keys("*") if not any(form.fullmatch(key) for form in _forms())]

    assert unknown == []


def _forms() -> list[re.Pattern[str]]:
    """Each name that `Keys` makes, with anything in place of its arguments."""
    keys, anything = Keys("sl"), "\0"
    made = []
    for name, member in inspect.getmembers(Keys):
        if name.startswith("_") or name == "prefix":
            continue
        arguments = len(inspect.signature(member).parameters) - 1 if callable(member) else 0
        made.append(getattr(keys, name)(*[anything] * arguments) if callable(member) else getattr(keys, name))
    return [re.compile(re.escape(one).replace("\0", ".+") + "(:[a-z_.*]+)?") for one in made]


@pytest.mark.parametrize("script", sorted(LUA.rglob("*.lua")), ids=lambda path: path.stem)
def test_scripts_read_no_other_field(script: Path) -> None:
    """What a script reads by name is a field that is written down, so a renamed field is not read as missing."""
    known = {*DEAD_LETTER_FIELDS, *PACKED_FIELDS, RECORD_ENTRY, RECORD_DUPLICATES}
    known.add("name")  # XINFO's, of a group

    assert set(READ_BY_NAME.findall(script.read_text(encoding="utf-8"))) <= known


def test_poisoned_entries_are_named_as_written_down() -> None:
    """The one field that takes several lost leases to be written has the same name in the scripts."""
    records, outcomes = ((LUA / "include" / f"{name}.lua").read_text("utf-8") for name in ("records", "outcomes"))

    names = f"'{RECORD_LETTERS}', '{RECORD_POISON}', '{RECORD_RESUBMITTED}', '{RECORD_ATTEMPTS}'"
    assert f"local LETTER, POISON, AGAIN, TRY = {names}" in records
    assert "POISON .. group" in outcomes
