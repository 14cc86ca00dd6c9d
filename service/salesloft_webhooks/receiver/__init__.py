"""The receiver: verifies deliveries, stores them, and answers. Knows no handler and no worker."""

from salesloft_webhooks.receiver.lifecycle import run

__all__ = ["run"]
