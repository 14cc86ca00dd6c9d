"""A process of its own that logs, for the tests of what it writes."""

import json
import os
import subprocess
import sys
import textwrap
from typing import Any

PREAMBLE = """
import asyncio, logging, warnings
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import configure_logging, configure_tracing, get_logger
"""


def logged(program: str, **environment: str) -> list[dict[str, Any]]:
    """What a process that runs ``program`` writes to standard error, each line parsed; JSON or it fails."""
    completed = subprocess.run(
        [sys.executable, "-c", PREAMBLE + textwrap.dedent(program)],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert completed.stdout == ""
    return [json.loads(line) for line in completed.stderr.splitlines()]
