"""The command line against a store, as `kubectl exec` runs it: without a terminal."""

import json
import os
import subprocess
import sys
from typing import Any


def run(redis_url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``salesloft-webhooks ARGUMENTS`` to its end."""
    program = [sys.executable, "-m", "salesloft_webhooks", *arguments]
    environment = os.environ | {"REDIS_URL": redis_url}
    return subprocess.run(
        program, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def groups_in_status(redis_url: str) -> dict[str, Any]:
    """What ``status`` says of each group, by name."""
    done = run(redis_url, "status", "--json")
    assert done.returncode == 0, done.stderr
    return {row["group"]: row for row in json.loads(done.stdout)["groups"]}
