"""`make attack`: attacks a receiver for minutes, and writes what came of it into docs/security.md.

Where Go is installed, what is stored is compared with what its net/http reads as well.
"""

import json
import random
import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.machine import processor

from tests.fuzz.http.attack import LIMITS, Attacked, attack, problems
from tests.fuzz.http.differences import READ
from tests.fuzz.http.net_http import bodies_in
from tests.support.looking_client import named
from tests.support.receiver_process import ReceiverProcess
from tests.support.rules_and_dashboards import ROOT
from tests.support.servers import Server, engines

PAGE = ROOT / "docs/security.md"
BEGIN, END = "<!-- figures: make attack -->", "<!-- end of figures -->"
MB = 1_000_000


def main() -> int:
    """Print and write the figures; 1 when something is stored that is not read, or not stored that was acknowledged."""
    parser = ArgumentParser(prog="python -m tests.fuzz.http")
    parser.add_argument("--streams", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    chosen = parser.parse_args()
    with TemporaryDirectory() as folder:
        server = Server(engines()["valkey"], Path(folder)).start()
        try:
            with ReceiverProcess(server.url, LIMITS) as receiver:
                found = attack(receiver, chosen.streams, chosen.seed)
                errors = receiver.metric("salesloft_webhooks_deliveries_total", outcome="error")
            with server.client() as store:
                ids = [named(fields)["id"] for _, fields in store.xrange("sl:{0}:events")]
        finally:
            server.stop(kill=True)
    wrong = problems(found.streams, ids)
    lost = set(found.acknowledged) - set(ids)
    said = figures(found, ids, len(lost), chosen.seed)
    print(said, *wrong.items(), sep="\n")  # noqa: T201
    bad = bool(wrong or lost or errors or set(found.statuses) & set(range(500, 600)))
    if not bad:
        before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{said}\n{END}{rest.partition(END)[2]}", "utf-8")
    return int(bad)


def figures(found: Attacked, ids: list[str], lost: int, seed: int) -> str:
    """The figures as a table."""
    statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(found.statuses.items()))
    events = sum(not each.startswith("traffic-") for each in ids)
    size = sum(map(len, found.streams.values())) / MB
    held = [f"{each.memory / MB:.0f} MB, {each.files} descriptors" for each in (found.before, found.most, found.after)]
    rows = {
        "when and where": f"{datetime.now(UTC).date()}, {processor()}, load average {found.load:.0f}; seed {seed}",
        "streams": f"{len(found.streams):,} of {size:.0f} MB, {found.seconds_taken:.0f} s",
        "answers": statuses,
        "stored of them": f"{events:,} events, as h11 reads them{second_opinion(found, ids)}",
        "signed traffic": f"{len(found.acknowledged):,} acknowledged, {lost} lost",
        "half, 99 %, all of its answers within, before": within(found.seconds_before),
        "the same beside the attack": within(found.seconds_beside),
        "the receiver before, at the most, after": "; ".join(held),
    }
    return "| | |\n|---|---|\n" + "".join(f"| {name} | {found} |\n" for name, found in rows.items())


def within(seconds: list[float]) -> str:
    """Median, 99th percentile and greatest."""
    ranks = (len(seconds) // 2, len(seconds) * 99 // 100, -1)
    return ", ".join(f"{sorted(seconds)[rank] * 1_000:.1f} ms" for rank in ranks)


def second_opinion(found: Attacked, ids: list[str]) -> str:
    """What Go says of what was stored, in words; nothing without Go."""
    read = bodies_in(list(found.streams.values()))
    if read is None:
        return ""
    events = {_id_of(body) for bodies in read for body in bodies}
    missed = [each for each in ids if not each.startswith("traffic-") and each not in events]
    unexplained = [
        each for each in missed if not any(row.shows(found.streams[each.rpartition("-")[0]]) for row in READ)
    ]
    return f"; Go's net/http reads all but {len(missed)}, {', '.join(unexplained) or 'which are in the list'}"


def _id_of(body: str) -> str:
    try:
        return str(json.loads(body)["event_id"])
    except (ValueError, KeyError, TypeError):
        return ""


if __name__ == "__main__":
    sys.exit(main())
