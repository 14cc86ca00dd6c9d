"""How runs give history to a group again. A run's selection is a `Selection` as `written_selection` writes it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from salesloft_webhooks.broker.administration.groups import registration
from salesloft_webhooks.broker.administration.replay import BATCH, Selection, milliseconds
from salesloft_webhooks.broker.administration.run_records import BEGINNING, Run
from salesloft_webhooks.broker.administration.run_steps import act
from salesloft_webhooks.broker.administration.scan import PAGE, read
from salesloft_webhooks.broker.administration.stored_records import read_entry
from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.entry_reference import Reference
from salesloft_webhooks.event_patterns import is_taken

LOOKED_AT = 20 * PAGE
"""So many entries are looked at for one batch, where few of them are wanted."""


class _Written(msgspec.Struct, omit_defaults=True):
    # Empty fields are left out, so that the digest of what narrows nothing stays the same with later fields.
    since_ms: int | None = None
    until_ms: int | None = None
    types: tuple[str, ...] = ()
    event_ids: tuple[str, ...] = ()
    source: str = ""
    person: str = ""


def written_selection(selection: Selection) -> Mapping[str, Any]:
    """A selection as a run keeps it."""
    since, until = (None if one is None else milliseconds(one) for one in (selection.since, selection.until))
    ids = tuple(sorted(selection.event_ids))
    written = _Written(since, until, selection.types, ids, selection.source, selection.person)
    return dict(msgspec.to_builtins(written))


def read_selection(written: Mapping[str, Any]) -> Selection:
    """The inverse of `written_selection`."""
    found = msgspec.convert(written, _Written)
    since, until = (
        None if one is None else datetime.fromtimestamp(one / 1_000, UTC) for one in (found.since_ms, found.until_ms)
    )
    return Selection(since, until, found.types, frozenset(found.event_ids), found.source, found.person)


async def replay_ends(store: Store, selection: Selection) -> tuple[str, ...]:
    """Up to where a replay that begins now goes, by partition.

    Raises:
        StoreError: the store cannot be asked.
    """
    until = "+" if selection.until is None else str(milliseconds(selection.until))
    ends = []
    for partition in range(store.partitions):
        newest = await read(store, store.keys.events(partition), "-", until, count=1, newest_first=True)
        ends.append(newest[0][0].decode() if newest else BEGINNING)
    return tuple(ends)


class ReplaySteps:
    """Replays, each event once, however many entries of it the history has.

    Args:
        store: Where.
        idempotency_ttl_seconds: How long what has become of an event is remembered.
    """

    def __init__(self, store: Store, idempotency_ttl_seconds: int) -> None:
        self._store, self._ttl = store, idempotency_ttl_seconds

    async def batch(self, run: Run, partition: int, place: str) -> int:
        """As `Steps` has it."""
        selection = read_selection(run.selection)
        since_ms = 0 if selection.since is None else milliseconds(selection.since)
        behind_it = Reference.of(partition, place.encode()).ms >= since_ms
        low = f"({place}" if behind_it else str(since_ms)
        ids, next_place, not_wanted = await self._choose(run, selection, partition, low)
        args: list[Argument] = [run.group, self._ttl, "wet", run.run_id, place, next_place, f"{since_ms}-0", not_wanted]
        await act(self._store, "replay", partition, [*args, *ids])
        return len(ids)

    async def end(self, run: Run) -> None:
        """As `Steps` has it: nothing is left over."""

    async def _choose(self, run: Run, selection: Selection, partition: int, low: str) -> tuple[list[str], str, int]:
        """Ids, the next place, and how many are passed over because the group does not take events of their type."""
        types, end = (await registration(self._store, run.group)).events, run.ends[partition]
        ids, not_wanted, looked_at = list[str](), 0, 0
        while looked_at < LOOKED_AT:
            page = await read(self._store, self._store.keys.events(partition), low, end, count=PAGE)
            for entry_id, fields in page:
                entry = read_entry(Reference.of(partition, entry_id), fields)
                if selection.wants(entry):
                    if is_taken(entry.event_type, types):
                        ids.append(entry.reference.entry_id)
                    else:
                        not_wanted += 1
                if len(ids) == BATCH:
                    return ids, ids[-1], not_wanted
            if len(page) < PAGE:
                return ids, end, not_wanted
            low, looked_at = f"({page[-1][0].decode()}", looked_at + len(page)
        return ids, low.removeprefix("("), not_wanted
