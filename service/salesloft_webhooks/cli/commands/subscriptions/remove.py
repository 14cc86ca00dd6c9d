"""`subscriptions remove`."""

from typing import TYPE_CHECKING

from salesloft_webhooks.cli.commands.subscriptions.changing import change
from salesloft_webhooks.cli.commands.subscriptions.consent import Consent
from salesloft_webhooks.cli.commands.subscriptions.rounds import Wait, Work
from salesloft_webhooks.cli.commands.subscriptions.session import DECLARED, File
from salesloft_webhooks.cli.options import AsJson, Yes
from salesloft_webhooks.cli.times import parse_span

if TYPE_CHECKING:
    from salesloft_webhooks.cli.commands.subscriptions.session import Look

LOOKS = 2
"""So many lists in a row show none of ours: one alone may be a mistake."""


def remove(*, file: File = DECLARED, yes: Yes = False, wait: Wait = "10m", as_json: AsJson = False) -> None:
    """Delete all subscriptions that are ours: this source is given up. What is not ours stays."""
    consent = Consent(yes=yes, allow_deletes=True, shown=not as_json)
    nothing_left = 0

    def enough(look: "Look") -> bool:
        nonlocal nothing_left
        nothing_left = 0 if look.round.plan.steps else nothing_left + 1
        return nothing_left >= LOOKS

    work = Work(enough, consent.ask, parse_span(wait).total_seconds())
    change(file, work.repeat, as_json=as_json, removing=True)
