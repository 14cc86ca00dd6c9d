"""What Helm prints after an installation: its commands work as they stand."""

import base64
import json
import os
import re
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from salesloft_webhooks.dialects.native import derive_token
from tests.chart.rendering import CHART, NAMESPACE, PREFIX, RELEASE, TOOLS
from tests.support.recognised_programs import check
from tests.support.shell_blocks import simple_commands

KEYS = "the-new-key,the-old-one"


def shown_notes(*options: str) -> str:
    """The notes of an installation; no cluster is asked."""
    command = [str(TOOLS / "bin" / "helm"), "install", RELEASE, str(CHART), "--namespace", NAMESPACE, *options]
    shown = subprocess.run([*command, "--dry-run=client"], capture_output=True, text=True, check=True, timeout=60)
    return shown.stdout.partition("NOTES:\n")[2]


@pytest.fixture(scope="module")
def notes() -> str:
    """The notes of an installation with nothing set."""
    return shown_notes()


def pasted(notes: str, containing: str) -> str:
    """The indented block with this in it."""
    (block,) = (each for each in re.findall(r"(?:^ {5}.*\n)+", notes, re.MULTILINE) if containing in each)
    return dedent(block)


def program(folder: Path, name: str, text: str) -> None:
    """A program for the shell to find."""
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def test_the_registration_derives_the_token_the_receiver_expects(notes: str, tmp_path: Path) -> None:
    """Carried out, with the cluster and SalesLoft played: the newest key's token for that very event is registered."""
    program(tmp_path, "kubectl", f'echo "$@" > {tmp_path}/asked; printf %s {base64.b64encode(KEYS.encode()).decode()}')
    program(tmp_path, "curl", f'for word; do last=$word; done; printf %s "$last" > {tmp_path}/sent')
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "CALLBACK_URL": "https://x.example",
        "SALESLOFT_API_KEY": "",
    }

    subprocess.run(["bash", "-eu", "-c", pasted(notes, "TOKEN=")], env=environment, check=True, timeout=20)

    assert json.loads((tmp_path / "sent").read_text()) == {
        "callback_url": "https://x.example",
        "callback_token": derive_token(b"the-new-key", "person_updated").decode(),
        "event_type": "person_updated",
    }
    assert f"secret {PREFIX}-keys --namespace {NAMESPACE}" in (tmp_path / "asked").read_text()


@pytest.mark.parametrize("containing", ["helm test", "kubectl exec"])
def test_the_other_commands_exist(notes: str, containing: str) -> None:
    """They take their options, and ours runs in the pod that is there."""
    for words in simple_commands(pasted(notes, containing)):
        check(words)


def test_with_an_operator_nobody_registers_by_hand() -> None:
    """The notes say how to see what it has done instead."""
    notes = shown_notes("--set", "operator.enabled=true")

    assert "TOKEN=" not in notes
    for words in simple_commands(pasted(notes, "slsub")):
        check(words)
