"""The group `notify` with a handlers file, run attempt by attempt."""

from pathlib import Path
from typing import Any

import yaml

from salesloft_webhooks import Event, Retry
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.handlers.running_group import RunningGroup
from salesloft_webhooks.settings import Settings
from tests.support import samples
from tests.support.servers import Server


def reply(**fields: Any) -> Event:
    """A reply to a mail of the sample's rep."""
    return samples.email("email.replied", group="notify", **fields)


class Told:
    """The group with a handlers file, run attempt by attempt."""

    def __init__(self, valkey: Server, folder: Path, section: dict[str, Any], **settings: Any) -> None:
        file = folder / "handlers.yaml"
        file.write_text(yaml.safe_dump({"notify": section}), "utf-8")
        self.settings = Settings.load(redis_url=valkey.url, handlers_file=file, **settings)

    async def __call__(self, *events: Event) -> list[float | None]:
        """One attempt per event; seconds until the next one where the handler wants one, None where it is done."""
        async with load_group("notify", (), self.settings).open(self.settings) as running:
            return [await _wait_after(running, event) for event in events]


async def _wait_after(running: RunningGroup, event: Event) -> float | None:
    try:
        await running.handle(event)
    except Retry as later:
        if later.counted:
            raise
        return later.after_seconds
    return None
