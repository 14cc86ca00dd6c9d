"""The load generator tells all that it has measured."""

import subprocess
import sys
import time

import msgspec
from bench.load import Sent

from tests.support.rules_and_dashboards import ROOT

MANY = 20_000
LOOP = "import asyncio, uvloop; uvloop.run(asyncio.sleep(0))"  # after it a write to a full pipe may be a short one
SAY = f"from bench.load import Sent, say; {LOOP}; t = [1.25] * {MANY}; say(Sent({MANY}, 6.0, t, t, 0.5))"


def test_says_all_of_it() -> None:
    """More than a pipe holds arrives whole at one who reads late, with Python's output unbuffered or not."""
    for unbuffered in ("", "1"):
        command, environment = [sys.executable, "-c", SAY], {"PYTHONUNBUFFERED": unbuffered}
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
            assert process.stdout
            time.sleep(2)  # until the pipe is full
            answer = process.stdout.read()

        assert len(msgspec.json.decode(answer, type=Sent).latencies) == MANY
