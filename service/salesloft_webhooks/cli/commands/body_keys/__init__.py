"""`body-keys`: the keys that encrypt bodies in the store. A module each."""

import typer

from salesloft_webhooks.cli.commands.body_keys import list as list_
from salesloft_webhooks.cli.commands.body_keys import new

app = typer.Typer(no_args_is_help=True, help="The keys that encrypt bodies in the store (BODY_KEY_FILE).")

app.command("new")(new.new)
app.command("list")(list_.list_keys)
