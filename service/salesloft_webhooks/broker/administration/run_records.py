"""The nouns of bulk work: a run, what it does, how it stands; and how the store keeps it.

A run is begun by somebody and carried out by a console (`run_execution.py`), so it survives a closed browser and the
death of the console. It is in one of these states::

    waiting ── a console has made its places ──> running ── all is passed ──> done
       └───────────────────── somebody stops it ────┴──────────────────────> stopped
       └─────────────── its progress is gone, or nobody went on ────────────> failed

Invariant: whoever carries it out, and wherever he is killed, nothing is done twice and nothing is left out. What it is
about is fixed when it begins: everything up to `ends`, an entry id for each partition, that its selection wants. How
far it is stands in each partition beside the things themselves (`lua/include/run_place.lua`), and moves on in the step
that deals with them, from the place that the caller knows: who is late, or thinks that he still holds the lease, does
nothing. Outcomes are counted in that step, too, so the counts are exact at any moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

BEGINNING = "0-0"
"""A place before everything."""
REPEATED = "repeated"
"""Counts entries of an event of which another entry is dealt with."""


class RunKind(StrEnum):
    """What is done with each thing."""

    REDRIVE = "redrive"
    """Dead letters are given to their group again."""
    DISCARD = "discard"
    """Dead letters are thrown away."""
    REPLAY = "replay"
    """History is given to a group again."""
    REPLAY_ARCHIVE = "replay_archive"
    """What an archive has is given to a group again, by a command: no console carries it out."""
    REPROCESS = "reprocess"
    """Deliveries in quarantine are read again."""
    CANCEL = "cancel"
    """Follow-ups that wait are cancelled."""


class RunState(StrEnum):
    """How a run stands."""

    WAITING = "waiting"
    """Begun; no console has been at it."""
    RUNNING = "running"
    """Carried out, or will be as soon as there is a console again."""
    DONE = "done"
    """All that it was about is dealt with."""
    STOPPED = "stopped"
    """Somebody stopped it; the rest is as it was."""
    UNFINISHED = "unfinished"
    """The replay of an archive: its command is at it, or can be gone on with."""
    FAILED = "failed"
    """It cannot be carried out, or not to its end; `Run.reason` says why."""

    @property
    def ended(self) -> bool:
        """Whether nothing will be done any more."""
        return self in {RunState.DONE, RunState.STOPPED, RunState.FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """What somebody wants to be done.

    Attributes:
        kind: What is done.
        by: Who wants it.
        selection: What it is about, without personal data: shown to people and read by the steps of its kind. Texts,
            numbers and lists of them.
        total: How many things that were when he looked.
        ends: Up to where, by partition: an entry id each.
        group: The group that it is about; empty: none (quarantine).
    """

    kind: RunKind
    by: str
    selection: Mapping[str, Any]
    total: int
    ends: tuple[str, ...]
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(NewRun):
    """A run.

    Attributes:
        run_id: Its name.
        state: How it stands.
        began_at: When, by the store's clock.
        changed_at: When something of it was last written down.
        stopped_by: Who wanted it to stop; empty: nobody.
        reason: Why it failed or waits; empty: it does not.
        outcomes: How many things came to which outcome.
    """

    run_id: str
    state: RunState
    began_at: datetime
    changed_at: datetime
    stopped_by: str = ""
    reason: str = ""
    outcomes: Mapping[str, int] = field(default_factory=dict)

    @property
    def passed(self) -> int:
        """How many things are dealt with. An event that history has again counts once, as in `total`."""
        return sum(self.outcomes.values()) - self.outcomes.get(REPEATED, 0)


def written_run(new: NewRun) -> list[str]:
    """A run as names and values."""
    words = {
        "kind": new.kind,
        "group": new.group,
        "by": new.by,
        "selection": msgspec.json.encode(new.selection).decode(),
        "total": str(new.total),
        "ends": " ".join(new.ends),
    }
    return [word for pair in words.items() for word in pair]


def read_run(run_id: str, fields: Mapping[bytes, bytes]) -> Run | None:
    """A run from its fields; None where they are none, or those of a version that does not exist yet."""
    texts = {name.decode(): value.decode(errors="backslashreplace") for name, value in fields.items()}
    try:
        return Run(
            run_id=run_id,
            kind=RunKind(texts["kind"]),
            group=texts["group"],
            by=texts["by"],
            selection=msgspec.json.decode(texts["selection"], type=dict[str, Any]),
            total=int(texts["total"]),
            ends=tuple(texts["ends"].split()),
            state=RunState(texts["state"]),
            began_at=_moment(texts["began"]),
            changed_at=_moment(texts["changed"]),
            stopped_by=texts.get("stopped_by", ""),
            reason=texts.get("reason", ""),
            outcomes=msgspec.json.decode(texts.get("outcomes", "{}"), type=dict[str, int]),
        )
    except (KeyError, ValueError, msgspec.MsgspecError):
        return None


def _moment(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1_000, UTC)
