"""`quarantine`: looking at signed deliveries that could not be read, reading them again, throwing them away.

A module each.
"""

import typer

from salesloft_webhooks.cli.commands.quarantine import discard, reprocess, show
from salesloft_webhooks.cli.commands.quarantine import list as list_

app = typer.Typer(no_args_is_help=True, help="Signed deliveries that could not be read, and were answered with 400.")

app.command("list")(list_.list_quarantine)
app.command("show")(show.show_quarantined)
app.command()(reprocess.reprocess)
app.command()(discard.discard)
