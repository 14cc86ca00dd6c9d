"""The counting of follow-ups in ordered groups, from the witness's file, line by line. What is promised: decision 88.

- *Asked for*: the handler was about to ask. Its event is tried until that has succeeded, so it has to come.
- *Lost*: asked for, and neither effected nor cancelled when all is drained.
- *Repeated*: an attempt that began after another one had begun. Allowed, as of events.
- *After its end*: an attempt that began after the store had confirmed its `done`, or after it was cancelled.
- *Early*: an attempt that began before its time: that at which it was asked for, and as long as it was to wait.
- *Order broken*: it began before its event had ended, or before an event of the same person had that was acknowledged
  before its time, and so was stored before it; or it and something else of that person were under way at once.
"""

from collections import defaultdict
from dataclasses import dataclass, field

import msgspec

from tests.chaos.counting import Counting, counted

ROUNDED_SECONDS = 0.005
"""The store counts in milliseconds, and by a clock of its own."""
Person = tuple[str, int]
"""A group and a person."""


@dataclass(slots=True)
class KnownFollowUp:
    """What is known of one.

    Attributes:
        number: That of the event that asks for it.
        person: Whose.
        sequence: That event's place among the person's.
        due: When it may begin at the earliest, seconds of the machine's monotonic clock.
        begun: Attempts.
        effected: Those that ended.
        cancelled: Whether it was.
        confirmed: Whether the store has confirmed its `done`.
        after_end: Attempts that began after one of these.
        early: Attempts that began before its time.
        side_by_side: How often something else of the person was under way.
        behind: The person's last event that had been effected when it first began.
    """

    number: int
    person: Person
    sequence: int
    due: float
    begun: int = 0
    effected: int = 0
    cancelled: bool = False
    confirmed: bool = False
    after_end: int = 0
    early: int = 0
    side_by_side: int = 0
    behind: int = 0


class FollowUpCounts(msgspec.Struct):
    """The counts of the follow-ups of some events, in all groups: see above."""

    asked: int
    effected: int
    cancelled: int
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
                "follow-ups were lost": self.lost,
                "attempts at follow-ups began after these had ended": self.after_end,
                "attempts at follow-ups began before their time": self.early,
                "follow-ups were out of order": self.order_broken,
            }
        )
        if not (self.effected and self.cancelled):
            broken.append("no follow-up was effected, or none was cancelled: this was no trial of follow-ups")
        return broken


@dataclass
class PersonUnderWay:
    """What of a person is under way in a group, and the last event that was effected.

    Attributes:
        open: Sequences of events that have begun and not ended.
        follow_ups: The same of events whose follow-up has.
        effected: The highest sequence.
    """

    open: set[int] = field(default_factory=set)
    follow_ups: set[int] = field(default_factory=set)
    effected: int = 0


class FollowUpCounting:
    """Everything that was written down so far.

    Args:
        counting: That of the events.
    """

    def __init__(self, counting: Counting) -> None:
        self._counting = counting
        self._known: dict[tuple[Person, int], KnownFollowUp] = {}
        self._people: defaultdict[Person, PersonUnderWay] = defaultdict(PersonUnderWay)

    def tell(self, line: str) -> None:
        """A line of the witness's file, about an event or a follow-up."""
        word, group, number, person_, sequence_, _, _, said, at = line.split()
        person, sequence = (group, int(person_)), int(sequence_)
        under_way = self._people[person]
        if word == "a":
            due = float(at) + float(said)
            self._known.setdefault((person, sequence), KnownFollowUp(int(number), person, sequence, due))
        elif word == "c" and (of_the_event_before := self._known.get((person, sequence - 1))):
            of_the_event_before.cancelled = True
            under_way.follow_ups.discard(sequence - 1)
        elif word == "b":
            for other in under_way.follow_ups:
                self._known[person, other].side_by_side += 1
            under_way.open.add(sequence)
        elif word == "e":
            under_way.open.discard(sequence)
            under_way.effected = max(under_way.effected, sequence)
        elif word.isupper():
            self._tell_of(self._known[person, sequence], word, under_way, float(at))

    def _tell_of(self, known: KnownFollowUp, word: str, under_way: PersonUnderWay, at: float) -> None:
        if word == "B":
            if not known.begun:
                known.behind = under_way.effected
            known.begun += 1
            known.after_end += known.cancelled or known.confirmed
            known.early += at < known.due - ROUNDED_SECONDS
            known.side_by_side += len(under_way.open) + len(under_way.follow_ups - {known.sequence})
            under_way.follow_ups.add(known.sequence)
        elif word == "E":
            known.effected += 1
            under_way.follow_ups.discard(known.sequence)
        elif word == "S":
            known.confirmed = True

    def left(self, first: int, end: float) -> int:
        """How many of these events' follow-ups are to come."""
        return sum(_is_to_come(known) for known in self._of(first, end))

    def counts(self, first: int = 0, end: float = float("inf")) -> FollowUpCounts:
        """Of those that the events with these numbers have asked for, ``end`` excluded."""
        chosen = self._of(first, end)
        acknowledged = self._acknowledged()
        return FollowUpCounts(
            asked=len(chosen),
            effected=sum(known.effected > 0 for known in chosen),
            cancelled=sum(known.cancelled and not known.effected for known in chosen),
            lost=sum(_is_to_come(known) for known in chosen),
            repeated=sum(max(0, known.begun - 1) for known in chosen),
            after_end=sum(known.after_end for known in chosen),
            early=sum(known.early for known in chosen),
            order_broken=sum(
                known.side_by_side + (known.begun > 0 and self._overtook(known, acknowledged[known.person[1]]))
                for known in chosen
            ),
        )

    def _of(self, first: int, end: float) -> list[KnownFollowUp]:
        return [known for known in self._known.values() if first <= known.number < end]

    def _acknowledged(self) -> defaultdict[int, list[tuple[int, float]]]:
        """By person: sequences of the events, and when they were acknowledged."""
        found: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
        for event in self._counting.events.values():
            if event.acknowledged is not None:
                found[event.person].append((event.sequence, event.acknowledged))
        return found

    def _overtook(self, known: KnownFollowUp, acknowledged: list[tuple[int, float]]) -> bool:
        """Whether it began before an event that had been stored before it."""
        before = max((sequence for sequence, at in acknowledged if at < known.due), default=0)
        return known.behind < max(before, known.sequence)


def _is_to_come(known: KnownFollowUp) -> bool:
    return not (known.effected or known.cancelled)
