"""`notify`: what the group of that name says. A module each."""

import typer

from salesloft_webhooks.cli.commands.notify import preview

app = typer.Typer(no_args_is_help=True, help="Messages of the group `notify` (docs/notify.md).")

# A family of one command would be that command.
app.callback()(lambda: None)
app.command()(preview.preview)
