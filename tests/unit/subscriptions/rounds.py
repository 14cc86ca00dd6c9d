"""Whoever makes rounds against a registry, with a clock that stands still."""

import asyncio
from collections.abc import Callable

from salesloft_webhooks.subscriptions import (
    Desired,
    Hands,
    Memory,
    Round,
    Seen,
    SigningKey,
    reconcile,
)
from tests.unit.subscriptions.registry import FakeRegistry
from tests.unit.subscriptions.team import EVENTS, OLD, URL

DESIRED = Desired(callback_url=URL, events=frozenset(EVENTS))
ALL = len(EVENTS)


class Clock:
    """Stands still unless somebody pauses."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now

    async def pause(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds


class Operator:
    """Whoever makes rounds; all receivers have all keys."""

    def __init__(self, registry: FakeRegistry, *keys: SigningKey, desired: Desired = DESIRED) -> None:
        self.clock = Clock()
        self.keys = keys or (OLD,)
        self.desired = desired
        self.registry = registry
        self.memory = Memory()

    def hands(self, may_go_on: Callable[[], bool] = lambda: True) -> Hands:
        """Those of this operator."""
        return Hands(self.registry, may_go_on=may_go_on, pause=self.clock.pause, clock=self.clock)

    def round(self, *, dry: bool = False, may_go_on: Callable[[], bool] = lambda: True) -> Round:
        """One round."""
        seen = Seen(now=self.clock.now, receivers={"one": frozenset(key.fingerprint for key in self.keys)})
        made = asyncio.run(reconcile(self.desired, self.keys, seen, self.memory, self.hands(may_go_on), dry=dry))
        self.memory = made.plan.memory
        return made

    def until_settled(self) -> list[Round]:
        """Rounds until one has nothing to do and nothing to wait for."""
        rounds = []
        for _ in range(20):
            rounds.append(self.round())
            if rounds[-1].settled:
                return rounds
            self.clock.now += rounds[-1].next_seconds(1) or 60.0
        raise AssertionError([each.plan for each in rounds])


def events(registry: FakeRegistry, key: SigningKey) -> list[str]:
    """What is delivered under a key."""
    found = registry.there.values()
    return sorted(
        each.event_type for each in found if each.enabled and each.callback_token == key.token(each.event_type)
    )
