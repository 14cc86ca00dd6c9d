"""The search for faults of one target."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from types import CodeType, FunctionType, ModuleType

from tests.fuzz.arcs import Arcs
from tests.fuzz.bounds import SECONDS, check_memory, check_time, ending
from tests.fuzz.mutation import Mutation

_TRACING_FACTOR = 10
"""How much longer a call takes while it is watched; what is slower than that is measured without."""
_SHRINKING_SECONDS = 1.0
_LONGEST_WORD = 40
Check = Callable[[bytes], None]
Features = frozenset[tuple[int, int, int]]


@dataclass(frozen=True)
class Target:
    """What is fuzzed.

    Attributes:
        check: Called with each input; whatever it raises is a fault.
        modules: Beginnings of the names of the modules whose lines guide the search.
        tokens: Words that mean something to it.
        longest_bytes: Of an input.
    """

    check: Check
    modules: tuple[str, ...]
    tokens: Sequence[bytes] = ()
    longest_bytes: int = 50_000


@dataclass
class Found:
    """How a search has ended.

    Attributes:
        inputs: How many were run.
        kept: Those that did something new, in the order they were found.
        fault: An input that a fault was found with, as small as it became.
        problem: What it was.
    """

    inputs: int = 0
    kept: dict[bytes, Features] = field(default_factory=dict)
    fault: bytes | None = None
    problem: BaseException | None = None


class Search:
    """A search that goes on from a corpus.

    Args:
        target: Of what.
        seed: Of the chance: the same finds the same, as long as it is given the same time.
    """

    def __init__(self, target: Target, seed: int) -> None:
        self._target = target
        self._arcs = Arcs(target.modules)
        self._chance = random.Random(seed)
        self._mutation = Mutation(self._chance, target.tokens, target.longest_bytes)
        self._seen: set[tuple[int, int, int]] = set()
        self.found = Found()

    def run(self, corpus: Iterable[bytes], seconds: float, most_inputs: int = 1 << 62) -> Found:
        """Search for so long, for so many inputs, or until there is a fault."""
        until = time.monotonic() + seconds
        for data in chain((b"",), corpus, self._relatives()):
            self.found.inputs += 1
            if not self._passes(data) or time.monotonic() > until or self.found.inputs >= most_inputs:
                break
        return self.found

    def _relatives(self) -> Iterator[bytes]:
        while True:
            kept = list(self.found.kept) or [b""]
            # What was found last leads on: half of the inputs are made from the last eighth.
            start = len(kept) - len(kept) // 8 - 1 if self._chance.random() < 0.5 else 0
            base = kept[self._chance.randrange(start, len(kept))]
            for _ in range(20):
                yield self._mutation.of(base, self._chance.choice(kept))

    def _passes(self, data: bytes) -> bool:
        problem = self._problem(data, watched=True)
        if problem is None and (new := self._arcs.seen - self._seen):
            data = self._shrunk(
                data, lambda shorter: self._problem(shorter, watched=True) is None and new <= self._arcs.seen
            )
            problem = self._problem(data, watched=True) or self._problem(data, bound=check_memory)
            self._seen |= self._arcs.seen
            self.found.kept[data] = self._arcs.seen
        if problem is not None:
            self.found.fault = self._shrunk(data, lambda shorter: type(self._problem(shorter)) is type(problem))
            self.found.problem = self._problem(self.found.fault) or problem
        return problem is None

    def _problem(
        self, data: bytes, *, watched: bool = False, bound: Callable[[Check, bytes], None] = check_time
    ) -> BaseException | None:
        """What an input ends with that it should not; while it is watched, its time is measured only if it is long."""
        began = time.process_time()
        try:
            with ending():
                if watched:
                    self._arcs.of(self._target.check, data)
                if not watched or time.process_time() - began > SECONDS * _TRACING_FACTOR:
                    bound(self._target.check, data)
        except KeyboardInterrupt:
            raise
        except BaseException as exc:  # noqa: BLE001 - whatever it is, it is what is looked for
            return exc
        return None

    @staticmethod
    def _shrunk(data: bytes, same: Callable[[bytes], bool]) -> bytes:
        """A shorter input for which ``same`` still holds, as far as taking pieces out leads, halves first."""
        size, until = len(data) // 2, time.monotonic() + _SHRINKING_SECONDS
        while size:
            start = 0
            while start < len(data):
                if time.monotonic() > until:
                    return data
                shorter = data[:start] + data[start + size :]
                if same(shorter):
                    data = shorter
                else:
                    start += size
            size //= 2
        return data


def smallest(kept: dict[bytes, Features]) -> list[bytes]:
    """Of inputs those that together run every arc, the shorter ones first, whatever how often they run it."""
    chosen, seen = [], set[tuple[int, int]]()
    for data in sorted(kept, key=lambda each: (len(each), each)):
        arcs = {(before, after) for before, after, _ in kept[data]}
        if arcs - seen:
            seen |= arcs
            chosen.append(data)
    return chosen


def words_in(module: ModuleType) -> list[bytes]:
    """The short texts that stand in a module's code and in what it defines."""
    words: set[str] = set()
    waiting = [value.__code__ for value in vars(module).values() if isinstance(value, FunctionType)]
    while waiting:
        constants = waiting.pop().co_consts
        waiting += [each for each in constants if isinstance(each, CodeType)]
        words |= {each for each in constants if isinstance(each, str)}
    for value in vars(module).values():
        if isinstance(value, dict | tuple | list | frozenset):
            words |= {each for each in value if isinstance(each, str)}
    return sorted(word.encode() for word in words if 0 < len(word) < _LONGEST_WORD and word.isprintable())
