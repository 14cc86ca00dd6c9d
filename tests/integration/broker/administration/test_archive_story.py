"""Deliveries, replays of an archive and attempts in any order: each group gets each event as often as it should."""

from random import Random

import pytest

from salesloft_webhooks.broker import Group, Lease, Outcome, Stored, decide_partitions
from salesloft_webhooks.settings import Ordering
from tests.integration.broker.administration.archive_steps import delivered, replayed
from tests.support.archived_events import archived
from tests.support.broker_driver import Driven

IDS = [f"e{number}" for number in range(8)]
PERSONS = range(6)
ORDERINGS = {"crm": Ordering.NONE, "notify": Ordering.ENTITY}
STEPS, LATE = 90, 60


class Story:
    """A store that has lost everything, and how often each group is to handle something.

    Attributes:
        due: By group: attempts that there must be.
        had: By group: attempts that there were.
    """

    def __init__(self, driven: Driven, random: Random) -> None:
        self._driven, self._random = driven, random
        self._groups: dict[str, Group] = {}
        self._leases: dict[str, list[Lease]] = {name: [] for name in ORDERINGS}
        self._unfinished: dict[str, set[str]] = {name: set() for name in ORDERINGS}
        self._delivered: set[str] = set()
        self._replayed: set[tuple[str, str]] = set()
        self.due, self.had = dict.fromkeys(ORDERINGS, 0), dict.fromkeys(ORDERINGS, 0)

    async def open(self, consumer: str) -> None:
        """Somebody new works for each group."""
        for name, ordering in ORDERINGS.items():
            self._groups[name] = await self._driven.group(name, consumer, ordering=ordering)

    async def step(self, number: int) -> None:
        """Whatever comes next."""
        name, event_id = self._random.choice(sorted(ORDERINGS)), self._random.choice(IDS)
        match self._random.choice(("deliver", "replay", "take", "settle", "raise" if number > LATE else "replay")):
            case "deliver":
                await self._deliver(event_id)
            case "replay":
                await self._replay(name, event_id)
            case "take":
                self._leases[name] += await self._driven.take(self._groups[name])
            case "settle":
                await self._settle(name)
            case "raise":
                for each in ORDERINGS:
                    await self._settle(each)
                await decide_partitions(self._driven.store, 5)
                await self.open(f"after-{number}")

    async def end(self) -> None:
        """Everything is handled."""
        for name in ORDERINGS:
            await self._settle(name)
            while handled := await self._driven.handle(self._groups[name]):
                self.had[name] += len(handled)

    async def _deliver(self, event_id: str) -> None:
        stored = await delivered(self._driven, event_id, person=self._random.choice(PERSONS))
        assert stored is (Stored.DUPLICATE if event_id in self._delivered else Stored.NEW)
        for name in ORDERINGS if stored is Stored.NEW else ():
            if (name, event_id) not in self._replayed:  # else it has it in hand, or has finished it
                self.due[name] += 1
                self._unfinished[name].add(event_id)
        self._delivered.add(event_id)

    async def _replay(self, name: str, event_id: str) -> None:
        event = archived(IDS.index(event_id), name=event_id, person=self._random.choice(PERSONS))
        await replayed(self._driven, event, group=name)
        self._replayed.add((name, event_id))
        self.due[name] += event_id not in self._unfinished[name]
        self._unfinished[name].add(event_id)

    async def _settle(self, name: str) -> None:
        leases, self._leases[name] = self._leases[name], []
        await self._driven.settle(self._groups[name], leases, Outcome.DONE)
        self.had[name] += len(leases)
        self._unfinished[name] -= {lease.event.event_id for lease in leases}


@pytest.mark.parametrize("seed", range(8))
async def test_no_order_of_steps_loses_or_doubles_anything(driven: Driven, seed: int) -> None:
    """By whatever entity each comes, with attempts in hand, and with a raise of partitions in the second half."""
    story = Story(driven, Random(seed))
    await story.open("first")

    for number in range(STEPS):
        await story.step(number)
    await story.end()

    assert story.had == story.due
    assert min(story.due.values()) > len(IDS)
