"""`groups`: listing, pausing, resuming, limiting and removing consumer groups. A module each."""

import typer

from salesloft_webhooks.cli.commands.groups import limiting, pause, remove, resume, show
from salesloft_webhooks.cli.commands.groups import list as list_

app = typer.Typer(no_args_is_help=True, help="Consumer groups: each handles every event it wants, on its own.")

app.command("list")(list_.list_groups)
app.command("show")(show.show_group)
app.command()(pause.pause)
app.command()(resume.resume)
app.command()(limiting.limit)
app.command()(remove.remove)
