"""The page of the benchmarks, its pictures and README's lines are those of the runs that were kept."""

from bench import report
from bench.__main__ import SECTIONS
from bench.figures import ROOT, Figure, Results, SectionRun, load_runs
from bench.goals import ALONE
from bench.sections import receive

MINUTES_20 = 1200


def a_run(deliveries: float, p99: float, foreign: float = 0.01) -> Results:
    """Of a machine on which bare uvicorn answers 1,000 a second."""
    figures = [
        Figure("receive", "ours, memory", "per second", [deliveries], foreign),
        Figure("receive", "bare uvicorn", "per second", [1000.0]),
        Figure("receive", "ours, fsync with always", "p99 ms", [p99, p99 + 1, p99 + 2]),
    ]
    where = ("2026-03-07 04:26", "0123456", "A processor, 2 cores", "CPython 3.11.7")
    return {"receive": SectionRun(*where, 60.0, figures, {"Express": "it did not start"}, ["a remark"])}


def test_what_is_shown_is_what_was_measured() -> None:
    """Written anew from docs/benchmarks.json every file is as it is."""
    for path, text in report.written(load_runs()).items():
        assert (ROOT / path).read_text("utf-8") == text, path


def test_shows_both_runs_and_whether_each_reached_its_goal() -> None:
    """A goal is reached in both runs, in one of them, in none, or was not measured; never is a figure invented."""
    page = report.written([a_run(500, 20), a_run(400, 30, foreign=0.2)])[report.PAGE]

    assert "| receive, memory, of bare uvicorn | 0.2-0.3 | ≥ 0.45 | 0.5 | 0.4 | 1 of 2 | [57](decisions/" in page
    assert "| receive, `always`, p99 at full speed |  | ≤ 25 ms | 21 ms | 31 ms | 1 of 2 | [34](decisions/" in page
    assert "| one lane | 490-780/s | ≥ 2,500/s | not measured | not measured |  | [52](decisions/" in page


def test_says_on_which_machine_and_how_busy_it_was() -> None:
    """Date, processor, interpreter and commit; what others had where that was much; who could not be measured."""
    page = report.written([a_run(500, 20), a_run(400, 30, foreign=0.2)])[report.PAGE]

    assert "Run 1: 2026-03-07 04:26, A processor, 2 cores, CPython 3.11.7, commit `0123456`; 60 s; a remark." in page
    assert "Run 2: 2026-03-07 04:26, A processor, 2 cores, others had up to 20% of it, CPython 3.11.7" in page
    assert "| ours, memory | per second | 500 | 400, busy: others had 20% |" in page
    assert "Not measured: Express: it did not start" in page


def test_shows_what_remains_without_work_of_ours() -> None:
    """The peer that does nothing but answer has a bar, and its ratios stand below the goals as limits of that run."""
    run = a_run(400, 30)
    run["receive"].figures.append(Figure("receive", ALONE, "per second", [550.0]))
    run["receive"].figures.append(Figure("receive", "Express and ioredis", "per second", [125.0]))

    files = report.written([a_run(500, 20), run])

    limits = "| receive, of bare uvicorn | not measured | 0.55 |\n| receive, of Express | not measured | 4.4 |\n"
    assert f"| line | run 1 | run 2 |\n|---|---|---|\n{limits}" in files[report.PAGE]
    assert f"| {ALONE} | per second | not measured | 550 |" in files[report.PAGE]
    assert f">{ALONE}</text>" in files[report.PICTURES / "receive.svg"]


def test_shows_no_limit_that_nobody_has_measured() -> None:
    """A run from before there was this peer has no table of limits."""
    assert "Limits, of" not in report.written([a_run(500, 20)])[report.PAGE]


def test_says_how_every_peer_of_the_receiver_is_set() -> None:
    """The page's table of peers has a row for each that `receive` measures."""
    peers = [name for name in receive.contenders() if not name.startswith("ours")]
    page = (ROOT / report.PAGE).read_text("utf-8").partition(report.BEGIN)[0]

    assert ALONE in peers
    assert [name for name in peers if f"\n| {name} | " not in page] == []


def test_draws_the_latest_run() -> None:
    """Each section that has rates has a picture, with a bar for each contender."""
    drawn = report.written([a_run(500, 20), a_run(400, 30)])[report.PICTURES / "receive.svg"]

    assert ">400</text>" in drawn
    assert ">1,000</text>" in drawn
    assert "![Deliveries a second" in report.written([a_run(400, 30)])[report.README]


def test_ends_within_20_minutes() -> None:
    """What the sections may take together."""
    assert sum(SECTIONS.values()) <= MINUTES_20
