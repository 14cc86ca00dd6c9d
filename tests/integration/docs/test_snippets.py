"""Blocks of kinds that occur once: a log line, variables of OpenTelemetry, questions to a server."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import opentelemetry.sdk.environment_variables as known
import pytest

from salesloft_webhooks.errors import RejectionReason
from salesloft_webhooks.settings import Settings
from tests.support.documents import Block, blocks, read
from tests.support.servers import Server
from tests.support.shell_blocks import assigned


@pytest.mark.parametrize("block", blocks("docs/logs.md", "json"), ids=str)
def test_the_log_line_is_one_of_ours(block: Block) -> None:
    """It is one JSON object on one line, with the fields every line has, an event of the page and a real reason."""
    (line,) = block.text.splitlines()
    logged = json.loads(line)

    assert list(logged)[:4] == ["timestamp", "level", "event", "role"]
    assert f"| `{logged['event']}` | {logged['level']} |" in read("docs/logs.md")
    assert RejectionReason(logged["reason"])


@pytest.mark.parametrize("block", blocks("docs/traces.md", "sh"), ids=str)
def test_the_variables_of_tracing_exist(block: Block) -> None:
    """A shell takes the lines, and each sets only what the OpenTelemetry SDK, or a setting of ours, reads."""
    settings = {name.upper() for name in Settings.model_fields}
    shown = subprocess.run(["bash", "-euc", f"set -a\n{block.text}env"], capture_output=True, text=True, check=True)

    assert assigned(block.text)
    for name in assigned(block.text):
        assert name in settings or hasattr(known, name), name
        assert f"{name}=" in shown.stdout


@pytest.mark.skipif(not shutil.which("redis-cli"), reason="redis-cli is not installed")
@pytest.mark.parametrize("block", [block for block in blocks("*", "sh") if "redis-cli" in block.text], ids=str)
def test_a_server_answers(block: Block, server: Server) -> None:
    """Redis and Valkey answer each of the questions a runbook asks, with something to read."""
    for line in block.text.splitlines():
        asked = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line],
            env=os.environ | {"REDIS_URL": server.url},
            capture_output=True,
            text=True,
            check=False,
        )

        assert asked.returncode == 0, line
        assert re.search(r"\w", asked.stdout), line
        assert "ERR" not in asked.stdout, line


@pytest.mark.parametrize("block", blocks("docs/developing.md", "text"), ids=str)
def test_a_trial_says_what_the_page_shows(block: Block, tmp_path: Path) -> None:
    """How it ended, what was raised, and the author's line: the same three lines, but for the time."""
    (tmp_path / "acme_hooks").mkdir()
    head = "from salesloft_webhooks import PermanentError, Router\nrouter = Router()\n" + "\n" * 8
    handler = '@router.on("email.*")\nasync def refuse(event):\n    raise PermanentError("nobody is there")\n'
    (tmp_path / "acme_hooks" / "handlers.py").write_text(head + handler)
    event = {"event_type": "email.replied", "event_id": "e2", "group": "crm", "data": {"id": 1}}
    command = [sys.executable, "-m", "salesloft_webhooks", "trial", "--file=-", "--handlers=acme_hooks.handlers:router"]

    ran = subprocess.run(command, cwd=tmp_path, input=json.dumps(event), capture_output=True, text=True, check=False)

    seconds = re.compile(r"\d\.\d\d s")
    assert seconds.sub("N s", ran.stdout) == seconds.sub("N s", block.text), ran.stderr
