"""What somebody should look at now: the conditions of alerts, as far as the store alone can know them, in words.

Alerts add what needs a Prometheus: that something has been so for a while, and what only processes know. These are for
whoever has opened the console or a terminal, and has the next look a second later.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from salesloft_webhooks.broker.administration.samples import GroupSample, Rates, trend
from salesloft_webhooks.broker.administration.stats import GroupStats, PartitionStats, Stats
from salesloft_webhooks.broker.announced_keys import Announcement
from salesloft_webhooks.broker.delivery_counts import TYPE, Deliveries
from salesloft_webhooks.delivery_outcomes import DeliveryOutcome

BEHIND_SECONDS = 1_800.0
"""As the alert has it by default."""
GROWING_BACKLOG, GROWING_SECONDS = 1_000, 120.0
"""A burst of a minute is what a backlog is for."""
SILENT_SECONDS, REMEMBERED_SECONDS = 3_600.0, 7 * 86_400.0
"""A source that was silent for a week is one that was given up."""
MEMORY_SHARE = 0.9
_NOT_STORED = frozenset(each for each in DeliveryOutcome if each.status == 503) - {DeliveryOutcome.NOT_SWAPPED}


class Severity(StrEnum):
    """How soon."""

    CRITICAL = "critical"
    """Now: deliveries are refused, or nobody works."""
    WARNING = "warning"
    """Today: something waits for a person."""
    NOTE = "note"
    """It may be as it should be."""


class Kind(StrEnum):
    """What it is. Each has the runbook of that name behind ``SalesloftWebhooks``."""

    DEAD_LETTERS = "DeadLetters"
    """A group gave events up."""
    NO_CONSUMERS = "GroupWithoutConsumers"
    """Events wait for a group and none of its workers is there."""
    PAUSED = "GroupPaused"
    """A group takes nothing."""
    BEHIND = "BacklogOld"
    """A group's oldest event is older than half an hour."""
    GROWING = "BacklogGrowing"
    """More comes than a group does."""
    NO_HANDLER = "NoHandler"
    """A group wants what none of its workers can run."""
    QUARANTINE = "Quarantine"
    """Signed deliveries could not be read."""
    SIGNATURES = "SignatureFailures"
    """Deliveries are refused because of their signature."""
    NOT_STORED = "ErrorBudgetBurn"
    """Deliveries are refused because they cannot be stored."""
    SILENT = "DeliveriesAbsent"
    """A source that had deliveries has none."""
    KEYS_DIFFER = "RotationStuck"
    """Not every receiver accepts the key that another one would use."""
    NO_RECEIVER = "ReceiverAbsent"
    """No receiver says that it is there."""
    MEMORY = "StoreMemory"
    """The store is nearly full."""


class Condition(Struct, frozen=True):
    """One of them.

    Attributes:
        severity: How soon.
        kind: What it is.
        subject: Of which group or source; empty: of all.
        text: In words.
    """

    severity: Severity
    kind: Kind
    subject: str
    text: str

    @property
    def runbook(self) -> str:
        """The name of the alert, and of its page in ``docs/runbooks``."""
        return f"SalesloftWebhooks{self.kind}"


class Known(Struct, frozen=True):
    """What conditions are found in.

    Attributes:
        stats: The latest measurement.
        receivers: Those that say they are there.
        deliveries: When the latest came.
        rates: Of the last minute.
        samples: Of each group, the oldest first.
    """

    stats: Stats
    receivers: Mapping[str, Announcement]
    deliveries: Sequence[Deliveries]
    rates: Rates
    samples: Mapping[str, Sequence[GroupSample]]


def conditions(known: Known) -> tuple[Condition, ...]:
    """The most urgent first."""
    found = [*_of_the_intake(known), *_of_the_store(known.stats.partitions)]
    for group in known.stats.groups:
        found += _of_a_group(group, known.samples.get(group.group, ()))
    order = list(Severity)
    return tuple(sorted(found, key=lambda each: order.index(each.severity)))


