"""`backfill forget`: begins anew."""

from typing import Annotated

import typer

from salesloft_webhooks.cli.console import confirm, show
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.options import Yes
from salesloft_webhooks.cli.store_access import with_store


def forget(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A resource of the role, or a run.")], *, yes: Yes = False
) -> None:
    """Forget how far a resource was read: the role begins anew with what changes now. Or forget a run."""
    from salesloft_webhooks.backfill.coverage import RESOURCES
    from salesloft_webhooks.broker.backfill_jobs import ROLE_JOB
    from salesloft_webhooks.broker.backfill_jobs import forget as forget_in_store

    if name in RESOURCES:
        confirm(
            f"What has changed in {name} since its cursor, and was missed, is not looked for any more. Forget it?",
            yes=yes,
        )
        forgotten = with_store(lambda store, _: forget_in_store(store, ROLE_JOB, name))
    else:
        forgotten = with_store(lambda store, _: forget_in_store(store, name))
    if not forgotten:
        fail(f"nothing is known of {name}", code=ExitCode.FAILED)
    show(f"{name} is forgotten")
