"""What is told, and when: one alert for each class of problem and period, and one for all that is too much.

    problem is       told                                                        forgotten
    ===============  ==========================================================  ================================
    new              at once                                                     after a period without any more
    known, and more  once a period, with how often it has happened since         likewise
    in a burst       not by itself: `BURST` alerts a `WINDOW_MS`, all that       likewise
                     comes on top of it in one, when the window is over
    ===============  ==========================================================  ================================

Pure: no clock, no store. A ledger is never changed, it is followed by another one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from salesloft_webhooks.telemetry.alert_telemetry import AlertKind

BURST = 5
"""Alerts in a window that are told one by one."""
WINDOW_MS = 600_000
MOST_PROBLEMS = 300
"""Classes that are remembered; those not seen for the longest time are forgotten first."""
MOST_ALERTS = 50
"""Alerts that wait for an address."""
OLDEST_MS = 86_400_000
"""An alert that no address took for so long helps nobody any more."""


class Finding(Struct, frozen=True):
    """Problem of one class that a look has found.

    Attributes:
        kind: Of what.
        subject: Tells classes of a kind apart. No personal data: it is stored, and sent to people.
        count: How often, since the last look; of what lasts it is counted how often it began.
        lasts: Whether it is a state, which a look finds for as long as it lasts.
    """

    kind: AlertKind
    subject: str
    count: int = 1
    lasts: bool = False


class Problem(Struct, frozen=True):
    """A class of problem, as it is remembered. Times are server ms.

    Attributes:
        kind: See `Finding`.
        subject: Likewise.
        seen: When a look found it last.
        told: When people were told last; 0: not yet.
        untold: How often it has happened since.
        on: Whether it lasts, by the latest look.
    """

    kind: AlertKind
    subject: str
    seen: int
    told: int = 0
    untold: int = 0
    on: bool = False


class Alert(Struct, frozen=True):
    """What people are told.

    Attributes:
        kind: Of what.
        made: When, server ms.
        title: One line.
        body: A few lines, plain text.
        taken: The channels that have it.
    """

    kind: AlertKind
    made: int
    title: str
    body: str
    taken: tuple[str, ...] = ()


class Ledger(Struct, frozen=True):
    """Everything that is remembered.

    Attributes:
        cursors: Up to where was looked, by place; None: nobody has looked yet.
        problems: By name.
        alerts: What some channel may not have yet, oldest first.
        recent: When alerts were made lately, server ms.
        held_since: Since when problems wait for one alert for all of them; 0: none does.
    """

    cursors: Mapping[str, str] | None = None
    problems: Mapping[str, Problem] = field(default_factory=dict)
    alerts: tuple[Alert, ...] = ()
    recent: tuple[int, ...] = ()
    held_since: int = 0


class Step(Struct, frozen=True):
    """What a look has led to.

    Attributes:
        ledger: The next one.
        made: The alerts that were made.
        dropped: How many are given up: too old, or too many wait.
    """

    ledger: Ledger
    made: tuple[Alert, ...]
    dropped: int


class Words(Protocol):
    """How it is said."""

    def alert(self, problem: Problem, now: int) -> Alert:
        """One class of problem."""

    def summary(self, problems: Sequence[Problem], now: int) -> Alert:
        """Several of them."""


def followed(
    ledger: Ledger, findings: Iterable[Finding], cursors: Mapping[str, str], now: int, period_ms: int, words: Words
) -> Step:
    """The ledger after a look.

    Args:
        ledger: Before it.
        findings: Each class once.
        cursors: Up to where was looked.
        now: Server ms.
        period_ms: How often one class is told at the most.
        words: How it is said.
    """
    problems = _noted(ledger.problems, findings, now, period_ms)
    due = [problem for problem in problems.values() if _is_due(problem, now, period_ms)]
    recent = tuple(at for at in ledger.recent if now - at < WINDOW_MS)
    over = ledger.held_since > 0 and now - ledger.held_since >= WINDOW_MS
    one_by_one = [] if ledger.held_since else due[: max(BURST - len(recent), 0)]
    together = due if over else []
    made = [words.alert(problem, now) for problem in one_by_one]
    if together:
        made.append(words.summary(together, now) if len(together) > 1 else words.alert(together[0], now))
    told = {name_of(problem): replace(problem, told=now, untold=0) for problem in (*one_by_one, *together)}
    held = len(due) > len(told)
    waiting = (*(alert for alert in ledger.alerts if now - alert.made < OLDEST_MS), *made)
    after = Ledger(
        cursors=cursors,
        problems=problems | told,
        alerts=waiting[-MOST_ALERTS:],
        recent=(*recent, *(alert.made for alert in made)),
        held_since=(ledger.held_since or now) if held else 0,
    )
    return Step(after, tuple(made), len(ledger.alerts) + len(made) - len(after.alerts))


def taken(ledger: Ledger, alert: Alert, channel: str, channels: Iterable[str]) -> Ledger:
    """The ledger after a channel has taken an alert, which is done with when all of ``channels`` have."""
    alerts = [
        replace(each, taken=(*each.taken, channel)) if _same(each, alert) and channel not in each.taken else each
        for each in ledger.alerts
    ]
    wanted = set(channels)
    return replace(ledger, alerts=tuple(each for each in alerts if not wanted <= set(each.taken)))


def read_ledger(written: bytes) -> Ledger:
    """A ledger as it was written down; nothing, or what a later version has written, is a new one."""
    try:
        return msgspec.json.decode(written, type=Ledger) if written else Ledger()
    except msgspec.MsgspecError:
        return Ledger()


def written(ledger: Ledger) -> bytes:
    """What is written down."""
    return msgspec.json.encode(ledger)


def name_of(problem: Finding | Problem) -> str:
    """What tells it from others, of all kinds."""
    return f"{problem.kind} {problem.subject}"


def _same(one: Alert, other: Alert) -> bool:
    return (one.made, one.title, one.body) == (other.made, other.title, other.body)


def _noted(known: Mapping[str, Problem], findings: Iterable[Finding], now: int, period_ms: int) -> dict[str, Problem]:
    found = {name_of(finding): finding for finding in findings}
    problems = {
        name: replace(problem, on=problem.on and name in found)
        for name, problem in known.items()
        if name in found or problem.untold or now - max(problem.seen, problem.told) < period_ms
    }
    for name, finding in found.items():
        before = problems.get(name) or Problem(finding.kind, finding.subject, now)
        more = (0 if before.on else 1) if finding.lasts else finding.count
        problems[name] = replace(before, seen=now, untold=before.untold + more, on=finding.lasts)
    latest = sorted(problems.items(), key=lambda each: each[1].seen, reverse=True)
    return dict(latest[:MOST_PROBLEMS])


def _is_due(problem: Problem, now: int, period_ms: int) -> bool:
    return (problem.untold > 0 or problem.on) and (not problem.told or now - problem.told >= period_ms)
