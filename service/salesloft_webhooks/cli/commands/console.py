"""`console`: the role that shows what happened and mends it. Its settings are environment variables; options win."""

from typing import Annotated

import typer

from salesloft_webhooks.cli import roles
from salesloft_webhooks.cli.options import RoleHost, RoleOpsPort


def console(
    host: RoleHost = None,
    port: Annotated[
        int | None,
        typer.Option("--port", envvar="CONSOLE_PORT", min=0, max=65_535, help="Of its pages; 8080 by default."),
    ] = None,
    ops_port: RoleOpsPort = None,
) -> None:
    """Show what happened to events, and let people mend it, in a browser. Runs until SIGTERM."""
    roles.console(host=host, console_port=port, ops_port=ops_port)
