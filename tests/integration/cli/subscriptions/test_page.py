"""docs/subscriptions.md, command by command."""

import os
import subprocess
import sys
from pathlib import Path

from tests.integration.cli.subscriptions.team import API_TOKEN, FAST, OLD, Team
from tests.support.documents import blocks

PAGE = "docs/subscriptions.md"
PROGRAM = """#!/bin/sh
[ "$2" = rotate ] && set -- "$@" --keep-old 0s
exec {python} -c '{fast}' "$@"
"""
"""The command, with what takes minutes made short."""


def test_the_page_leads_through_a_rotation(team: Team) -> None:
    """Its file is taken as it stands, and each of its commands, pasted in order, does what it says."""
    (declared,) = blocks(PAGE, "yaml")
    (team.folder / "subscriptions.yaml").write_text(declared.text)
    plan, *others = [block.text for block in blocks(PAGE, "sh")]
    apply, rotate, remove = others

    drift, applied = run(team, plan), run(team, apply)
    after, rotated = run(team, plan), run(team, rotate)
    (new,) = team.key_file.read_text().split()
    team.url = "https://hooks.example.com/webhooks/salesloft"
    there = len(team.ours(new))
    removed = run(team, remove)

    assert [drift, applied, after, rotated, removed] == [5, 0, 0, 0, 0]
    assert (there, new != OLD) == (5, True)
    assert team.salesloft.subscriptions() == []


def run(team: Team, text: str) -> int:
    """The exit code of a block."""
    program = Path(team.folder) / "bin" / "salesloft-webhooks"
    program.parent.mkdir(exist_ok=True)
    program.write_text(PROGRAM.format(python=sys.executable, fast=FAST))
    program.chmod(0o755)
    environment = {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "REDIS_URL": team.store.url,
        "SALESLOFT_API_URL": team.salesloft.platform.url,
        "SALESLOFT_API_TOKEN": API_TOKEN,
        "SALESLOFT_CALLBACK_SECRET_FILE": str(team.key_file),
    }
    done = subprocess.run(
        ["bash", "-e"], input=text, text=True, cwd=team.folder, env=os.environ | environment, check=False
    )
    return done.returncode
