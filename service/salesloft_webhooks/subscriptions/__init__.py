"""Webhook subscriptions as they should be: what a team wants from SalesLoft, and the steps from what is there to that.

`plan` decides, and asks nobody: what it needs to know is given to it, what it has to remember is handed back. Whoever
carries its steps out (an operator in Kubernetes, a command without it) adds nothing of its own.
"""

from salesloft_webhooks.subscriptions.plan import plan, plan_removal
from salesloft_webhooks.subscriptions.signing_keys import MasterKey, SigningKey, StaticToken, fingerprint
from salesloft_webhooks.subscriptions.steps import (
    Create,
    Delete,
    Desired,
    Enable,
    Existing,
    Memory,
    Phase,
    Plan,
    Seen,
    Step,
    Why,
)

__all__ = [
    "Create",
    "Delete",
    "Desired",
    "Enable",
    "Existing",
    "MasterKey",
    "Memory",
    "Phase",
    "Plan",
    "Seen",
    "SigningKey",
    "StaticToken",
    "Step",
    "Why",
    "fingerprint",
    "plan",
    "plan_removal",
]
