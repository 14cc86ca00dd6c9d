"""Things that happen by themselves at the invented team, at a steady rate, at the time that it is."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from salesloft_webhooks.simulator.back_office import EVENTS as BACK_OFFICE_EVENTS
from salesloft_webhooks.simulator.back_office import BackOffice
from salesloft_webhooks.simulator.sales_team import LINK_SWAP, NATIVE_NAMES, Change, SalesTeam

SHARE_OF_THE_OFFICE = 0.15
EVENTS = NATIVE_NAMES | BACK_OFFICE_EVENTS
"""What happens here, by SalesLoft's names."""
MAX_CATCH_UP_SECONDS = 1.0
"""A machine that slept must not make up for it in one burst."""


class GeneratedLoad:
    """Lets one change after another happen; `step` is one round of it.

    Args:
        team: Where most of it happens.
        office: Where the rest does.
        happen: What a change is given to.
        clock: Unix seconds, which the changes' times follow: a poll by time looks for them there.
    """

    def __init__(
        self, team: SalesTeam, office: BackOffice, happen: Callable[[Change], None], clock: Callable[[], float]
    ) -> None:
        self._team, self._office, self._happen, self._clock, self._rate = team, office, happen, clock, 0.0
        self._changed = asyncio.Event()
        self._due = time.monotonic()

    @property
    def rate(self) -> float:
        """Changes a second."""
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        self._rate, self._due = rate, time.monotonic()
        self._changed.set()

    def burst(self, changes: int, event: str = "") -> None:
        """Let so many happen at once; only of this event type, one of `EVENTS`, if it is given."""
        for _ in range(changes):
            self._happen(self._next_of(event) if event else self._next())

    def mail(self) -> dict[str, Any]:
        """One that the team is about to send, as `OutgoingMail` wants it."""
        return self._team.next_of(LINK_SWAP, self._now()).resource

    async def step(self) -> None:
        """Wait for the next one to be due, and let it happen."""
        self._changed.clear()
        if not self._rate:
            await self._changed.wait()
            return
        now = time.monotonic()
        due = max(self._due, now - MAX_CATCH_UP_SECONDS)
        if due > now:
            with suppress(TimeoutError):
                async with asyncio.timeout(due - now):
                    await self._changed.wait()
        if self._changed.is_set():  # also when that was at the very moment at which the next one was due
            return
        self._due = due + 1 / self._rate
        self._happen(self._next())

    def _next(self) -> Change:
        place = self._office if self._office.random.random() < SHARE_OF_THE_OFFICE else self._team
        return place.next(self._now())

    def _next_of(self, event: str) -> Change:
        place = self._team if event in NATIVE_NAMES else self._office
        return place.next_of(event, self._now())

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)
