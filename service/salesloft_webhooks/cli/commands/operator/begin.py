"""`operator`: the role that keeps what is declared in Kubernetes true. Its settings are environment variables."""

import typer

from salesloft_webhooks.cli import roles
from salesloft_webhooks.cli.options import RoleHost, RoleOpsPort


def operator(context: typer.Context, host: RoleHost = None, ops_port: RoleOpsPort = None) -> None:
    """Keep what is declared in Kubernetes true at SalesLoft (docs/operator.md). Runs until SIGTERM."""
    if context.invoked_subcommand is None:
        roles.operator(host=host, ops_port=ops_port)
