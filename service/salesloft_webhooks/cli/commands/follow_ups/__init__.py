"""`follow-ups`: looking at what handlers have asked for later and that waits, having it run now, cancelling it.

A module each.
"""

import typer

from salesloft_webhooks.cli.commands.follow_ups import cancel, run_now
from salesloft_webhooks.cli.commands.follow_ups import list as list_

app = typer.Typer(no_args_is_help=True, help="Follow-ups that wait: what handlers have asked for later.")

app.command("list")(list_.list_follow_ups)
app.command("run-now")(run_now.run_follow_up)
app.command()(cancel.cancel)
