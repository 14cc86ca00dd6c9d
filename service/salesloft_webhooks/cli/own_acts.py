"""Writes down what commands change, beside what the console does: one list says who did what, wherever they did it."""

import getpass
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING

from salesloft_webhooks.cli.console import note
from salesloft_webhooks.errors import StoreError

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store


async def write_own_act(
    store: "Store",
    act: str,
    arguments: Mapping[str, str],
    counts: Mapping[str, int] | None = None,
    outcome: str = "done",
) -> None:
    """Write an act down. What was done stays done if that cannot be: it is said, and nothing is raised.

    Args:
        store: Where.
        act: What, as the console calls it.
        arguments: With which arguments: none with personal data.
        counts: How many of what.
        outcome: ``done`` or ``failed``.
    """
    from salesloft_webhooks.broker.administration.audit import Act, write_audit

    given = {name: value for name, value in arguments.items() if value}
    written = Act(who=who_acts(), roles=(), act=act, arguments=given, counts=counts or {}, outcome=outcome)
    try:
        await write_audit(store, written)
    except StoreError as exc:
        note(f"this is not in the audit: {exc}")


def who_acts() -> str:
    """The account and the machine: in a pod they say no more than that it was a shell there."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # a container's user has a number and no name
        account = "somebody"
    return f"{account} in a terminal of {socket.gethostname()}"
