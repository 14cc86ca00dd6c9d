"""The operator's command with short times: a lease of three seconds, and little to wait for SalesLoft's repeats.

What shortens is what a fixture shortens in the tests' own process; this is one that can be killed.
"""

import sys

from salesloft_webhooks.cli import main
from salesloft_webhooks.operator import key_rotation, lease, subscription_status, watches
from salesloft_webhooks.subscriptions import carrying_out, reconciliation

DRAIN_SECONDS = 4.0


def shorten() -> None:
    """Shorten the times of this process."""
    plan = sys.modules["salesloft_webhooks.subscriptions.plan"]  # the package has a function of that name
    shorter = [
        (plan, "DRAIN_SECONDS", DRAIN_SECONDS),
        (key_rotation, "KEEP_SECONDS", 3.0),
        (carrying_out, "PAUSE_SECONDS", 0.02),
        (reconciliation, "SOON_SECONDS", 0.2),
        (subscription_status, "SYNC_WRITTEN_SECONDS", 0.0),
        (watches, "FIRST_BACKOFF_SECONDS", 0.2),
        (watches, "LONGEST_BACKOFF_SECONDS", 1.0),
        (lease, "LEASE_SECONDS", 3),
        (lease, "ACT_SECONDS", 2.0),
        (lease, "RENEW_SECONDS", 0.5),
        (lease, "LOOK_SECONDS", 0.3),
    ]
    for module, name, seconds in shorter:
        assert hasattr(module, name), name
        setattr(module, name, seconds)


if __name__ == "__main__":
    shorten()
    sys.argv = ["salesloft-webhooks", "operator", *sys.argv[1:]]
    main()
