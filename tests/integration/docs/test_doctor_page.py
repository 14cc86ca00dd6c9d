"""docs/doctor.md: its commands do what it says, and its table has every check there is."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from salesloft_webhooks.cli.commands import doctor
from salesloft_webhooks.cli.commands.doctor.diagnosis import Level
from tests.support.documents import blocks, read
from tests.support.servers import Server

PAGE = "docs/doctor.md"
(COMMANDS,) = (block.text for block in blocks(PAGE, "sh"))
CHECK = re.compile(r'"((?:files|keys|versions|handlers|endpoint|subscriptions)|[a-z]+\.[a-z]+)"')
"""A check's name in the code: a word of one part, or of two."""


def checks() -> set[str]:
    """Every check that a module of `doctor` makes a finding of."""
    found = set[str]()
    for module in Path(doctor.__file__).parent.glob("*_checks.py"):
        found |= set(CHECK.findall(module.read_text("utf-8")))
    return found


def test_the_commands_of_the_page_look_at_an_installation(valkey: Server, tmp_path: Path) -> None:
    """Each of them, as it is pasted, on a sound one: all there is, one role, and for programs."""
    settings = {
        "REDIS_URL": valkey.url,
        "SALESLOFT_WEBHOOK_SECRET": "an-envelope-secret-that-is-long-enough",
        "WORKER_GROUP": "activity",
        "DATABASE_URL": f"sqlite:///{tmp_path}/events.db",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }

    everything, receiver, worker = (
        subprocess.run(
            ["bash", "-euc", line], cwd=tmp_path, env=os.environ | settings, capture_output=True, text=True, check=False
        )
        for line in COMMANDS.splitlines()
    )

    assert [each.returncode for each in (everything, receiver, worker)] == [0, 0, 0], everything.stdout
    assert "database.reachable" in everything.stdout
    assert "keys" in everything.stdout
    assert "database.reachable" not in receiver.stdout
    findings = json.loads(worker.stdout)["findings"]
    assert {each["level"] for each in findings} <= set(Level)
    assert {each["check"] for each in findings} <= checks()
    assert not any((tmp_path / name).exists() for name in ("events.db", "subscriptions.yaml")), "it changes nothing"


def test_the_table_has_every_check_and_no_other() -> None:
    """Whatever the code may find is explained."""
    rows = re.findall(r"^\| ((?:`[\w.]+`(?:, )?)+) \|", read(PAGE), re.MULTILINE)

    assert {name for row in rows for name in re.findall(r"`([\w.]+)`", row)} == checks()


def test_every_level_is_explained() -> None:
    """By its word."""
    for level in Level:
        assert f"`{level}`" in read(PAGE)
