"""Endless realistic traffic: changes at the invented sales team, written in the dialects there are keys for."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from random import Random
from typing import Any

from salesloft_webhooks.dialects import Dialect, OutgoingEvent
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.simulator.sales_team import ATLANTA, EVENT_TYPES, LINK_SWAP, NATIVE_NAMES, Change, SalesTeam
from salesloft_webhooks.simulator.signed_deliveries import Delivery, Forger, Kind, Signer

SIMULATED = EVENT_TYPES | NATIVE_NAMES | {LINK_SWAP}
RECENT = 100
RECENT_SECONDS = 60
COUNTERS = {"email.opened": "views", "email.clicked": "clicks", "email.replied": "replies"}


@dataclass(frozen=True)
class Mix:
    """What the traffic consists of.

    Attributes:
        dialects: Chosen among at random; all the signer can sign if empty.
        duplicates: Share of deliveries that repeat one of the last minute, 0 to 1.
        forgeries: Share of deliveries that must be refused, 0 to 1.
        event_type: Only this one, by either name, or ``link_swap``; all but that if empty.
    """

    dialects: tuple[Dialect, ...] = ()
    duplicates: float = 0.0
    forgeries: float = 0.0
    event_type: str = ""


class Traffic(Iterator[Delivery]):
    """Deliveries without end, which depend on seed, start and clock alone.

    Args:
        signer: Signs them.
        mix: What they consist of.
        seed: The same seed invents the same people and changes, with the same ids.
        start: When the first one happens; the present by default.
        mean_gap_seconds: Mean time between two changes at the invented sales team.
        clock: Unix seconds, for timestamps.

    Raises:
        ConfigurationError: the mix asks for what is impossible.
    """

    def __init__(
        self,
        signer: Signer,
        mix: Mix = Mix(),
        *,
        seed: int | None = None,
        start: datetime | None = None,
        mean_gap_seconds: float = 0.05,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if min(mix.duplicates, mix.forgeries) < 0 or mix.duplicates + mix.forgeries > 1:
            raise ConfigurationError("the shares of duplicates and forgeries must lie between 0 and 1, also together")
        if mix.event_type and mix.event_type not in SIMULATED:
            near = ", ".join(get_close_matches(mix.event_type, sorted(SIMULATED)))
            meant = f" (did you mean {near}?)" if near else ""
            raise ConfigurationError(f"{mix.event_type} is not simulated{meant}; send it with data of your own")
        self._random = Random(seed)  # noqa: S311 - invented people, no keys
        self._signer, self._mix, self._clock = signer, mix, clock
        self._team = SalesTeam(self._random, (start or datetime.now(UTC)).astimezone(ATLANTA), mean_gap_seconds)
        self._forger = Forger(self._random, signer)
        self._dialects = _speaking(mix.dialects or signer.dialects, mix.event_type)
        self._recent: deque[tuple[float, Delivery]] = deque(maxlen=RECENT)

    def __next__(self) -> Delivery:
        now, chance = self._clock(), self._random.random()
        if chance < self._mix.forgeries:
            return self._forger.forge(self._genuine(now), int(now))
        if chance < self._mix.forgeries + self._mix.duplicates and (repeated := self._recent_one(now)):
            return replace(repeated, kind=Kind.DUPLICATE)
        delivery = self._genuine(now)
        self._recent.append((now, delivery))
        return delivery

    def _recent_one(self, now: float) -> Delivery | None:
        while self._recent and self._recent[0][0] < now - RECENT_SECONDS:
            self._recent.popleft()
        return self._random.choice(self._recent)[1] if self._recent else None

    def _genuine(self, now: float) -> Delivery:
        change = self._team.next_of(self._mix.event_type) if self._mix.event_type else self._team.next()
        dialect = self._random.choice(self._dialects)
        if dialect.bare_resources:
            event = OutgoingEvent(change.native_name, "", "", change.resource)
        else:
            event_id = f"evt_{self._random.getrandbits(96):024x}"
            event = OutgoingEvent(change.event_type, event_id, *_time_and_data(change))
        return self._signer.delivery(dialect, event, int(now))


def _speaking(dialects: Sequence[Dialect], event_type: str) -> Sequence[Dialect]:
    """Those that know a type: a relay asks nothing."""
    if event_type != LINK_SWAP:
        return dialects
    if not (native := [dialect for dialect in dialects if dialect.bare_resources]):
        raise ConfigurationError(f"{LINK_SWAP} is asked in the native dialect, for which there is no key")
    return native


def _time_and_data(change: Change) -> tuple[str, dict[str, Any]]:
    """What a relay says; as derived events do, it says which count an email has reached."""
    data = change.resource
    if field := COUNTERS.get(change.event_type):
        data = {**data, "count": data["counts"][field]}
    return data["updated_at"], data
