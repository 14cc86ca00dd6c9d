"""The counting of a debounced handler in an ordered group, from the witness's file, line by line: decision 100.

A call is named by the event that it is given: the last of those that it is for.

- *Put off*: events of which the store has confirmed that they are done; their attempts call nothing.
- *Lost*: acknowledged, and when all is drained neither it nor a later event of its person has been handled.
- *Repeated*: an attempt that began after another one had begun. Allowed, as of events.
- *After its end*: an attempt that began after the store had confirmed the call's `done`.
- *Early*: its first attempt began sooner after its event was sent than the person has to rest, and sooner after the
  first of those that it is for than that one waits at most.
- *Order broken*: it began after the call of a later event had begun, or while another one of the person was under way,
  where the earlier event was acknowledged before the later one was sent. (What was never acknowledged may be stored at
  any time, and so be the last.)
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from tests.chaos.counting import Counting, Known, counted

GROUP = "debounced"
ROUNDED_SECONDS = 0.005
"""The store counts in milliseconds, and by a clock of its own."""


class Spans(NamedTuple):
    """How long a person has to rest, and how long the first of several events waits at most, in seconds."""

    rest: float
    at_most: float


RESTING, RESTLESS = Spans(0.7, 7.0), Spans(2.5, 6.0)
"""Of people who rest between two events, unless many have been waiting, and of those who never do."""


def spans_of(person: int) -> Spans:
    """Every other one of them never rests."""
    return RESTLESS if person % 2 else RESTING


@dataclass(slots=True)
class Call:
    """What is known of one.

    Attributes:
        number, person, sequence: Of its event.
        first: The sequence of the first event that it can be for.
        begun_at: When its first attempt began.
        begun: Attempts.
        effected_at: When the last of those that ended did; None: none has.
        confirmed: Whether the store has confirmed its `done`.
        after_end: Attempts that began afterwards.
    """

    number: int
    person: int
    sequence: int
    first: int
    begun_at: float
    begun: int = 0
    effected_at: float | None = None
    confirmed: bool = False
    after_end: int = 0


@dataclass
class CallsOfPerson:
    """By the sequences of their events; and of those the highest that has begun, and those that are under way."""

    calls: dict[int, Call] = field(default_factory=dict)
    latest: int = 0
    open: set[int] = field(default_factory=set)


class DebounceCounts(msgspec.Struct):
    """The counts of some events and of the calls that were given them: see above."""

    put_off: int
    handled: int
    lost: int
    repeated: int
    after_end: int
    early: int
    order_broken: int

    @property
    def problems(self) -> list[str]:
        """The promises that are broken, a sentence each."""
        broken = counted(
            {
                "events that were put off were lost": self.lost,
                "calls for several events began after these had ended": self.after_end,
                "calls for several events began before their time": self.early,
                "calls for several events were out of order": self.order_broken,
            }
        )
        if not 0 < self.handled < self.put_off:
            broken.append("no call was for several events: this was no trial of debounced handlers")
        return broken


class DebounceCounting:
    """Everything that was written down so far.

    Args:
        counting: That of the events.
    """

    def __init__(self, counting: Counting) -> None:
        self._counting = counting
        self._people: defaultdict[int, CallsOfPerson] = defaultdict(CallsOfPerson)
        self._put_off: set[int] = set()
        self._crossed: list[tuple[int, int]] = []
        """Numbers of an earlier and a later event of a person, where the earlier one's call came too late."""

    def tell(self, line: str) -> None:
        """A line of the witness's file, about an event or a call."""
        word, group, number, person_, sequence_, _, _, _, at = line.split()
        if group != GROUP:
            return
        person, sequence = int(person_), int(sequence_)
        if word == "s":
            self._put_off.add(int(number))
        elif word in "bB":
            self._begin(int(number), person, sequence, float(at))
        elif word in "eE":
            self._people[person].calls[sequence].effected_at = float(at)
            self._people[person].open.discard(sequence)
        elif word == "S":
            self._people[person].calls[sequence].confirmed = True

    def _begin(self, number: int, person: int, sequence: int, at: float) -> None:
        of_person = self._people[person]
        if (call := of_person.calls.get(sequence)) is None:
            call = of_person.calls[sequence] = Call(number, person, sequence, of_person.latest + 1, at)
        call.begun += 1
        call.after_end += call.confirmed
        for other in of_person.open - {sequence}:
            self._crossed.append(self._in_turn(call, of_person.calls[other]))
        if sequence < of_person.latest:
            self._crossed.append(self._in_turn(call, of_person.calls[of_person.latest]))
        of_person.latest = max(of_person.latest, sequence)
        of_person.open.add(sequence)

    def _in_turn(self, one: Call, other: Call) -> tuple[int, int]:
        first, second = sorted((one, other), key=lambda call: call.sequence)
        return first.number, second.number

    def left(self, first: int, end: float) -> int:
        """How many of these events are neither handled nor followed by one that is."""
        return sum(not self._is_handled(known) for _, known in self._acknowledged(first, end))

    def counts(self, first: int = 0, end: float = float("inf")) -> DebounceCounts:
        """Of the events with these numbers, ``end`` excluded."""
        calls = [call for of_person in self._people.values() for call in of_person.calls.values()]
        calls = [call for call in calls if first <= call.number < end]
        sent = {(known.person, known.sequence): known.sent for known in self._counting.events.values() if known.sent}
        return DebounceCounts(
            put_off=sum(first <= number < end for number in self._put_off),
            handled=sum(call.effected_at is not None for call in calls),
            lost=self.left(first, end),
            repeated=sum(call.begun - 1 for call in calls),
            after_end=sum(call.after_end for call in calls),
            early=sum(_is_early(call, sent) for call in calls),
            order_broken=sum(first <= pair[1] < end and self._counting.were_in_order(*pair) for pair in self._crossed),
        )

    def _acknowledged(self, first: int, end: float) -> Iterator[tuple[int, Known]]:
        for number, known in self._counting.events.items():
            if first <= number < end and known.acknowledged is not None:
                yield number, known

    def _is_handled(self, known: Known) -> bool:
        assert known.acknowledged is not None
        for call in self._people[known.person].calls.values():
            if call.effected_at is None:
                continue
            of_call = self._counting.events[call.number]
            later = of_call.acknowledged is None and call.effected_at >= known.acknowledged
            if call.sequence >= known.sequence or later:
                return True
        return False


def _is_early(call: Call, sent: dict[tuple[int, int], float]) -> bool:
    """Events are put off after they were sent, so nothing of theirs is due before that."""
    spans, since = spans_of(call.person), sent.get((call.person, call.sequence))
    if since is None:
        return False
    firsts = (sent[key] for place in range(call.first, call.sequence + 1) if (key := (call.person, place)) in sent)
    due = min(since + spans.rest, next(firsts, since) + spans.at_most)
    return call.begun_at < due - ROUNDED_SECONDS
