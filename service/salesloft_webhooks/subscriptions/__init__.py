"""Webhook subscriptions as they should be: what a team wants from SalesLoft, and the steps from what is there to that.

`plan` decides, and asks nobody: what it needs to know is given to it, what it has to remember is handed back.
`reconcile` is one round: it asks SalesLoft what is there, plans, carries the plan out and tells what came of it. The
operator in Kubernetes and the command without it repeat rounds, and add nothing of their own.
"""

from salesloft_webhooks.subscriptions.carrying_out import Failure, Hands, Outcome, Registry
from salesloft_webhooks.subscriptions.declaration import Declaration, DeletionPolicy, load_declaration
from salesloft_webhooks.subscriptions.plan import plan, plan_removal
from salesloft_webhooks.subscriptions.reconciliation import FailureReason, Round, reconcile, remove
from salesloft_webhooks.subscriptions.signing_keys import MasterKey, SigningKey, StaticToken, signing_keys
from salesloft_webhooks.subscriptions.steps import (
    Create,
    Delete,
    Desired,
    Enable,
    Existing,
    Memory,
    Phase,
    Plan,
    Route,
    Seen,
    Step,
    Why,
)

__all__ = [
    "Create",
    "Declaration",
    "Delete",
    "DeletionPolicy",
    "Desired",
    "Enable",
    "Existing",
    "Failure",
    "FailureReason",
    "Hands",
    "MasterKey",
    "Memory",
    "Outcome",
    "Phase",
    "Plan",
    "Registry",
    "Round",
    "Route",
    "Seen",
    "SigningKey",
    "StaticToken",
    "Step",
    "Why",
    "load_declaration",
    "plan",
    "plan_removal",
    "reconcile",
    "remove",
    "signing_keys",
]
