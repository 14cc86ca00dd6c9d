"""`subscriptions apply`."""

from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.commands.subscriptions.changing import change
from salesloft_webhooks.cli.commands.subscriptions.consent import Consent
from salesloft_webhooks.cli.commands.subscriptions.rounds import Wait, Work
from salesloft_webhooks.cli.commands.subscriptions.session import DECLARED, File
from salesloft_webhooks.cli.options import AsJson, Yes
from salesloft_webhooks.cli.times import parse_span

if TYPE_CHECKING:
    from salesloft_webhooks.cli.commands.subscriptions.session import Look


def apply(
    *,
    file: File = DECLARED,
    yes: Yes = False,
    allow_deletes: Annotated[
        bool, typer.Option("--allow-deletes", help="Also if more goes than comes, what is not ours included.")
    ] = False,
    wait: Wait = "10m",
    as_json: AsJson = False,
) -> None:
    """Bring SalesLoft's subscriptions to what is declared. What cannot be used yet is waited for.

    May be ended and run again at any time, also twice at once. What older keys sign is left to `rotate`.
    """
    consent = Consent(yes=yes, allow_deletes=allow_deletes, shown=not as_json)
    work = Work(_enough, consent.ask, parse_span(wait).total_seconds())
    change(file, work.repeat, as_json=as_json)


def _enough(look: "Look") -> bool:
    from salesloft_webhooks.subscriptions import Why

    return not look.round.plan.steps and look.round.plan.why in (Why.NOTHING, Why.SUSPENDED)
