"""`audit`: who did what in the console."""

from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.console import note, show_json
from salesloft_webhooks.cli.options import AsJson, Limit
from salesloft_webhooks.cli.paging import first
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import Row, show_table
from salesloft_webhooks.cli.times import moment_text

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.audit import Audited
    from salesloft_webhooks.settings import Settings


def audit(
    *,
    who: Annotated[str, typer.Option("--who", help="By this person only.")] = "",
    act: Annotated[str, typer.Option("--act", help="This only: redrive, discard, pause, ...")] = "",
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List what people did in the console, the latest first."""
    from salesloft_webhooks.broker.administration.audit import audit_log

    async def page(store: "Store", _: "Settings") -> list["Audited"]:
        return await first(limit + 1, audit_log(store, who=who, act=act))

    found = with_store(page)
    if as_json:
        show_json({"audit": found[:limit], "more": len(found) > limit})
        return
    rows = [
        Row((moment_text(one.at), one.who, one.act, one.outcome, _words(one)), one.message) for one in found[:limit]
    ]
    show_table(("AT", "WHO", "ACT", "OUTCOME", "ARGUMENTS"), rows, cut=("ARGUMENTS",))
    if len(found) > limit:
        note("there are more: raise --limit")


def _words(one: "Audited") -> str:
    return " ".join(f"{name}={value}" for name, value in one.arguments.items()) or "-"
