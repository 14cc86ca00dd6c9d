"""Handlers that write down all that they were told of an event, as a line of JSON."""

import json
import os
from pathlib import Path

from salesloft_webhooks import Event, Router

router: Router[None] = Router()


def write(line: str) -> None:
    """O_APPEND keeps lines of several processes whole."""
    with Path(os.environ["READINGS"]).open("a", encoding="utf-8") as readings:
        readings.write(line + "\n")


@router.on("*")
async def read(event: Event) -> None:
    """Write it down whole."""
    said = [event.event_id, event.event_type, event.entity_key, event.source, event.created_at, event.raw_data.decode()]
    write(json.dumps([*said, event.received_at.timestamp() > 1]))
