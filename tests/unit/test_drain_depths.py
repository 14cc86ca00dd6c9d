"""The depths of queues that are drained fit into the time of their section."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from bench.options import Options
from bench.sections import drain
from bench.slices import Stage


@pytest.mark.parametrize(
    ("an_event", "too_deep"),
    [(30e-6, []), (60e-6, ["5,000,000 behind"])],
    ids=["a quiet machine", "a slow one"],
)
def test_leaves_out_what_takes_too_long(monkeypatch: pytest.MonkeyPatch, an_event: float, too_deep: list[str]) -> None:
    """Five million events are stored where they leave time to measure, else the page says what they would take."""
    now = [0.0]

    @contextmanager
    def filled(depth: int) -> Iterator[None]:
        now[0] += depth * an_event
        yield

    monkeypatch.setattr(drain, "_filled", filled)
    monkeypatch.setattr("bench.sections.drain.time.monotonic", lambda: now[0])
    options = Options(seconds=420)
    stage = Stage("drain", options)

    with ExitStack() as stack:
        measured = [name for name, _ in drain._deep(stage, stack, options)]

    assert list(stage.failures) == too_deep
    assert measured == [name for depth in drain.DEPTHS if (name := f"{depth:,} behind") not in too_deep]
