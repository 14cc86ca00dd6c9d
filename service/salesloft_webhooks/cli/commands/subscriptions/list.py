"""`subscriptions list`."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.commands.subscriptions.drift import require_list
from salesloft_webhooks.cli.commands.subscriptions.rows import ELSEWHERE, FOREIGN, elsewhere, rows
from salesloft_webhooks.cli.commands.subscriptions.session import DECLARED, File, Session, with_session
from salesloft_webhooks.cli.console import note, show_json
from salesloft_webhooks.cli.options import AsJson
from salesloft_webhooks.cli.tables import show_table

if TYPE_CHECKING:
    from salesloft_webhooks.cli.commands.subscriptions.session import Look

_SECRET_PARTS = re.compile(r"(?<=://)[^/?#]*@|[?#].*", re.DOTALL)


def list_subscriptions(
    *,
    file: File = DECLARED,
    everything: Annotated[bool, typer.Option("--all", help="Also those to other addresses.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the team's subscriptions, and whose they are."""

    async def act(session: Session) -> None:
        look = await session.look()
        require_list(look)
        found = _found(look, everything=everything)
        if as_json:
            show_json({"subscriptions": found})
            return
        cells = [(each["id"], each["event"], *_words(each), each["address"]) for each in found]
        show_table(("ID", "EVENT", "SENT", "WHOSE", "KEY", "ADDRESS"), cells, numbers=("ID",))
        hidden = len(elsewhere(look))
        if hidden and not everything:
            note(f"{hidden} more to other addresses: --all shows them")

    with_session(file, act)


def _found(look: "Look", *, everything: bool) -> list[dict[str, object]]:
    addresses = {each.id: _address(each.callback_url) for each in look.round.found or ()}
    there = [
        {
            "id": row.id,
            "event": row.event,
            "enabled": row.enabled,
            "whose": FOREIGN if row.key is None else "ours",
            "key": row.key,
            "address": addresses[row.id],
        }
        for row in rows(look)
        if row.id is not None
    ]
    others = [
        {
            "id": each.id,
            "event": each.event_type,
            "enabled": each.enabled,
            "whose": ELSEWHERE,
            "key": None,
            "address": _address(each.callback_url),
        }
        for each in elsewhere(look)
    ]
    return [*there, *(others if everything else ())]


def _words(each: dict[str, object]) -> tuple[object, ...]:
    return "yes" if each["enabled"] else "no", each["whose"], each["key"] or "-"


def _address(url: str) -> str:
    """Without what may be a secret of others: user, password and query."""
    return _SECRET_PARTS.sub("", url)
