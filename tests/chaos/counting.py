"""The counting: what became of each event, from the sender's diary and the witness's file, line by line.

It knows neither the store nor the service: only what the sender was answered, and what the effects wrote down.

- *Acknowledged*: a try was answered 200.
- *Effected*, in a group: an attempt at it has ended.
- *Lost*, in a group: acknowledged, and not effected when all is drained.
- *Repeated*, in a group: an attempt that began after another one had begun. Allowed: effects are idempotent.
- *Effected after done*: an attempt that began after the store had confirmed the event's `done` in that group to
  whoever reported it. And, where that confirmation never came (its worker died, or the reply was lost): one that began
  when another one had ended and the store's record said `done`, which is asked right after it has begun.
- *Order broken*, in the ordered group: an attempt at an event began before an earlier event of the same person had
  been effected, or after a later event of that person had begun; where the earlier one was acknowledged before the
  later one was sent. (What was never acknowledged, or late, has no place among the others.)
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.chaos.sender import TRIES


@dataclass(slots=True)
class Known:
    """What is known of one event.

    Attributes:
        person: Whom it is about.
        sequence: Its place among this person's events, from 1 on.
        sent: When it was first sent, seconds of the machine's monotonic clock; None as long as only effects are known.
        acknowledged: When it was.
        tries: How often it was delivered, and answered or not.
        given_up: Whether the sender has.
        begun: Attempts by group.
        effected: Those that ended.
        again: Group and process of those that began after one had ended, until the store was asked.
        confirmed: Groups whose `done` the store has confirmed.
        said_done: Groups in which such an attempt found `done`, and no confirmation has come yet.
        after_done: Those that began after `done`.
        unknown: Those of which the store could not be asked.
    """

    person: int
    sequence: int
    sent: float | None = None
    acknowledged: float | None = None
    tries: int = 0
    given_up: bool = False
    begun: Counter[str] = field(default_factory=Counter)
    effected: Counter[str] = field(default_factory=Counter)
    again: set[tuple[str, str]] = field(default_factory=set)
    confirmed: set[str] = field(default_factory=set)
    said_done: set[str] = field(default_factory=set)
    after_done: int = 0
    unknown: int = 0


@dataclass(slots=True)
class PersonInGroup:
    """How far a person's events are in the ordered group: the latest that has begun, and what has not ended yet."""

    latest: int = 0
    latest_number: int = -1
    open: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Counts:
    """The counts of some events.

    Attributes:
        sent: Events.
        acknowledged: Of these.
        given_up: Never acknowledged: the sender has given up.
        tries: Deliveries, the first of each event and its repeats.
        lost: Acknowledged and not effected, by group; only after all is drained.
        effected: Events, by group.
        repeated: Attempts beyond the first of an event in a group.
        after_done: Attempts that began after `done` was stored.
        unknown: Attempts at whose begin the store could not be asked.
        order_broken: See above.
    """

    sent: int
    acknowledged: int
    given_up: int
    tries: int
    lost: dict[str, int]
    effected: dict[str, int]
    repeated: int
    after_done: int
    unknown: int
    order_broken: int


def counted(problems: Mapping[str, int]) -> list[str]:
    """A sentence for each that there is any of."""
    return [f"{count} {what}" for what, count in problems.items() if count]


