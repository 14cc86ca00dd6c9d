"""`runs list`."""

from typing import TYPE_CHECKING

from salesloft_webhooks.cli.commands.runs.run_output import kind_text, outcomes_text, run_object
from salesloft_webhooks.cli.console import show_json
from salesloft_webhooks.cli.options import AsJson, Limit
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import show_table
from salesloft_webhooks.cli.times import moment_text

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.run_records import Run
    from salesloft_webhooks.settings import Settings


def list_runs(*, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List bulk work, the latest first, and replays of an archive that are not finished."""
    from salesloft_webhooks.broker.administration.listed_runs import runs

    async def look(store: "Store", _: "Settings") -> list["Run"]:
        return await runs(store, limit=limit)

    found = with_store(look)
    if as_json:
        show_json({"runs": [run_object(run) for run in found]})
        return
    rows = [
        (run.run_id, moment_text(run.began_at), kind_text(run), run.group, run.by, run.state, outcomes_text(run))
        for run in found
    ]
    show_table(("RUN", "BEGUN", "WHAT", "GROUP", "BY", "STATE", "OUTCOMES"), rows, cut=("BY", "OUTCOMES"))
