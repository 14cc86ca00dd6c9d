"""Names that people type: groups, event types. One that does not exist is an error with the nearest that do."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from salesloft_webhooks.cli.failures import fail

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store

LISTED_AT_MOST = 10
"""Names of a message that names all there are."""


async def require_group(store: "Store", group: str) -> None:
    """End the command unless there is such a group, dead letters of a removed one included.

    The message names the nearest, or all if they are few.

    Raises:
        StoreError: the store cannot be asked.
    """
    from salesloft_webhooks.broker.stats import group_names

    names = sorted(await group_names(store))
    if group not in names:
        fail(f"no such group: {group} ({_instead(group, names)})")


def require_known_types(types: Iterable[str] | None) -> None:
    """End the command when a type or pattern means nothing that is known: for commands that found nothing of it.

    Senders of envelopes may have types of their own, so only what was not found either is a mistake.
    """
    from salesloft_webhooks.event_patterns import is_known, nearest

    for pattern in types or ():
        if not is_known(pattern):
            near = ", ".join(nearest(pattern))
            fail(f"no event of type {pattern} here, and none is known" + (f" (did you mean {near}?)" if near else ""))


def _instead(name: str, names: Sequence[str]) -> str:
    if not names:
        return "there is none yet"
    if near := get_close_matches(name, names):
        return f"did you mean {' or '.join(near)}?"
    more = f" and {len(names) - LISTED_AT_MOST} more" if len(names) > LISTED_AT_MOST else ""
    return f"there are: {', '.join(names[:LISTED_AT_MOST])}{more}"
