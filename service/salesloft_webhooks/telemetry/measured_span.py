"""What the spans of deliveries and attempts share: both are timed, traced, and end in exactly one outcome."""

import time
from abc import ABC, abstractmethod
from enum import StrEnum
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

Outcome = TypeVar("Outcome", bound=StrEnum)
EndedAs_contra = TypeVar("EndedAs_contra", bound=StrEnum, contravariant=True)


class Trace(Protocol[EndedAs_contra]):
    """A span's trace, or what stands for it while tracing is off."""

    def start(self) -> None:
        """Begin it."""

    def end(self, outcome: EndedAs_contra, error: BaseException | None) -> None:
        """End it."""


class MeasuredSpan(ABC, Generic[Outcome]):
    """Times what is inside ``with`` and reports how it ended, to metrics, log and trace."""

    __slots__ = ("_started", "_trace")

    def __init__(self, trace: Trace[Outcome]) -> None:
        self._trace = trace
        self._started = 0.0

    def __enter__(self) -> Self:
        self._started = time.perf_counter()
        self._trace.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._trace.end(self._ended(error, time.perf_counter() - self._started), error)

    @property
    def age_seconds(self) -> float:
        """How long ago it began."""
        return time.perf_counter() - self._started

    @abstractmethod
    def _ended(self, error: BaseException | None, seconds: float) -> Outcome:
        """Count how it ended and how long it took; the outcome."""
