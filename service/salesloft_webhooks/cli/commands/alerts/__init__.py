"""`alerts`: whether people can be told, and what they were told. A module each."""

import typer

from salesloft_webhooks.cli.commands.alerts import status, test

app = typer.Typer(no_args_is_help=True, help="What people are told of by ALERT_URLS (docs/alerts.md).")

app.command("test")(test.send_test)
app.command()(status.status)
