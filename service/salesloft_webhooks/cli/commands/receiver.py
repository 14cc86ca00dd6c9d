"""`receiver`: the role that takes deliveries. Its settings are environment variables; options win."""

from salesloft_webhooks.cli import roles
from salesloft_webhooks.cli.options import RoleHost, RoleOpsPort, RolePort


def receiver(host: RoleHost = None, port: RolePort = None, ops_port: RoleOpsPort = None) -> None:
    """Take deliveries: verify, drop duplicates, store, answer. Runs until SIGTERM, then drains."""
    roles.receiver(host=host, port=port, ops_port=ops_port)
