"""`backfill`: the role, or with `--since` one run; how they get on, going on, beginning anew. A module each."""

import typer

from salesloft_webhooks.cli.commands.backfill import begin, forget, resume, status

app = typer.Typer(invoke_without_command=True)

app.callback()(begin.backfill)
app.command()(status.status)
app.command()(resume.resume)
app.command()(forget.forget)
