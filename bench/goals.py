"""What is to be reached, line by line: where each figure stands, and which value is good enough."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.figures import Table


@dataclass(frozen=True)
class Goal:
    """One comparison.

    Attributes:
        line: What is measured.
        before: What 0.1.0 had, as an outsider measured it.
        wanted: The limit.
        unit: Of both.
        value: Looks the figure up; None when it was not measured.
        at_least: Whether more is better.
    """

    line: str
    before: str
    wanted: float
    unit: str
    value: Callable[[Table], float | None]
    at_least: bool = True

    def row(self, table: Table) -> str:
        """Its row of the table of goals."""
        sign = "≥" if self.at_least else "≤"
        wanted = f"{sign} {self.wanted:,g}{self.unit}"
        value = self.value(table)
        if value is None:
            return f"| {self.line} | {self.before} | {wanted} | not measured | |"
        reached = value >= self.wanted if self.at_least else value <= self.wanted
        return f"| {self.line} | {self.before} | {wanted} | {value:,.3g}{self.unit} | {'yes' if reached else 'no'} |"


def _figure(section: str, contender: str, metric: str) -> Callable[[Table], float | None]:
    return lambda table: table.median(section, contender, metric)


def _ratio(section: str, contender: str, other: str, metric: str = "per second") -> Callable[[Table], float | None]:
    return lambda table: table.ratio(section, contender, other, metric)


def _least_of_both_orders(peer: str) -> Callable[[Table], float | None]:
    def value(table: Table) -> float | None:
        both = [table.ratio("work", f"ours, {order}", peer, "per second") for order in ("no order", "order per person")]
        found = [ratio for ratio in both if ratio is not None]
        return min(found) if found else None

    return value


def _drain_spread(table: Table) -> float | None:
    """By how much the slowest drain falls behind the fastest."""
    rates = [each.median for (section, _, metric), each in table.by_key.items() if (section, metric) == DRAIN]
    return 1 - min(rates) / max(rates) if rates else None


DRAIN = ("drain", "per second")
MEMORY, ALWAYS, WAITAOF = "ours, memory", "ours, fsync with always", "ours, fsync with WAITAOF"
ENVELOPE, EMAIL = "envelope, 450 B", "native email, 1150 B"
BESIDE = "bytes beside the body"
E2E, SLOW, FAST = "end to end", "ours at 500/s", "ours at 2000/s"

GOALS = (
    Goal("receive, memory, of bare uvicorn", "0.2-0.3", 0.45, "", _ratio("receive", MEMORY, "bare uvicorn")),
    Goal("receive, memory, of Express", "1.2-2", 3, "", _ratio("receive", MEMORY, "Express and ioredis")),
    Goal("receive, `always`, of memory", "1.1", 0.85, "", _ratio("receive", ALWAYS, MEMORY)),
    Goal("receive, `always`, p99", "", 25, " ms", _figure("receive", ALWAYS, "p99 ms"), at_least=False),
    Goal(
        "receive, WAITAOF, p99 at 2,000/s",
        "191 ms at 333/s",
        120,
        " ms",
        _figure("receive", WAITAOF, "p99 ms at 2,000/s"),
        at_least=False,
    ),
    Goal("work, the slower order, of BullMQ", "0.8", 1.8, "", _least_of_both_orders("BullMQ")),
    Goal("work, the slower order, of Dramatiq", "4.5", 8, "", _least_of_both_orders("Dramatiq")),
    Goal("one lane", "490-780/s", 2500, "/s", _figure("work", "ours, one lane", "per second")),
    Goal(
        "idle worker, commands a second and partition",
        "19",
        2,
        "",
        _figure("work", "ours, idle, 1 partitions", "commands"),
        at_least=False,
    ),
    Goal("20 ms handlers, of the ideal", "0.82", 0.9, "", _figure("work", "ours, 20 ms handlers", "of ideal")),
    Goal("end to end, p99 at 500/s", "11 ms", 5, " ms", _figure(E2E, SLOW, "p99 ms"), at_least=False),
    Goal("end to end, p99 at 2,000/s", "", 15, " ms", _figure(E2E, FAST, "p99 ms"), at_least=False),
    Goal(
        "Python CPU of an event at 500/s", "1,900 µs", 500, " µs", _figure(E2E, SLOW, "python cpu us"), at_least=False
    ),
    Goal("Redis CPU of an event at 2,000/s", "50 µs", 25, " µs", _figure(E2E, FAST, "redis cpu us"), at_least=False),
    Goal("Redis beside a body of 450 B", "456 B", 150, " B", _figure("growth", ENVELOPE, BESIDE), at_least=False),
    Goal("Redis of a native email", "5,800 B", 1200, " B", _figure("growth", EMAIL, "bytes stored"), at_least=False),
    Goal("record kept", "152 B", 40, " B", _figure("growth", ENVELOPE, "bytes kept after history"), at_least=False),
    Goal("drain, slowest behind fastest", "", 0.15, "", _drain_spread, at_least=False),
    Goal("receiver ready, CPU", "0.8-1.1 s", 0.4, " s", _figure("start-up", "ours, receiver", "cpu s"), at_least=False),
    Goal("worker ready, CPU", "0.8-1.1 s", 0.4, " s", _figure("start-up", "ours, worker", "cpu s"), at_least=False),
)
