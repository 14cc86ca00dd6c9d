"""Runs as rows: what is done, how far it is, and how that is shown."""

from msgspec import Struct

from salesloft_webhooks.broker.administration.run_records import Run

KINDS = {
    "waiting": "waiting",
    "running": "running",
    "unfinished": "running",
    "done": "good",
    "stopped": "paused",
    "failed": "bad",
}
"""How `parts.state` shows each state."""


class RunRow(Struct, frozen=True):
    """A run that has not ended.

    Attributes:
        run_id: Its name.
        what: What it does, and in which group.
        by: Who began it.
        state: How it stands; ``stopping`` when somebody has stopped it, and the batch in hand is not finished.
        kind: How that is shown.
        passed: How many things are dealt with.
        total: Of how many.
        changed_ms: When something of it was last written down.
        reason: Why it waits; empty: it does not.
    """

    run_id: str
    what: str
    by: str
    state: str
    kind: str
    passed: int
    total: int
    changed_ms: int
    reason: str


def what(run: Run) -> str:
    """What it does, and in which group."""
    does = run.kind.replace("_", " ")
    return f"{does} in {run.group}" if run.group else does


def run_row(run: Run) -> RunRow:
    """The row of a run."""
    return RunRow(
        run_id=run.run_id,
        what=what(run),
        by=run.by,
        state="stopping" if run.stopped_by else run.state,
        kind=KINDS[run.state],
        passed=run.passed,
        total=run.total,
        changed_ms=int(run.changed_at.timestamp() * 1_000),
        reason=run.reason,
    )
