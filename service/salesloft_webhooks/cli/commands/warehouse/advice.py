"""What to do about what was found in a warehouse."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
    from salesloft_webhooks.handlers.builtin.warehouse.checking import Check

COMPACT = "salesloft-webhooks warehouse compact"


def advice(
    found: "Check", configuration: "WarehouseConfiguration", compacted: datetime | None, now: datetime
) -> Iterator[str]:
    """A sentence for each kind of thing that somebody has to see to; none: nothing has to be done.

    Args:
        found: What was found.
        configuration: The section.
        compacted: When the last complete compaction began; None: that is not known of any.
        now: The time, with a zone.
    """
    from salesloft_webhooks.handlers.builtin.warehouse.event_table import OF_A_NEWER_VERSION

    typed = found.typed
    newer = [each for each in found.damaged if each.problem.startswith(OF_A_NEWER_VERSION)]
    if newer:
        yield "leave files with columns that this version does not know to the newer one: let it check and compact"
    if len(found.damaged) > len(newer):
        yield (
            "restore the damaged files of `events` from a copy, or delete them and let a replay store their events "
            f"again where no other file has them; then {COMPACT}"
        )
    if found.missing or found.overlaps:
        yield (
            f"{COMPACT} writes the manifest anew of what is there"
            + ("; what was only in a missing file comes back by a replay alone" if found.missing else "")
        )
    if typed.damaged and configuration.typed:
        yield f"delete the damaged files of `typed`; then {COMPACT}, which makes them anew of the events"
    if configuration.typed and (typed.missing or typed.behind):
        behind = f"{typed.behind:,} file(s) are not"
        yield f"{COMPACT} brings the typed tables to what the manifest of events counts ({behind})"
    if (typed.files or typed.missing) and not configuration.typed:
        yield "typed tables are switched off (`typed`), and stay as they are: switch them on, or delete `typed`"
    if found.files and configuration.compaction_hours:
        yield from _since(compacted, timedelta(hours=configuration.compaction_hours), now)


def _since(compacted: datetime | None, limit: timedelta, now: datetime) -> Iterator[str]:
    if compacted is None:
        yield f"{COMPACT}, every hour or night: none has been complete yet"
    elif now - compacted > limit:
        hours = (now - compacted) / timedelta(hours=1)
        yield f"see why compactions do not run or end: the last complete one began {hours:,.0f} hours ago"