def _of_a_group(group: GroupStats, samples: Sequence[GroupSample]) -> Iterator[Condition]:
    name = group.group
    if group.backlog and not group.consumers and not group.paused:
        text = f"{_events(group.backlog)} and no worker is there"
        yield Condition(Severity.CRITICAL, Kind.NO_CONSUMERS, name, text)
    if group.dead:
        yield Condition(
            Severity.WARNING,
            Kind.DEAD_LETTERS,
            name,
            f"{group.dead:,} dead {'letters wait' if group.dead > 1 else 'letter waits'} for somebody",
        )
    if group.paused:
        reason = f": {group.pause_reason}" if group.pause_reason else ""
        yield Condition(Severity.WARNING, Kind.PAUSED, name, f"takes nothing, {_events(group.backlog)}{reason}")
    if group.unhandled:
        text = f"{_events(group.unhandled)} for a worker with a handler for that"
        yield Condition(Severity.WARNING, Kind.NO_HANDLER, name, text)
    if group.oldest_age_seconds > BEHIND_SECONDS:
        text = f"its oldest event has waited for {group.oldest_age_seconds / 60:,.0f} minutes"
        yield Condition(Severity.WARNING, Kind.BEHIND, name, text)
    going = trend(samples)
    if group.backlog > GROWING_BACKLOG and going.growth > 0 and going.seconds >= GROWING_SECONDS:
        text = f"its backlog of {group.backlog:,} grows by {going.growth:,.1f} a second"
        yield Condition(Severity.WARNING, Kind.GROWING, name, text)


def _events(count: int) -> str:
    return f"{count:,} {'event waits' if count == 1 else 'events wait'}"


def _of_the_intake(known: Known) -> Iterator[Condition]:
    if not known.receivers:
        text, severity = "no receiver says that it is there", Severity.CRITICAL
        # In a roll-out. Who says nothing counts no answers either; those there are come from somebody who is gone.
        if known.rates.stored and not any(by.get(DeliveryOutcome.STORED) for by in known.rates.outcomes.values()):
            text += ", and yet entries are added: by receivers of version 0.1, which say nothing, or by a replay"
            severity = Severity.WARNING
        yield Condition(severity, Kind.NO_RECEIVER, "", text)
    for source, by in known.rates.outcomes.items():
        refused = by.get(DeliveryOutcome.REJECTED, 0.0)
        if refused:
            # Deliveries that are accepted beside them say that the key is right, and that strangers try.
            alone = not any(by.get(outcome) for outcome in (DeliveryOutcome.STORED, DeliveryOutcome.DUPLICATE))
            text = f"{_pace(refused)} refused: their signature is wrong{', and none is accepted' if alone else ''}"
            yield Condition(Severity.CRITICAL if alone else Severity.WARNING, Kind.SIGNATURES, source, text)
        lost = sum(rate for outcome, rate in by.items() if outcome in _NOT_STORED)
        if lost:
            text = f"{_pace(lost)} answered with 503: they could not be stored, and will be sent again"
            yield Condition(Severity.CRITICAL, Kind.NOT_STORED, source, text)
    yield from _silences(known.deliveries, known.stats.at_ms)
    yield from _differences(known.receivers)


def _pace(rate: float) -> str:
    return f"{rate:,.1f} deliveries a second are" if rate >= 1 else f"{rate * 60:,.0f} deliveries a minute are"


def _silences(deliveries: Iterable[Deliveries], now_ms: int) -> Iterator[Condition]:
    latest: dict[str, int] = {}
    for each in deliveries:
        if each.kind == TYPE:
            latest[each.source] = max(latest.get(each.source, 0), each.last_ms)
    for source, last_ms in latest.items():
        silent = (now_ms - last_ms) / 1_000
        if SILENT_SECONDS < silent < REMEMBERED_SECONDS:
            text = f"nothing has come for {silent / 3_600:,.1f} hours"
            yield Condition(Severity.NOTE, Kind.SILENT, source, text)


def _differences(receivers: Mapping[str, Announcement]) -> Iterator[Condition]:
    for source in sorted({source for each in receivers.values() for source in each.sources}):
        said = {name: each.sources[source] for name, each in receivers.items() if source in each.sources}
        first = {keys[0] for keys in said.values() if keys}
        lacking = sorted(name for name, keys in said.items() if not first <= set(keys))
        if lacking:
            text = (
                f"{len(lacking)} of {len(said)} receivers lack a key that another would use: {', '.join(lacking[:3])}"
            )
            yield Condition(Severity.WARNING, Kind.KEYS_DIFFER, source, text)


def _of_the_store(partitions: Iterable[PartitionStats]) -> Iterator[Condition]:
    rows = list(partitions)
    if quarantined := sum(row.quarantined for row in rows):
        what = "signed delivery waits" if quarantined == 1 else "signed deliveries wait"
        text = f"{quarantined:,} {what} in quarantine: could not be read"
        yield Condition(Severity.WARNING, Kind.QUARANTINE, "", text)
    fullest = max((row.memory_used_bytes / row.memory_limit_bytes for row in rows if row.memory_limit_bytes), default=0)
    if fullest > MEMORY_SHARE:
        yield Condition(Severity.CRITICAL, Kind.MEMORY, "", f"Redis uses {fullest:.0%} of the memory that it may use")
