"""`operator`: the role, and the end of what it has done. A module each."""

import typer

from salesloft_webhooks.cli.commands.operator import begin, release

app = typer.Typer(invoke_without_command=True)

app.callback()(begin.operator)
app.command()(release.release)
