"""What limits a group, purely: how many of its attempts run at once, and how many begin in a span of time.

A rate is a bucket of permits: it holds ``burst`` of them at the most, is refilled evenly with ``count`` of them in
``period_seconds``, and each attempt that begins takes one. So in any span of time no more begin than the burst and what
the rate brings in it. Decision 98.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType

from salesloft_webhooks.errors import ConfigurationError

MOST_RUNNING, MOST_BURST = 100_000, 100_000
MOST_PER_SECOND = 10_000
BURST_SECONDS = 0.1
"""Where nobody says how many may begin at once: what the rate brings in that time. Else each would cost a call."""
_PERIODS = {"s": 1, "min": 60, "h": 3600}
_RATE = re.compile(r"(?P<count>\d{1,9})\s*/\s*(?P<unit>s|min|h)(?:\s+burst\s+(?P<burst>\d{1,9}))?", re.ASCII)
RATE_RULE = "a rate is such as `10/s`, `100/min`, `5000/h` or `100/min burst 20`"
NOTHING_SAID, NO_LIMIT = "-", "none"

ValueT = TypeVar("ValueT")


class Rate(Struct, frozen=True):
    """How many attempts may begin.

    Attributes:
        count: So many, evenly,
        period_seconds: in so long: 1, 60 or 3600.
        burst: So many at once, after none has begun for a while.
    """

    count: int
    period_seconds: int
    burst: int

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """From its text: ``100/min``, ``10/s burst 20``.

        Raises:
            ConfigurationError: it is none.
        """
        if (found := _RATE.fullmatch(text.strip())) is None:
            raise ConfigurationError(f"{text[:60]!a} is no rate: {RATE_RULE}")
        count, period = int(found["count"]), _PERIODS[found["unit"]]
        return cls(count, period, int(found["burst"] or default_burst(count, period)))

    def __post_init__(self) -> None:
        if not 0 < self.count <= MOST_PER_SECOND * self.period_seconds or not 0 < self.burst <= MOST_BURST:
            raise ConfigurationError(
                f"a rate is from 1 an hour to {MOST_PER_SECOND:,} a second, with a burst of 1 to {MOST_BURST:,}"
            )

    @property
    def text(self) -> str:
        """As `parse` reads it."""
        unit = next(unit for unit, seconds in _PERIODS.items() if seconds == self.period_seconds)
        usual = self.burst == default_burst(self.count, self.period_seconds)
        return f"{self.count}/{unit}" + ("" if usual else f" burst {self.burst}")


class Limits(Struct, frozen=True):
    """What limits a group.

    Attributes:
        max_running: Attempts that run at once, in all of its workers; None: any number.
        rate: How many begin; None: any number.
    """

    max_running: int | None = None
    rate: Rate | None = None

    def __bool__(self) -> bool:
        return self.max_running is not None or self.rate is not None

    @property
    def text(self) -> str:
        """For people: ``10 at once, 100/min``; empty: nothing limits it."""
        at_once = [] if self.max_running is None else [f"{self.max_running} at once"]
        return ", ".join([*at_once, *([] if self.rate is None else [self.rate.text])])

    @classmethod
    def strictest(cls, several: Iterable["Limits"]) -> "Limits":
        """What keeps all of them."""
        all_of_them = list(several)
        running = [each.max_running for each in all_of_them if each.max_running is not None]
        rates = [each.rate for each in all_of_them if each.rate is not None]
        slowest = min(rates, key=lambda rate: rate.count / rate.period_seconds, default=None)
        if slowest is not None:
            slowest = Rate(slowest.count, slowest.period_seconds, min(rate.burst for rate in rates))
        return cls(min(running, default=None), slowest)


NO_LIMITS = Limits()
SOURCES: Mapping[str, str] = {"hand": "by hand", "declared": "by ConsumerGroup ", "author": "by its authors"}
"""Who may limit a group, in the order in which they are believed; and how people are told."""


class SaidLimits(Struct, frozen=True):
    """What somebody says of a group's limits.

    Attributes:
        max_running: As in `Limits`; ``UNSET``: nothing is said of it, so others decide.
        rate: Likewise.
        by: Who says it, for people; may be empty.
    """

    max_running: int | UnsetType | None = UNSET
    rate: Rate | UnsetType | None = UNSET
    by: str = ""

    @property
    def words(self) -> str:
        """As the store has it; empty: nothing is said at all."""
        if self.max_running is UNSET and self.rate is UNSET:
            return ""
        return f"{_word(self.max_running)} {_word(self.rate)}"

    @property
    def whole_words(self) -> str:
        """The same, with who says it behind them."""
        return f"{self.words} {self.by}" if self.words and self.by else self.words

    @classmethod
    def of(cls, limits: Limits) -> "SaidLimits":
        """What authors say: nothing of what they do not limit."""
        return cls(
            UNSET if limits.max_running is None else limits.max_running, UNSET if limits.rate is None else limits.rate
        )

    @classmethod
    def parse(cls, max_running: str, rate: str) -> "SaidLimits":
        """From what somebody has typed: a number and a rate, ``none`` for no limit, or nothing: nothing is said.

        Raises:
            ConfigurationError: it is none of these.
        """
        running: int | UnsetType | None = UNSET
        if max_running:
            digits = max_running.isascii() and max_running.isdigit() and len(max_running) <= 9
            running = None if max_running == NO_LIMIT else checked_running(int(max_running) if digits else max_running)
        return cls(running, UNSET if not rate else None if rate == NO_LIMIT else Rate.parse(rate))

    @classmethod
    def read(cls, words: str) -> "SaidLimits":
        """From the store's words, with who says it behind them; what cannot be read says nothing."""
        running, _, rest = words.partition(" ")
        rate, _, by = rest.partition(" ")
        return cls(_read_word(running, _count_in), _read_word(rate, _rate_in), by)

    @property
    def text(self) -> str:
        """For people: ``10 at once, no rate``; empty: nothing is said."""
        said = [] if self.max_running is UNSET else [_running_text(self.max_running)]
        said += [] if self.rate is UNSET else ["no rate" if self.rate is None else self.rate.text]
        return ", ".join(said)


