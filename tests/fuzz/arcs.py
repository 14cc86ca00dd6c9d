"""Which lines follow each other while something runs: what tells the search that an input did something new."""

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

_LINES_PER_CODE = 1 << 20
_BUCKETS = (1, 2, 3, 4, 8, 16, 32, 128)
"""How often an arc was run, as classes: a loop that runs once more is new a few times only."""


class Arcs:
    """Watches the functions of some modules; one at a time in a process.

    Args:
        modules: Beginnings of the names of modules whose lines are watched.
    """

    def __init__(self, modules: tuple[str, ...]) -> None:
        self._modules = modules
        self._numbers: dict[CodeType, int] = {}
        self._counts: dict[tuple[int, int], int] = {}
        self._last = 0

    def of(self, call: Callable[[bytes], None], data: bytes) -> frozenset[tuple[int, int, int]]:
        """The arcs, each with the class of how often it was run, of ``call(data)``, whose error passes through."""
        self._counts, self._last = {}, 0
        before = sys.gettrace()
        sys.settrace(self._entered)
        try:
            call(data)
        finally:
            sys.settrace(before)
            self.seen = frozenset((*arc, _bucket(count)) for arc, count in self._counts.items())
        return self.seen

    def _entered(self, frame: FrameType, _event: str, _argument: object) -> Callable[..., Any] | None:
        code = frame.f_code
        number = self._numbers.get(code)
        if number is None:
            name = str(frame.f_globals.get("__name__", ""))
            number = len(self._numbers) + 1 if name.startswith(self._modules) else 0
            self._numbers[code] = number
        if not number:
            return None
        base, counts = number * _LINES_PER_CODE, self._counts

        def ran(frame: FrameType, _event: str, _argument: object) -> Callable[..., Any]:
            line = base + frame.f_lineno
            arc = (self._last, line)
            counts[arc] = counts.get(arc, 0) + 1
            self._last = line
            return ran

        return ran


def _bucket(count: int) -> int:
    return next((bucket for bucket in reversed(_BUCKETS) if count >= bucket), 0)
