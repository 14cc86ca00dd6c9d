"""How the commands of `runs` show a run."""

from typing import TYPE_CHECKING

from salesloft_webhooks.cli.console import described

if TYPE_CHECKING:
    from salesloft_webhooks.broker.administration.run_records import Run


def run_object(run: "Run") -> object:
    """A run as a JSON object."""
    return {**described(run, without={"ends"}), "began_at": run.began_at, "changed_at": run.changed_at}


def kind_text(run: "Run") -> str:
    """What it does, in words."""
    return run.kind.replace("_", " ")


def outcomes_text(run: "Run") -> str:
    """``412 redriven of 800``."""
    counts = ", ".join(f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in run.outcomes.items())
    return f"{counts or '0'} of {run.total:,}"
