"""Writes the figures of docs/scaling.json into docs/scaling.md: slopes, and what follows from them by multiplication.

python -m bench.scaling_page
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FIGURES, PAGE = Path("docs/scaling.json"), Path("docs/scaling.md")
BEGIN, END = "<!-- figures: make scaling -->", "<!-- end of figures -->"
GROUPS = 3
RATES = (1_000, 10_000, 50_000, 200_000)
BUSY = 0.6
"""Part of a core that a server may be busy before waits grow."""
SERVER_GB, NETWORK_MB, HISTORY_HOURS = 64, 125, 24
"""A server as one rents it: memory, network at 1 Gbit/s; and how long history stays by default."""


def with_figures(page: str, figures: dict[str, Any]) -> str:
    """The page with the tables as the figures make them."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    tables = [origin(figures), slopes(figures), limits(figures), rates(figures), idle(figures)]
    return f"{before}{BEGIN}\n\n" + "\n\n".join(tables) + f"\n\n{END}{after}"


def origin(figures: dict[str, Any]) -> str:
    """Where they come from."""
    return (
        f"Measured on {figures['date']}: {figures['processor']}, Python {figures['python']}, {figures['events']:,} "
        "events a run; CPU time of processes and servers, not time on the clock."
    )


def slopes(figures: dict[str, Any]) -> str:
    """What one event costs."""
    rows = [
        ("receive, 1 partition", figures["receive"]["1"]),
        ("receive, 16 partitions", figures["receive"]["16"]),
        ("receive, 16 partitions, in the week after a raise", figures["receive"]["16 after a raise"]),
        *(
            (
                f"handle in one group, {order}, {count} partition{'s' * (count > 1)}",
                _handling(figures, f"{name} {count}"),
            )
            for name, order in (("none", "no order"), ("entity", "ordered"))
            for count in (1, 16)
        ),
        ("store, cluster of 3, 16 partitions, without HTTP", figures["cluster"]["storing"]),
        ("handle in one of 8 groups, ordered, the same cluster", figures["cluster"]["handling"]),
    ]
    return _table(
        ("an event", "our CPU, us", "Redis CPU, us", "commands", "bytes to Redis", "bytes from Redis"),
        [
            (
                what,
                f"{row['process_us']:.0f}" if row["process_us"] else "-",
                f"{row['server_us']:.0f}",
                f"{row['commands']:.1f}",
                f"{row['received_bytes']:.0f}",
                f"{row['sent_bytes']:.0f}",
            )
            for what, row in rows
        ],
    )


def limits(figures: dict[str, Any]) -> str:
    """At which rate one server has no more of something."""
    rows = []
    for count in (1, 16):
        found = _needs(figures, count)
        rows += [
            (f"CPU at {BUSY:.0%}, {count} partition{'s' * (count > 1)}", f"{BUSY / found['redis']:,.0f}/s"),
            (f"network, {NETWORK_MB} MB/s, {count} partition{'s' * (count > 1)}", f"{NETWORK_MB / found['mb']:,.0f}/s"),
        ]
    rows.append((f"memory, {SERVER_GB} GB, {HISTORY_HOURS} h of history", f"{_most_in_memory(figures):,.0f}/s"))
    return _table((f"of one server, {GROUPS} ordered groups", "is used up at"), rows)


def rates(figures: dict[str, Any]) -> str:
    """What each rate takes."""
    rows = []
    for rate in RATES:
        found = _needs(figures, 1 if BUSY / _needs(figures, 1)["redis"] >= rate else 16)
        gigabytes = rate * figures["memory"]["bytes"] * 3600 / 1e9
        rows.append(
            (
                f"{rate:,}",
                f"{rate * found['receive']:.1f}",
                f"{rate * found['handle']:.1f}",
                f"{rate * found['redis']:.1f}",
                f"{-(-rate * found['redis'] // BUSY):.0f}",
                f"{rate * found['mb']:,.0f}",
                f"{gigabytes:,.0f}",
                _fails_by(figures, rate),
            )
        )
    names = ("events/s", "cores of receivers", "cores of workers", "cores of Redis")
    return _table(
        (*names, f"primaries at {BUSY:.0%}", "MB/s out of Redis", "GB an hour of history", "one server fails by"), rows
    )


def idle(figures: dict[str, Any]) -> str:
    """What waiting costs."""
    rows = []
    for name, row in figures["idle"].items():
        partitions, workers = name.split()
        rows.append(
            (
                partitions,
                workers,
                *(f"{row[key]:,.1f}" for key in ("worker_percent", "server_percent", "commands_a_second")),
            )
        )
    return _table(("partitions", "workers", "% of a core, each worker", "% of a core, Redis", "commands/s"), rows)


def _most_in_memory(figures: dict[str, Any]) -> float:
    """Events a second whose history a server can keep."""
    return float(SERVER_GB / (figures["memory"]["bytes"] * 3600 * HISTORY_HOURS / 1e9))


def _fails_by(figures: dict[str, Any], rate: int) -> str:
    """What one server runs out of at that rate, the first first."""
    needs = _needs(figures, 1)
    most = {"memory": _most_in_memory(figures), "CPU": BUSY / needs["redis"], "network": NETWORK_MB / needs["mb"]}
    return ", ".join(what for what, limit in sorted(most.items(), key=lambda each: each[1]) if limit < rate) or "-"


def _handling(figures: dict[str, Any], name: str) -> dict[str, float]:
    row: dict[str, float] = figures["handle"][name]["handling"]
    return row


def _needs(figures: dict[str, Any], partitions: int) -> dict[str, float]:
    """Cores and MB of one event a second, in `GROUPS` ordered groups."""
    received, handled = figures["receive"][str(partitions)], _handling(figures, f"entity {partitions}")
    return {
        "receive": received["process_us"] / 1e6,
        "handle": GROUPS * handled["process_us"] / 1e6,
        "redis": (received["server_us"] + GROUPS * handled["server_us"]) / 1e6,
        "mb": (received["sent_bytes"] + GROUPS * handled["sent_bytes"]) / 1e6,
    }


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---", *("---:" for _ in head[1:])), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(with_figures(PAGE.read_text("utf-8"), json.loads(FIGURES.read_text("utf-8"))), "utf-8")
