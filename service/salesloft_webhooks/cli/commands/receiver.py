"""`receiver`: the role that takes deliveries. Its settings are environment variables; options win."""

from salesloft_webhooks.cli.options import RoleHost, RoleOpsPort, RolePort
from salesloft_webhooks.startup_imports import fast_imports


def receiver(host: RoleHost = None, port: RolePort = None, ops_port: RoleOpsPort = None) -> None:
    """Take deliveries: verify, drop duplicates, store, answer. Runs until SIGTERM, then drains."""
    with fast_imports():
        from salesloft_webhooks.operations import run_role
        from salesloft_webhooks.receiver import run
        from salesloft_webhooks.settings import Settings

    run_role("receiver", Settings.load(host=host, port=port, ops_port=ops_port), run)
