"""Who did what."""

from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.broker.administration.audit import Audited, audit_page
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.refusals import NotFound
from salesloft_webhooks.console.routes import View, page
from salesloft_webhooks.console.shown_commands import command_line

SHOWN = 50


class AuditValues(Struct, frozen=True):
    """What the page shows.

    Attributes:
        acts: The latest first.
        who: Only by this person; empty: by anybody.
        act: Only this; empty: anything.
        after: Where the next page begins; empty: there is none.
    """

    acts: tuple[Audited, ...]
    who: str
    act: str
    after: str


async def audit(request: Request, console: Console) -> View:
    """What people did in the console, the latest first."""
    who, act = request.query_params.get("who", "").strip(), request.query_params.get("act", "").strip()
    before = request.query_params.get("after", "")
    try:
        found = await audit_page(console.store, SHOWN, before=before, who=who, act=act)
    except ValueError as exc:
        raise NotFound("There is no such place in the audit") from exc
    command = command_line("audit", who=who, act=act)
    return View("audit.html", "Audit", AuditValues(found.acts, who, act, found.after), command)


ROUTES = [page("/audit", audit, label="Audit")]
