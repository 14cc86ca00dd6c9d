"""From a row of a list to the deliveries that it stands for, read by the very code that reads webhooks. No I/O.

So ids, derived events, the person and the removal of tokens cannot drift apart: what a webhook has brought is a
duplicate of its row, and the other way round.
"""

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct

from salesloft_webhooks.backfill.coverage import Resource
from salesloft_webhooks.backfill.windows import time_of
from salesloft_webhooks.dialects import uniform_resource as resource
from salesloft_webhooks.dialects.native import NATIVE, read
from salesloft_webhooks.errors import UnreadableDelivery, UnreadableReason
from salesloft_webhooks.events import NewEvent
from salesloft_webhooks.salesloft import Row
from salesloft_webhooks.timestamps import parse_timestamp

DIALECT = NATIVE.name
"""In which a row would have come as a webhook."""
CREATED_AT = "created_at"


class Delivery(Struct, frozen=True):
    """A delivery that a row stands for.

    Attributes:
        events: Its event, then those derived from it.
        happened: When, by SalesLoft's clock.
        of_this_version: Whether it tells of the row as it is now; else it tells of something earlier.
    """

    events: tuple[NewEvent, ...]
    happened: datetime
    of_this_version: bool


def deliveries(kind: Resource, row: Row, wanted: Collection[str], created_since: datetime) -> tuple[Delivery, ...]:
    """What SalesLoft would have sent of a row, the earliest first.

    Args:
        kind: What the row is of.
        row: The row.
        wanted: SalesLoft's names of the events that are wanted.
        created_since: What was created before is not told of as new.

    Raises:
        UnreadableDelivery: it is not a record that can be told of.
    """
    updated = time_of(row)
    if updated is None:
        raise UnreadableDelivery(UnreadableReason.MISSING_FIELD, "the row has no time of its last change")
    data = resource.parse_object(row.raw)
    token = data.get(resource.CALLBACK_TOKEN)
    tokens = (token.encode(),) if isinstance(token, str) else ()  # the answer's, so nobody else's: it is taken away
    created = parse_timestamp(data.get(CREATED_AT)) or updated
    changed = updated > created
    found = []
    if kind.created in wanted and created >= created_since:
        found.append(Delivery(read(row.raw, kind.created, tokens), created, of_this_version=not changed))
    if changed or not kind.created:
        names = [name for name in kind.updated if name in wanted]
        found += [Delivery(read(row.raw, name, tokens), updated, of_this_version=True) for name in names]
    return tuple(found)
