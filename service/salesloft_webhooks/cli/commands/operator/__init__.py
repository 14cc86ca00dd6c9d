"""`operator`: the role. A module each."""

import typer

from salesloft_webhooks.cli.commands.operator import begin

app = typer.Typer(invoke_without_command=True)

app.callback()(begin.operator)
