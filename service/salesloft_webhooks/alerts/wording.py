"""How alerts are said: plain text, without anything that an event or its sender has brought, and with a way to go on.

Names of groups, error types and event types are of this program's making or of its operator's; still nothing gets into
a message but what names are made of, so that no chat takes any of it for markup.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

from salesloft_webhooks.alerts.ledger import Alert, Problem
from salesloft_webhooks.telemetry.alert_telemetry import AlertKind

MOST_LINES = 20
"""Of one alert that tells of several."""
TITLE = "SalesLoft webhooks"
_FOREIGN = re.compile(r"[^\w.~/ -]", re.ASCII)


class Wording:
    """See `Words`.

    Args:
        console_url: Where the console is; empty: there is none, and commands are named instead.
    """

    def __init__(self, console_url: str | None) -> None:
        self._console = (console_url or "").rstrip("/")

    def alert(self, problem: Problem, now: int) -> Alert:
        """One class of problem."""
        again = f", again since {_clock(problem.told)}" if problem.told else ""
        body = f"{_sentence(problem)}{again}.\n{self._way(problem)}"
        return Alert(problem.kind, now, f"{TITLE}: {_title(problem)}", body)

    def summary(self, problems: Sequence[Problem], now: int) -> Alert:
        """Several of them, those that happened most first."""
        ordered = sorted(problems, key=lambda each: each.untold, reverse=True)
        lines = [f"- {_sentence(problem)}." for problem in ordered[:MOST_LINES]]
        if len(ordered) > MOST_LINES:
            lines.append(f"- and {len(ordered) - MOST_LINES} more.")
        lines.append(self._console or "salesloft-webhooks status")
        return Alert(AlertKind.SEVERAL, now, f"{TITLE}: {len(ordered)} more kinds of problem", "\n".join(lines))

    def test(self, now: int) -> Alert:
        """What is sent to see whether it arrives."""
        lines = ["This is a test: nothing has happened.", self._console or "CONSOLE_URL is not set: there is no link."]
        return Alert(AlertKind.SEVERAL, now, f"{TITLE}: test", "\n".join(lines))

    def _way(self, problem: Problem) -> str:
        path, command = _ways(problem)
        return f"{self._console}{path}" if self._console else f"salesloft-webhooks {command}"


def dead_subject(group: str, reason: str, error: str) -> str:
    """The subject of dead letters of one cause."""
    return f"{group}/{reason}/{error}"


def _title(problem: Problem) -> str:
    match problem.kind:
        case AlertKind.DEAD_LETTERS:
            return f"dead letters of {_clean(problem.subject.partition('/')[0])}"
        case AlertKind.PAUSED:
            return f"{_clean(problem.subject)} is paused by its breaker"
        case AlertKind.SUBSCRIPTION_DISABLED:
            return f"subscription of {_clean(problem.subject)} disabled"
        case _:
            return f"changes of {_clean(problem.subject)} were missed"


def _sentence(problem: Problem) -> str:
    subject, count = _clean(problem.subject), problem.untold
    match problem.kind:
        case AlertKind.DEAD_LETTERS:
            group, reason, error = (*subject.split("/", 2), "", "")[:3]
            return f"{group} has given up on {_of(count, 'event')} ({reason}: {error.partition('~')[0]})"
        case AlertKind.PAUSED:
            times = f", {count} times" if count > 1 else ""
            return f"{subject} takes no events{times}: its breaker has found its backend down and tries again by itself"
        case AlertKind.SUBSCRIPTION_DISABLED:
            return f"SalesLoft does not send {subject}: its subscription is disabled"
        case _:
            return f"The backfill has found {_of(count, 'change')} of {subject} that no webhook had brought"


def _ways(problem: Problem) -> tuple[str, str]:
    """Where the console shows it, and which command does."""
    match problem.kind:
        case AlertKind.DEAD_LETTERS:
            group, reason, error = (*problem.subject.split("/", 2), "", "")[:3]
            query = urlencode({"group": group, "reason": reason, "error": error})
            return f"/dead?{query}", f"dead list --group {_clean(group)} --reason {_clean(reason)}"
        case AlertKind.PAUSED:
            return f"/groups/{_clean(problem.subject)}", "status"
        case AlertKind.SUBSCRIPTION_DISABLED:
            return "/subscriptions", "subscriptions list"
        case _:
            return "/subscriptions", "backfill status"


def _of(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _clean(text: str) -> str:
    return _FOREIGN.sub("?", text)[:120]


def _clock(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1_000, UTC):%H:%M} UTC"