class Counting:
    """Everything that was written down so far.

    Args:
        groups: All of them.
        ordered: Those that promise order.
    """

    def __init__(self, groups: Iterable[str], ordered: Iterable[str]) -> None:
        self.groups, self.ordered = tuple(groups), frozenset(ordered)
        self.events: dict[int, Known] = {}
        self.behind: dict[str, set[int]] = {group: set() for group in self.groups}
        """Acknowledged and not effected, now."""
        self.statuses: Counter[int] = Counter()
        self.last_refused = 0.0
        """When the last try began that was not answered 200."""
        self.answered: list[float] = []
        """When each try began that was answered 200, in the order of the answers."""
        self.acknowledged = 0
        """Events so far, those that are folded included."""
        self.folded: Counter[str] = Counter()
        """What became of events that are through, and that nothing else is known of any more: see `fold`."""
        self._folded_below = 0
        self._people: dict[tuple[str, int], PersonInGroup] = defaultdict(PersonInGroup)
        self._crossed: list[tuple[int, int]] = []
        """An earlier and a later event of a person, where the later one came too early."""

    def tell_delivery(self, line: str) -> None:
        """A line of the sender's diary."""
        words = line.split()
        number, person, sequence, attempt, status = int(words[0]), int(words[1]), int(words[2]), words[4], int(words[5])
        began, sent, answered = float(words[3]), float(words[6]), float(words[7])
        known = self._known(number, person, sequence)
        known.sent, known.tries = began, int(attempt)
        self.statuses[status] += 1
        if status != 200:
            self.last_refused = max(self.last_refused, sent)
            known.given_up = int(attempt) == TRIES
            return
        self.answered.append(sent)
        known.acknowledged = answered
        self.acknowledged += 1
        for group in self.groups:
            if not known.effected[group]:
                self.behind[group].add(number)

    def tell_effect(self, line: str) -> None:
        """A line of the witness's file."""
        word, group, number_, person_, sequence_, _, process, done = line.split()[:8]
        number, person, sequence = int(number_), int(person_), int(sequence_)
        if number < self._folded_below and number not in self.events:
            self.folded["repeated"] += word == "b"
            self.folded["order_broken"] += word == "b" and group in self.ordered
            return
        known = self._known(number, person, sequence)
        if word == "b":
            known.begun[group] += 1
            if group in known.confirmed:
                known.after_done += 1
            elif known.effected[group]:
                known.again.add((group, process))
            if group in self.ordered:
                self._begin(self._people[group, person], number, sequence)
        elif word == "d":
            if done == "1" and (group, process) in known.again:
                known.said_done.add(group)
            known.unknown += done == "?"
            known.again.discard((group, process))
        elif word == "s":
            known.confirmed.add(group)
            known.said_done.discard(group)
        else:
            known.effected[group] += 1
            self._people[group, person].open.pop(sequence, None)
            self.behind.get(group, set()).discard(number)

    def _begin(self, person: PersonInGroup, number: int, sequence: int) -> None:
        self._crossed += [(other, number) for at, other in person.open.items() if at < sequence]
        if sequence < person.latest:
            self._crossed.append((number, person.latest_number))
        else:
            person.latest, person.latest_number = sequence, number
            person.open[sequence] = number

    def _known(self, number: int, person: int, sequence: int) -> Known:
        if (known := self.events.get(number)) is None:
            known = self.events[number] = Known(person, sequence)
        return known

    def order_broken(self, first: int = 0, end: float = float("inf")) -> list[tuple[int, int]]:
        """The pairs of an earlier and a later event of a person that were begun the wrong way round."""
        return [pair for pair in self._crossed if first <= pair[1] < end and self.were_in_order(*pair)]

    def were_in_order(self, earlier: int, later: int) -> bool:
        """Whether an event of a person was acknowledged before a later one was sent; what is folded was."""
        before, after = self.events.get(earlier), self.events.get(later)
        if before is None or after is None or after.sent is None:
            return before is None or before.acknowledged is not None
        return before.acknowledged is not None and before.acknowledged <= after.sent

    def counts(self, first: int = 0, end: float = float("inf")) -> Counts:
        """Of the events with these numbers, ``end`` excluded."""
        chosen = [known for number, known in self.events.items() if first <= number < end]
        acknowledged = [known for known in chosen if known.acknowledged is not None]
        return Counts(
            sent=sum(known.sent is not None for known in chosen),
            acknowledged=len(acknowledged),
            given_up=sum(known.given_up for known in chosen),
            tries=sum(known.tries for known in chosen),
            lost={group: sum(not known.effected[group] for known in acknowledged) for group in self.groups},
            effected={group: sum(known.effected[group] > 0 for known in chosen) for group in self.groups},
            repeated=sum(max(0, count - 1) for known in chosen for count in known.begun.values()),
            after_done=sum(known.after_done + len(known.said_done) for known in chosen),
            unknown=sum(known.unknown for known in chosen),
            order_broken=sum(self._has_happened(earlier) for earlier, _ in self.order_broken(first, end)),
        )

    def _has_happened(self, number: int) -> bool:
        """Whether an event was effected in order; else it is lost, which is counted, and nothing can come behind it."""
        known = self.events.get(number)
        return known is None or any(known.effected[group] for group in self.ordered)

    def fold(self, before: float) -> None:
        """Forget events that were acknowledged before then and are effected in every group; their counts are kept.

        Memory stays bounded so. An attempt at one of them that begins later still counts: as repeated, and in the
        ordered group as out of order, for something later of that person has long begun.
        """
        self.folded["order_broken"] += len(self.order_broken())
        self._crossed.clear()
        del self.answered[:-10_000]
        for number in [number for number, known in self.events.items() if self._is_through(known, before)]:
            known = self.events.pop(number)
            self._folded_below = max(self._folded_below, number + 1)
            self.folded["sent"] += 1
            self.folded["tries"] += known.tries
            self.folded["repeated"] += sum(max(0, count - 1) for count in known.begun.values())
            self.folded["after_done"] += known.after_done + len(known.said_done)
            self.folded["unknown"] += known.unknown

    def _is_through(self, known: Known, before: float) -> bool:
        if known.acknowledged is None or known.acknowledged >= before:
            return False
        return all(known.effected[group] for group in self.groups)
