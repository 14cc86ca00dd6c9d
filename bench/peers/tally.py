"""Counts, inside the process that is measured, which events its handler was given; the same for every contender."""

import json
import os
import time
from pathlib import Path


class Tally:
    """Writes a file when every expected event has come: how long that and how much CPU it took, and how many calls.

    It is told by ``BENCH_EXPECTED`` and ``BENCH_TALLY``; with ``BENCH_TIMES``, the file has every event's time, too;
    with ``BENCH_PREFIX``, only events whose ids begin so count.
    """

    def __init__(self) -> None:
        self._expected = int(os.environ.get("BENCH_EXPECTED", "0"))
        self._path = Path(os.environ.get("BENCH_TALLY", os.devnull))
        self._times = bool(os.environ.get("BENCH_TIMES"))
        self._prefix = os.environ.get("BENCH_PREFIX", "")
        self._seen: dict[str, float] = {}
        self._began = self._cpu = 0.0
        self._calls = 0

    def add(self, event_id: str) -> None:
        """An event was given to the handler."""
        if self._prefix and not event_id.startswith(self._prefix):
            return
        now = time.monotonic() if self._times or not self._calls else 0.0
        if not self._calls:
            self._began, self._cpu = now, time.process_time()
        self._calls += 1
        self._seen[event_id] = now
        if len(self._seen) == self._expected:
            self._write()
            self._expected = -1

    def _write(self) -> None:
        times = self._seen if self._times else {}
        cpu = time.process_time() - self._cpu
        text = json.dumps({"began": self._began, "cpu": cpu, "calls": self._calls, "times": times})
        partial = self._path.with_suffix(".part")
        partial.write_text(text, "utf-8")
        partial.rename(self._path)


tally = Tally()
BODY = os.environ.get("BENCH_BODY", "")
"""What an event carries."""
HANDLER_SECONDS = float(os.environ.get("BENCH_HANDLER_SECONDS", "0"))
"""How long a handler waits, as one does that calls another system."""
CONCURRENCY = int(os.environ.get("BENCH_CONCURRENCY", "200"))
