"""`runs`: bulk work that a console carries out, and replays of an archive. A module each."""

import typer

from salesloft_webhooks.cli.commands.runs import list as list_
from salesloft_webhooks.cli.commands.runs import show, stop

app = typer.Typer(
    no_args_is_help=True, help="Runs: bulk work that was begun in the console, and unfinished replays of an archive."
)

app.command("list")(list_.list_runs)
app.command("show")(show.show_run)
app.command("stop")(stop.stop_run)
