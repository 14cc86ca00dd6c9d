"""A handler that runs in a process of its own."""

from pathlib import Path

from salesloft_webhooks import Event


def in_a_process(event: Event) -> None:
    """Write down which version it was called with."""
    with Path(event.data["file"]).open("a") as diary:
        diary.write(f"{event.event_type} {event.data['version']}\n")
