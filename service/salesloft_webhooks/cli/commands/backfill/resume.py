"""`backfill resume`: goes on with a run."""

from typing import Annotated

import typer

from salesloft_webhooks.cli.commands.backfill.begin import RunRate
from salesloft_webhooks.cli.options import AsJson


def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="As `backfill status` shows it.")],
    *,
    rate: RunRate = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that was interrupted, from where it was."""
    from salesloft_webhooks.cli.commands.backfill.running import resume_run

    resume_run(run, rate=rate, as_json=as_json)
