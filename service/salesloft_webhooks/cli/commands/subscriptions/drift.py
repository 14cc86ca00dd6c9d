"""How far what is at SalesLoft is from what is declared, in words and as a document."""

from typing import TYPE_CHECKING

from salesloft_webhooks.cli.commands.subscriptions.rows import FOREIGN, Row, rows
from salesloft_webhooks.cli.console import note
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.tables import show_table
from salesloft_webhooks.cli.times import seconds_text

if TYPE_CHECKING:
    from salesloft_webhooks.cli.commands.subscriptions.session import Look

COLUMNS = ("ACTION", "EVENT", "ID", "SENT", "KEY", "WHY")


def require_list(look: "Look") -> None:
    """End the command if SalesLoft has shown nothing, or nothing that says whose a subscription is.

    Raises:
        SalesloftError: why there is no list.
    """
    from salesloft_webhooks.subscriptions import Why

    if look.round.error is not None:
        raise look.round.error
    if look.round.plan.why is Why.TOKENS_HIDDEN:
        fail("SalesLoft does not show the tokens of its subscriptions: nobody can say which are ours")


def is_as_declared(look: "Look") -> bool:
    """Whether there is nothing to do, now or later: what is wanted is sent, signed with the first key, and no more."""
    from salesloft_webhooks.subscriptions import Why

    plan, first = look.round.plan, look.keys[0].fingerprint
    if plan.why is Why.SUSPENDED:
        return True
    as_wanted = all(row.key == first or row.action == FOREIGN for row in rows(look))
    return as_wanted and not plan.steps and plan.why is Why.NOTHING


def document(look: "Look") -> dict[str, object]:
    """What `plan --json` prints."""
    plan = look.round.plan
    return {
        "callback_url": look.desired.callback_url,
        "as_declared": is_as_declared(look),
        "link_swap_url": look.desired.link_swap_url if look.desired.swaps_links else None,
        "wanted": len(look.desired.routes),
        "delivered": len(plan.active),
        "subscriptions": rows(look),
        "foreign": list(plan.foreign),
        "phase": str(plan.phase),
        "waiting_for": str(plan.why) or None,
        "wait_seconds": plan.wait_seconds,
        "keys": [key.fingerprint for key in look.keys],
    }


def show_rows(found: "list[Row]") -> None:
    """A table of them."""
    show_table(COLUMNS, [_cells(row) for row in found], numbers=("ID",))


def _cells(row: "Row") -> tuple[object, ...]:
    sent = "-" if row.enabled is None else "yes" if row.enabled else "no"
    return row.action, row.event, row.id or "-", sent, row.key or "-", row.why or "-"


def say_state(look: "Look") -> None:
    """How far it is, on stderr."""
    from salesloft_webhooks.subscriptions.steps import LINK_SWAP

    plan = look.round.plan
    desired = look.desired
    count = len(plan.active & desired.events)
    note(f"{count} of {len(desired.events)} event types are delivered to {desired.callback_url}")
    if desired.swaps_links:
        note(f"link_swap is {'asked' if LINK_SWAP in plan.active else 'not asked yet'} at {desired.link_swap_url}")
    if plan.foreign:
        ids = ", ".join(map(str, plan.foreign))
        note(f"not ours, and left as they are: {ids}. None of the keys gives their token")
    if words := reason(look):
        note(words)


def reason(look: "Look") -> str:
    """Why it is not (all) done yet, or what is left for a person to do; empty: nothing."""
    from salesloft_webhooks.subscriptions import Phase, Why

    plan, first = look.round.plan, look.keys[0].fingerprint
    wait = f" for another {seconds_text(plan.wait_seconds)}" if plan.wait_seconds else ""
    if plan.why is Why.SUSPENDED:
        return "spec.suspend is true: nothing is changed"
    if plan.why is Why.LISTS_DISAGREE:
        return "much is missing in SalesLoft's list: it is asked for a second one before that is believed"
    if plan.phase is Phase.SPREADING and not is_as_declared(look):
        return f"key {first} is not used{wait}: not every receiver says that it accepts it"
    if plan.phase is Phase.DRAINING:
        return f"what older keys sign is kept{wait}: `subscriptions rotate` deletes it then"
    if plan.phase is Phase.RETIRING:
        return f"everything is signed with key {first}: the others may go, ten minutes from now"
    return ""