class LimitsInForce(Struct, frozen=True):
    """What holds, as a partition's clock has it.

    Attributes:
        stored: As it stands there; empty: nothing was ever limited.
        limits: What that says.
        said: What each of `SOURCES` says, of those that have ever said something.
    """

    stored: str = ""
    limits: Limits = NO_LIMITS
    said: Mapping[str, SaidLimits] = {}

    @classmethod
    def read(cls, stored: str) -> "LimitsInForce":
        """From there; what cannot be read limits nothing."""
        in_force, *sources = stored.partition(" ")[2].split("|")
        found = SaidLimits.read(in_force)
        said = {source: SaidLimits.read(words) for source, words in zip(SOURCES, sources, strict=False) if words}
        return cls(stored, Limits(found.max_running or None, found.rate or None), said)

    @property
    def number(self) -> int:
        """The greater is newer."""
        number = self.stored.partition(" ")[0]
        return int(number) if number.isdecimal() else 0


def typed(value: int | Rate | UnsetType | None) -> str:
    """What is said of a limit, as `SaidLimits.parse` takes it."""
    if value is UNSET:
        return ""
    return NO_LIMIT if value is None else value.text if isinstance(value, Rate) else str(value)


def default_burst(count: int, period_seconds: int) -> int:
    """What a rate brings in `BURST_SECONDS`, at least one."""
    return max(1, min(MOST_BURST, math.floor(count / period_seconds * BURST_SECONDS)))


def checked_running(number: object) -> int | None:
    """How many may run at once, or the mistake.

    Raises:
        ConfigurationError: it is no such number.
    """
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number <= MOST_RUNNING:
        raise ConfigurationError(f"max_running is a whole number from 1 to {MOST_RUNNING:,}; to stop a group, pause it")
    return number


def _running_text(number: int | None) -> str:
    return "any number at once" if number is None else f"{number} at once"


def _word(value: int | Rate | UnsetType | None) -> str:
    if value is UNSET:
        return NOTHING_SAID
    if isinstance(value, Rate):
        return f"{value.count}/{value.period_seconds * 1000}/{value.burst}"
    return NO_LIMIT if value is None else str(value)


def _read_word(word: str, read: Callable[[str], ValueT]) -> ValueT | UnsetType | None:
    if word == NO_LIMIT:
        return None
    try:
        return UNSET if word in ("", NOTHING_SAID) else read(word)
    except (ValueError, ConfigurationError):
        return UNSET


def _count_in(word: str) -> int:
    if (count := int(word)) < 1:
        raise ValueError("a limit of nothing")
    return count


def _rate_in(word: str) -> Rate:
    count, period_ms, burst = map(int, word.split("/"))
    return Rate(count, period_ms // 1000, burst)
