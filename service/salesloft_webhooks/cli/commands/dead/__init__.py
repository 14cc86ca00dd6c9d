"""`dead`: looking at dead letters, giving them to their group again, throwing them away. A module each."""

import typer

from salesloft_webhooks.cli.commands.dead import discard, redrive, show
from salesloft_webhooks.cli.commands.dead import list as list_

app = typer.Typer(no_args_is_help=True, help="Dead letters: events that a group gave up on.")

app.command("list")(list_.list_dead)
app.command("show")(show.show_dead)
app.command()(redrive.redrive)
app.command()(discard.discard)
