"""`runs show`."""

from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.commands.runs.run_output import kind_text, outcomes_text, run_object
from salesloft_webhooks.cli.console import show, show_json
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.options import AsJson
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import single_line
from salesloft_webhooks.cli.times import moment_text

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.run_records import Run
    from salesloft_webhooks.settings import Settings

RunId = Annotated[str, typer.Argument(metavar="RUN", help="As `runs list` names it.")]


def show_run(run_id: RunId, *, as_json: AsJson = False) -> None:
    """Show how far a run is, what it is about, and who began it."""
    from rich.text import Text

    from salesloft_webhooks.broker.administration.listed_runs import find_run

    async def look(store: "Store", _: "Settings") -> "Run":
        if not (found := await find_run(store, run_id)):
            fail(f"no such run: {run_id}")
        return found

    run = with_store(look)
    if as_json:
        show_json(run_object(run))
        return
    rows = {
        "run": f"{run.run_id} ({kind_text(run)} {run.group})".replace(" )", ")"),
        "state": run.state.value,
        "outcomes": outcomes_text(run),
        "selection": ", ".join(f"{name}={value}" for name, value in run.selection.items()) or "everything",
        "begun": f"{moment_text(run.began_at)} by {run.by}",
        "latest sign": moment_text(run.changed_at),
        "stopped by": run.stopped_by,
        "reason": run.reason,
    }
    for name, value in rows.items():
        if value:
            show(Text.assemble((f"{name:<12}", "dim"), single_line(value)))
