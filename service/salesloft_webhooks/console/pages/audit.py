"""Who did what."""

from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.broker.administration.audit import Audited, audit_log
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.refusals import NotFound
from salesloft_webhooks.console.routes import View, page

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
    acts: list[Audited] = []
    try:
        async for each in audit_log(console.store, before=request.query_params.get("after", ""), who=who, act=act):
            acts.append(each)
            if len(acts) > SHOWN:
                break
    except ValueError as exc:
        raise NotFound("There is no such place in the audit") from exc
    after = acts[SHOWN - 1].entry_id if len(acts) > SHOWN else ""
    command = " ".join(
        ["salesloft-webhooks audit", *(f"--{name} {value}" for name, value in (("who", who), ("act", act)) if value)]
    )
    return View("audit.html", "Audit", AuditValues(tuple(acts[:SHOWN]), who, act, after), command)


ROUTES = [page("/audit", audit, label="Audit")]
