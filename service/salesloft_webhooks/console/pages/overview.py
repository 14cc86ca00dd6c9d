"""The first page: the pipeline in its order, what each group still has to do, and what needs somebody now."""

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.broker.administration.conditions import Condition, Kind
from salesloft_webhooks.broker.administration.listed_runs import unfinished_runs
from salesloft_webhooks.broker.administration.overview import Overview, overview
from salesloft_webhooks.broker.administration.stats import Stats
from salesloft_webhooks.broker.announced_keys import Announcement
from salesloft_webhooks.broker.delivery_counts import TYPE, Deliveries
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.group_rows import GroupRow, group_row
from salesloft_webhooks.console.key_rows import KeyRow, key_rows
from salesloft_webhooks.console.routes import View, page
from salesloft_webhooks.console.run_rows import RunRow, run_row
from salesloft_webhooks.console.shown_commands import command_line
from salesloft_webhooks.delivery_outcomes import DeliveryOutcome

_ACCEPTED = frozenset(each for each in DeliveryOutcome if each.status == 200)
_AT_A_GROUP = frozenset({Kind.NO_CONSUMERS, Kind.PAUSED, Kind.BEHIND, Kind.GROWING, Kind.NO_HANDLER})
_ELSEWHERE = {Kind.QUARANTINE: "/quarantine", Kind.MEMORY: "#store"}


class Attention(Struct, frozen=True):
    """What somebody should look at.

    Attributes:
        severity: ``critical``, ``warning`` or ``note``.
        subject: Of which group or source; empty: of all.
        text: In words.
        href: Where the answer is.
        runbook: The page of ``docs/runbooks`` about it.
    """

    severity: str
    subject: str
    text: str
    href: str
    runbook: str


class Refusals(Struct, frozen=True):
    """Deliveries of a source that were not accepted.

    Attributes:
        outcome: How they were answered.
        status: The HTTP status; 0: none.
        per_second: Of late.
        last_ms: When the latest came.
        count: How many there ever were.
    """

    outcome: str
    status: int
    per_second: float
    last_ms: int
    count: int


class TypeRow(Struct, frozen=True):
    """Deliveries of an event type.

    Attributes:
        source: Where they came.
        event_type: The type.
        last_ms: When the latest came.
        count: How many there were that were new.
    """

    source: str
    event_type: str
    last_ms: int
    count: int


class SourceRow(Struct, frozen=True):
    """What comes from a source.

    Attributes:
        name: Its name.
        per_second: Accepted deliveries, of late.
        last_ms: When the latest was accepted; None: none ever was.
        refused: What was not.
    """

    name: str
    per_second: float
    last_ms: int | None
    refused: tuple[Refusals, ...]


class ReceiverFacts(Struct, frozen=True):
    """Who takes deliveries.

    Attributes:
        names: Of those that are there.
        versions: How many there are of each version.
        keys: What they accept.
    """

    names: tuple[str, ...]
    versions: dict[str, int]
    keys: tuple[KeyRow, ...]


class StoreFacts(Struct, frozen=True):
    """What is kept.

    Attributes:
        stored_per_second: Entries added, of late; replays and redrives as well.
        entries: In the stream, with history.
        history_seconds: How far that reaches, at least.
        quarantined: Deliveries in quarantine.
        memory_used_bytes: Of the fullest server.
        memory_limit_bytes: What that may use; 0: without limit.
        partitions: How many streams there are.
    """

    stored_per_second: float
    entries: int
    history_seconds: float
    quarantined: int
    memory_used_bytes: int
    memory_limit_bytes: int
    partitions: int


