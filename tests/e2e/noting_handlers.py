"""A handler that notes which events it had, in the order in which it had them."""

import os

from salesloft_webhooks import Event, Router
from salesloft_webhooks.settings import Ordering

router: Router[None] = Router(ordering=Ordering.ENTITY)


@router.on("*")
async def note(event: Event) -> None:
    """A line of person and id, at the end of the file."""
    descriptor = os.open(os.environ["NOTED_IN"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, f"{event.entity_key} {event.event_id}\n".encode())
    finally:
        os.close(descriptor)
