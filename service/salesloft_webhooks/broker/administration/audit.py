"""Who did what: a stream of bounded length, written by the console for every act, read by people.

An entry takes 200 bytes or so; the oldest go. Nothing else reads it, so versions that do not know it pass it by. A line
in the log says the same and outlives the store: the stream is what people look at, the log is what is kept.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from salesloft_webhooks.broker.connection.store import Argument, Store, translated
from salesloft_webhooks.broker.entry_reference import Reference, beyond
from salesloft_webhooks.broker.records import AUDIT_FIELDS, Fields

LENGTH = 100_000
"""About 20 MB."""
PAGE = 500
LOOKED_THROUGH = 10_000
"""Of acts, for one page: about a quarter of a second."""
LONGEST_TEXT = 300
"""Characters of a value or a message; the rest is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that somebody did, or was refused. Without personal data.

    Attributes:
        who: Their name, as the sign-in knows it.
        roles: What they might do then.
        act: What: ``redrive``.
        arguments: With which arguments.
        counts: How many of what it concerned.
        outcome: ``done``, ``refused``, ``failed``, or ``interrupted`` where nobody knows.
        message: What they were told.
        run: The id of the bulk work it began; empty: none.
    """

    who: str
    roles: tuple[str, ...]
    act: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    outcome: str = "done"
    message: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited(Act):
    """An act as it is written down.

    Attributes:
        entry_id: What to call it.
        at: When, by the store's clock.
    """

    entry_id: str
    at: datetime


async def write_audit(store: Store, act: Act) -> str:
    """Write an act down; its entry id.

    Raises:
        StoreError: it may not be written.
    """
    values: tuple[Argument, ...] = (
        act.who,
        ",".join(act.roles),
        act.act,
        msgspec.json.encode({name: value[:LONGEST_TEXT] for name, value in act.arguments.items()}),
        msgspec.json.encode(act.counts),
        act.outcome,
        act.message[:LONGEST_TEXT],
        act.run,
    )
    fields: list[Argument] = [word for pair in zip(AUDIT_FIELDS, values, strict=True) for word in pair]
    return str(await store.run_on(store.keys.audit, "note_act", [LENGTH, *fields]), "ascii")


async def audit_log(store: Store, *, before: str = "", who: str = "", act: str = "") -> AsyncIterator[Audited]:
    """What was done, the latest first.

    Args:
        store: Where.
        before: Only what is older than this entry; empty: all.
        who: Only by this person; empty: anybody.
        act: Only this; empty: anything.

    Raises:
        StoreError: while reading.
        ValueError: ``before`` is no entry's id.
    """
    if before and Reference.parse(f"0/{before}" if "-" in before else f"0/{before}-0") is None:
        raise ValueError("no id of an entry")
    newest = beyond(before) if before else "+"
    while True:
        with translated():
            page: Any = await store.client.xrevrange(store.keys.audit, newest, "-", PAGE)
        for entry_id, fields in page:
            found = _read(entry_id.decode(), fields)
            if who in {"", found.who} and act in {"", found.act}:
                yield found
        if len(page) < PAGE:
            return
        newest = f"({page[-1][0].decode()}"


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A part of the audit.

    Attributes:
        acts: What fits, the latest first.
        after: Where to go on; empty: there is nothing older.
    """

    acts: tuple[Audited, ...]
    after: str


async def audit_page(store: Store, count: int, *, before: str = "", who: str = "", act: str = "") -> AuditPage:
    """Up to ``count`` acts, found among the next `LOOKED_THROUGH`: somebody waits for the page.

    Raises:
        StoreError: while reading.
        ValueError: ``before`` is no entry's id.
    """
    acts: list[Audited] = []
    looked = 0
    async for each in audit_log(store, before=before):
        if who in {"", each.who} and act in {"", each.act}:
            acts.append(each)
        looked += 1
        if len(acts) == count or looked == LOOKED_THROUGH:
            return AuditPage(tuple(acts), each.entry_id)
    return AuditPage(tuple(acts), "")


async def find_audited(store: Store, entry_id: str) -> Audited | None:
    """The act of this entry id; None where there is none.

    Raises:
        StoreError: the store cannot be asked.
    """
    ms, _, number = entry_id.partition("-")
    if not (ms.isascii() and ms.isdigit() and number.isascii() and number.isdigit()):
        return None
    with translated():
        page: Any = await store.client.xrange(store.keys.audit, entry_id, entry_id)
    return _read(entry_id, page[0][1]) if page else None


def _read(entry_id: str, fields: Fields) -> Audited:
    text = {name: fields.get(name.encode(), b"").decode(errors="backslashreplace") for name in AUDIT_FIELDS}
    return Audited(
        entry_id=entry_id,
        at=datetime.fromtimestamp(int(entry_id.partition("-")[0]) / 1_000, UTC),
        who=text["who"],
        roles=tuple(filter(None, text["roles"].split(","))),
        act=text["act"],
        arguments=_document(text["args"], dict[str, str]),
        counts=_document(text["counts"], dict[str, int]),
        outcome=text["outcome"],
        message=text["text"],
        run=text["run"],
    )


def _document(text: str, kind: Any) -> Any:
    try:
        return msgspec.json.decode(text or "{}", type=kind)
    except msgspec.MsgspecError:
        return {}  # of a later version