class OverviewValues(Struct, frozen=True):
    """What the page shows.

    Attributes:
        at_ms: When it was measured, server ms.
        rates_over_seconds: The time over which rates are means; 0: too little is known yet.
        attention: What somebody should look at, the most urgent first.
        sources: What comes.
        receivers: Who takes it.
        store: What is kept.
        groups: Who handles it.
        types: The latest delivery of each type, the longest silent last.
        runs: Bulk work that has not ended, the first begun first.
        grafana_url: Where graphs are; empty: nowhere.
    """

    at_ms: int
    rates_over_seconds: float
    attention: tuple[Attention, ...]
    sources: tuple[SourceRow, ...]
    receivers: ReceiverFacts
    store: StoreFacts
    groups: tuple[GroupRow, ...]
    types: tuple[TypeRow, ...]
    runs: tuple[RunRow, ...]
    grafana_url: str


async def show(_request: Request, console: Console) -> View:
    """The whole pipeline at one look."""
    found, runs = await overview(console.store), await unfinished_runs(console.store)
    values = OverviewValues(
        at_ms=found.stats.at_ms,
        rates_over_seconds=found.rates.seconds,
        attention=tuple(map(_attention, found.conditions)),
        sources=tuple(_sources(found)),
        receivers=_receivers(found.receivers),
        store=_store(found.stats, found.rates.stored),
        groups=tuple(group_row(row, found.samples[row.group], found.trends[row.group]) for row in found.stats.groups),
        types=tuple(_types(found.deliveries)),
        runs=tuple(map(run_row, runs)),
        grafana_url=console.settings.console_grafana_url or "",
    )
    return View("overview.html", "Overview", values, command_line("status"))


def _attention(found: Condition) -> Attention:
    if found.kind is Kind.DEAD_LETTERS:
        href = f"/dead?group={found.subject}"
    elif found.kind in _AT_A_GROUP:
        href = f"/groups/{found.subject}"
    else:
        href = _ELSEWHERE.get(found.kind, "#receivers" if found.kind in _OF_RECEIVERS else "#sources")
    return Attention(found.severity, found.subject, found.text, href, found.runbook)


_OF_RECEIVERS = frozenset({Kind.KEYS_DIFFER, Kind.NO_RECEIVER})


def _sources(found: Overview) -> Iterator[SourceRow]:
    announced = {source for each in found.receivers.values() for source in each.sources}
    for name in sorted(announced | {each.source for each in found.deliveries}):
        known = [each for each in found.deliveries if each.source == name and each.kind != TYPE]
        by = found.rates.outcomes.get(name, {})
        yield SourceRow(
            name=name,
            per_second=sum(rate for outcome, rate in by.items() if outcome in _ACCEPTED),
            last_ms=max((each.last_ms for each in known if each.which in _ACCEPTED), default=None),
            refused=tuple(_refusals(known, by)),
        )


def _refusals(known: Iterable[Deliveries], rates: dict[str, float]) -> Iterator[Refusals]:
    statuses = {str(each): each.status for each in DeliveryOutcome}
    for each in known:
        if each.which not in _ACCEPTED:
            rate = rates.get(each.which, 0.0)
            yield Refusals(each.which, statuses.get(each.which, 0), rate, each.last_ms, each.count)


def _receivers(found: dict[str, Announcement]) -> ReceiverFacts:
    versions = Counter(each.version for each in found.values())
    return ReceiverFacts(tuple(sorted(found)), dict(sorted(versions.items())), key_rows(found))


def _store(stats: Stats, stored: float) -> StoreFacts:
    rows = stats.partitions
    fullest = max(rows, key=lambda row: row.memory_used_bytes / (row.memory_limit_bytes or 2**63))
    return StoreFacts(
        stored_per_second=stored,
        entries=sum(row.entries for row in rows),
        history_seconds=max(row.history_seconds for row in rows),
        quarantined=sum(row.quarantined for row in rows),
        memory_used_bytes=fullest.memory_used_bytes,
        memory_limit_bytes=fullest.memory_limit_bytes,
        partitions=len(rows),
    )


def _types(found: Iterable[Deliveries]) -> Iterator[TypeRow]:
    for each in sorted(found, key=lambda one: -one.last_ms):
        if each.kind == TYPE:
            yield TypeRow(each.source, each.which, each.last_ms, each.count)


ROUTES = [page("/", show, label="Overview")]
