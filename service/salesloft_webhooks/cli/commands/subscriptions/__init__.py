"""`subscriptions`: what SalesLoft sends us, as a file declares it. A module each."""

import typer

from salesloft_webhooks.cli.commands.subscriptions import apply, plan, remove, rotate
from salesloft_webhooks.cli.commands.subscriptions import list as list_

app = typer.Typer(no_args_is_help=True, help="Subscriptions at SalesLoft, kept as a file declares them.")

app.command()(plan.plan)
app.command()(apply.apply)
app.command("list")(list_.list_subscriptions)
app.command()(rotate.rotate)
app.command()(remove.remove)
