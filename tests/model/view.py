"""What the store says, readable: the answer of ``lua/save.lua``."""

from functools import cached_property
from typing import Any

from tests.model.state import GROUP, named

BASE = "sl:{0}:"
LANES = f"{BASE}g:{GROUP}:lane:"
SETTLES = f"{BASE}g:{GROUP}:last_settle:"


class Record:
    """What an idempotency record says of an event."""

    def __init__(self, row: list[bytes]) -> None:
        words = [word.decode() for word in row]
        event, self.outcome, self.letter, self.poison, self.again, self.repeats, self.form, self.later = words
        self.event = named(event)


class View:
    """The store at one moment.

    Attributes:
        packed: All of it, as the store takes it back.
        keys: When each ends: 0 never, 1 in days, else by the model's clock, ms.
        stream: Entries: id, event, for which group only.
        read_to: The last entry that the group has been given; empty: there is no group.
        pending: Owner and delivery count by entry.
        due: Members and scores, in their order.
        isolated: Members in their order.
        lanes: Entries by lane.
        attempts, clock, takes, settles: As they stand there.
        pause: Its value; empty: there is none.
        letters: Dead letters: id, event, entry, reason.
        records: By event and follow-up.
        waiting: When each follow-up that waits is due.
        subjects: What the row of each says that its key means.
        latest: By what a key means, the latest follow-up by it.
        ended: By the store's key for what a key means, the latest by it that waits no more.
        permits: Those in use, and when each ends.
        expected: Who waits for one, and when each is expected to ask again.
        seconds: The server's clock.
    """

    def __init__(self, rows: list[Any], seconds: int) -> None:
        self.packed, keys, stream, read_to, pending, due, isolated, lanes = rows[:8]
        attempts, clock, pause, takes, settles, letters, records = rows[8:15]
        waiting, rows_that_wait, latest, ended, permits = rows[15:]
        self.seconds = seconds
        self.keys = {key.decode(): ends_at for key, ends_at in keys}
        self.stream = [(row[0].decode(), named(row[1].decode()), row[2].decode()) for row in stream]
        self.read_to = read_to.decode()
        self.pending = {row[0].decode(): (row[1].decode(), int(row[3])) for row in pending}
        self.due = [(due[at].decode(), int(float(due[at + 1]))) for at in range(0, len(due), 2)]
        self.isolated = [member.decode() for member in isolated]
        self.lanes = {key.decode().removeprefix(LANES): [each.decode() for each in ids] for key, ids in lanes}
        self.attempts, self.clock, self.takes = _fields(attempts), _fields(clock), _fields(takes)
        self.settles = {key.decode().removeprefix(SETTLES): words.decode() for key, words in settles}
        self.pause = pause.decode()
        words_of_letters = [[word.decode() for word in row] for row in letters]
        self.letters = [(row[0], named(row[1]), row[3], row[4]) for row in words_of_letters]
        self.records = {record.event: record for record in map(Record, records)}
        self.waiting = {named(name): int(float(due)) for name, due in _fields(waiting).items()}
        pairs = zip(rows_that_wait[::2], rows_that_wait[1::2], strict=True)
        self.subjects = {named(name.decode()): row.split(b" ")[2].decode() for name, row in pairs}
        self.latest = {subject: named(said.partition(" ")[0]) for subject, said in _fields(latest).items()}
        self.ended = {key.decode(): said.decode() for key, said in ended}
        self.permits, self.expected = dict[str, int](), dict[str, int]()
        for key, flat in permits:
            found = self.expected if key.endswith(b":waiting") else self.permits
            found |= {name: int(float(end)) for name, end in _fields(flat).items()}

    @cached_property
    def now(self) -> int:
        """The group's clock, ms, as the next call that looks at it will have it."""
        now = self.seconds * 1000 + int(self.clock.get("offset", 0))
        called = int(self.clock.get("called", now))
        return called if called - now > 1000 else now

    @property
    def run(self) -> str:
        """The group's run."""
        return self.clock.get("run", "")

    @cached_property
    def event_of(self) -> dict[str, str]:
        """Events by entries that are there."""
        return {entry: event for entry, event, _ in self.stream}

    def unread(self) -> list[tuple[str, str]]:
        """Entries and events that the group has yet to be given, and will be."""
        after = order(self.read_to) if self.read_to else (0, 0)
        return [(entry, event) for entry, event, only in self.stream if order(entry) > after and only in {"", GROUP}]


def order(entry: str) -> tuple[int, int]:
    """How ids of entries compare."""
    ms, _, sequence = entry.partition("-")
    return int(ms), int(sequence)


def entry_in(member: str) -> str:
    """The entry that a member of `due` names."""
    return member.partition(" ")[0]


def _fields(flat: list[bytes]) -> dict[str, str]:
    return {flat[at].decode(): flat[at + 1].decode() for at in range(0, len(flat), 2)}
