"""What is to be reached, line by line: where each figure stands, and which value is good enough."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.figures import ROOT, Table
from bench.traffic import ENVELOPE_BODY_BYTES, NATIVE_BODY_BYTES

Value = Callable[[Table], float | None]
"""Looks a value up in a run; None when it was not measured."""


@dataclass(frozen=True)
class Goal:
    """One comparison.

    Attributes:
        line: What is measured.
        before: What 0.1.0 had, as an outsider measured it.
        wanted: The limit.
        unit: Of both.
        value: Looks the figure up.
        at_least: Whether more is better.
        decision: Number of the decision that says what was tried, and where the limit lies.
    """

    line: str
    before: str
    wanted: float
    unit: str
    value: Value
    at_least: bool = True
    decision: int = 0

    def row(self, runs: Sequence[Table]) -> str:
        """Its row of the table of goals: the value of each run, and whether it was reached in all of them."""
        sign = "≥" if self.at_least else "≤"
        values = [self.value(run) for run in runs]
        shown = [f"{value:,.3g}{self.unit}" if value is not None else "not measured" for value in values]
        wanted = f"{sign} {self.wanted:,g}{self.unit}"
        return f"| {' | '.join([self.line, self.before, wanted, *shown, self._verdict(values), self._link()])} |"

    def _link(self) -> str:
        (path,) = (ROOT / "docs/decisions").glob(f"{self.decision:04}-*.md")
        return f"[{self.decision}](decisions/{path.name})"

    def _verdict(self, values: Sequence[float | None]) -> str:
        measured = [value for value in values if value is not None]
        reached = sum(value >= self.wanted if self.at_least else value <= self.wanted for value in measured)
        if not measured:
            return ""
        return "yes" if reached == len(measured) else f"{reached} of {len(measured)}" if reached else "no"


def at_least(line: str, before: str, wanted: float, value: Value, unit: str = "", *, decision: int) -> Goal:
    """More is better."""
    return Goal(line, before, wanted, unit, value, decision=decision)


def at_most(line: str, before: str, wanted: float, value: Value, unit: str = "", *, decision: int) -> Goal:
    """Less is better."""
    return Goal(line, before, wanted, unit, value, at_least=False, decision=decision)


def _figure(section: str, contender: str, metric: str) -> Value:
    return lambda table: table.median(section, contender, metric)


def _ratio(section: str, contender: str, other: str, metric: str = "per second") -> Value:
    return lambda table: table.ratio(section, contender, other, metric)


def _least_of_both_orders(peer: str) -> Value:
    def value(table: Table) -> float | None:
        both = [table.ratio("work", f"ours, {order}", peer, "per second") for order in ("no order", "order per person")]
        found = [ratio for ratio in both if ratio is not None]
        return min(found) if found else None

    return value


def _first_of(section: str, contenders: Sequence[str], metric: str) -> Value:
    """Of the first of these that was measured: a machine of four cores has other contenders than one of two."""

    def value(table: Table) -> float | None:
        found = (table.median(section, contender, metric) for contender in contenders)
        return next((each for each in found if each is not None), None)

    return value


def _spread(kind: str, count: int) -> Value:
    """By how much the slowest drain of so many falls behind the fastest."""

    def value(table: Table) -> float | None:
        rates = table.medians("drain", "per second", lambda name: kind in name)
        return 1 - min(rates) / max(rates) if len(rates) == count else None

    return value


def _behind_retries(table: Table) -> float | None:
    """By how much it is slower with retries that wait."""
    rates = table.medians("drain", "per second", lambda name: "retries" in name)
    free = table.median("drain", "1 groups", "per second")
    return max(0.0, 1 - rates[0] / free) if rates and free else None


MEMORY, ALWAYS, WAITAOF = "ours, memory", "ours, fsync with always", "ours, fsync with WAITAOF"
ENVELOPE, EMAIL = f"envelope, {ENVELOPE_BODY_BYTES} B", f"native email, {NATIVE_BODY_BYTES} B"
IDLE_1, IDLE_8 = "ours, idle, 1 partitions", "ours, idle, 8 partitions"
COMPRESSED = "part, zstd"
E2E, EACH = "end to end", "a core each"
SLOW, FAST = ("ours at 500/s", f"ours at 500/s, {EACH}"), ("ours at 2000/s", f"ours at 2000/s, {EACH}")
ALONE = "uvicorn and Starlette alone"
"""A peer that does none of a receiver's work, by their documented way. Ours leaves out Starlette's router and answers
in one write (decisions 34 and 51), so it asks a little less of both."""

LIMITS: dict[str, Value] = {
    "receive, of bare uvicorn": _ratio("receive", ALONE, "bare uvicorn"),
    "receive, of Express": _ratio("receive", ALONE, "Express and ioredis"),
}
"""By line: what such a peer reaches in the same run."""

GOALS = (
    at_least(
        "receive, memory, of bare uvicorn", "0.2-0.3", 0.45, _ratio("receive", MEMORY, "bare uvicorn"), decision=57
    ),
    at_least("receive, memory, of Express", "1.2-2", 3, _ratio("receive", MEMORY, "Express and ioredis"), decision=57),
    at_least("receive, `always`, of memory", "1.1", 0.85, _ratio("receive", ALWAYS, MEMORY), decision=34),
    at_most("receive, `always`, p99 at full speed", "", 25, _figure("receive", ALWAYS, "p99 ms"), " ms", decision=34),
    at_most(
        "receive, WAITAOF, p99 at 2,000/s",
        "191 ms at 333/s",
        120,
        _figure("receive", WAITAOF, "p99 ms at 2,000/s"),
        " ms",
        decision=57,
    ),
    at_least(
        "receive, WAITAOF, answered of 2,000/s",
        "333/s",
        1900,
        _figure("receive", WAITAOF, "per second at 2,000/s"),
        "/s",
        decision=3,
    ),
    at_least("work, the slower order, of BullMQ", "0.8", 1.8, _least_of_both_orders("BullMQ"), decision=57),
    at_least("work, the slower order, of Dramatiq", "4.5", 8, _least_of_both_orders("Dramatiq"), decision=57),
    at_least("one lane", "490-780/s", 2500, _figure("work", "ours, one lane", "per second"), "/s", decision=52),
    at_most("idle worker, calls a second and partition", "3.5", 2, _figure("work", IDLE_1, "calls"), decision=56),
    at_most("the same, of 8 partitions", "3.4", 2, _figure("work", IDLE_8, "calls"), decision=56),
    at_most("idle worker, commands, those in scripts too", "19", 2, _figure("work", IDLE_1, "commands"), decision=57),
    at_most("the same, of 8 partitions", "19", 2, _figure("work", IDLE_8, "commands"), decision=57),
    at_least(
        "20 ms handlers, of the ideal", "0.82", 0.9, _figure("work", "ours, 20 ms handlers", "of ideal"), decision=57
    ),
    at_most("end to end, p99 at 500/s", "11 ms", 5, _first_of(E2E, SLOW, "p99 ms"), " ms", decision=57),
    at_most("end to end, p99 at 2,000/s, a core each", "", 15, _figure(E2E, FAST[1], "p99 ms"), " ms", decision=57),
    at_most(
        "end to end, p99 at 2,000/s, two cores for all", "", 15, _figure(E2E, FAST[0], "p99 ms"), " ms", decision=56
    ),
    at_most(
        "Python CPU of an event at 500/s", "1,900 µs", 500, _first_of(E2E, SLOW, "python cpu us"), " µs", decision=57
    ),
    at_most("Redis CPU of an event at 2,000/s", "50 µs", 25, _first_of(E2E, FAST, "redis cpu us"), " µs", decision=57),
    at_most(
        "Redis beside a body of 450 B",
        "456 B",
        150,
        _figure("growth", ENVELOPE, "bytes beside the body"),
        " B",
        decision=42,
    ),
    at_most(
        "a body of 450 B itself, compressed",
        "1",
        0.5,
        _figure("growth", "bodies, envelope", COMPRESSED),
        decision=57,
    ),
    at_most(
        "the same, of the documented email",
        "1",
        0.5,
        _figure("growth", "bodies, native email", COMPRESSED),
        decision=39,
    ),
    at_most("Redis of a native email", "5,800 B", 1200, _figure("growth", EMAIL, "bytes stored"), " B", decision=57),
    at_most("record kept", "152 B", 40, _figure("growth", ENVELOPE, "bytes kept after history"), " B", decision=42),
    at_most(
        "drain, 30 k (for 10 k), 1 M, 5 M behind: slowest behind fastest", "", 0.15, _spread("behind", 3), decision=52
    ),
    at_most("drain, 1, 4, 8 groups: slowest behind fastest", "", 0.15, _spread("groups", 3), decision=52),
    at_most("drain, 200 k retries waiting: behind none", "", 0.15, _behind_retries, decision=52),
    at_most(
        "receiver ready after exec, CPU",
        "0.8-1.1 s",
        0.4,
        _figure("start-up", "ours, receiver", "cpu s"),
        " s",
        decision=43,
    ),
    at_most(
        "worker ready after exec, CPU",
        "0.8-1.1 s",
        0.4,
        _figure("start-up", "ours, worker", "cpu s"),
        " s",
        decision=43,
    ),
)
