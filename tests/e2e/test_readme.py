"""The README, typed line by line in a folder where `up --demo` runs, as `make run` starts it."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_up import Machine
from tests.support.documents import Block, blocks
from tests.support.servers import free_port
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="curl or openssl is missing"),
]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A running demo, in a folder whose `.venv` has our program."""
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    machine = Machine(tmp_path).start()
    yield machine
    machine.stop()


def containing(text: str, language: str = "sh") -> Block:
    """The README's block with this in it."""
    (block,) = (block for block in blocks("README.md", language) if text in block.text)
    return block


def type_in(machine: Machine, text: str) -> str:
    """What a terminal shows after the text was pasted into it."""
    return subprocess.run(
        ["bash", "-eu", "-c", text], cwd=machine.folder, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def shows(machine: Machine, text: str, expected: str) -> None:
    """Paste something that runs until it is stopped, and wait for what it is to show."""
    output = machine.folder / "shown.txt"
    with output.open("wb") as file:
        command = ["bash", "-eu", "-c", text.replace(".venv/bin/salesloft", "exec .venv/bin/salesloft")]
        process = subprocess.Popen(command, cwd=machine.folder, stdout=file, stderr=file)
    try:
        wait_until(
            lambda: bool(re.search(expected, output.read_text(), re.MULTILINE)),
            seconds=40,
            description=f"{text} shows {expected}",
        )
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_the_readme_leads_through_a_first_hour(machine: Machine, tmp_path: Path) -> None:
    """Send, look, follow, sign by hand, repeat, write a handler and run it: each block does what the text says."""
    send, status, tail = containing("events tail").text.splitlines()
    by_hand = containing("openssl").text
    worker = containing("worker --group acme").text
    example = containing("acme.py", "python").text
    (tmp_path / "acme.py").write_text(example)

    assert ", 0 not answered as expected" in type_in(machine, send)
    assert re.search(r"crm +", type_in(machine, status))
    answers = type_in(machine, by_hand + by_hand.splitlines()[-1])

    assert [json.loads(answer) for answer in re.findall(r"\{.*?\}", answers)] == [
        {"received": True},
        {"status": "already_processed"},
    ]
    shows(machine, tail, r"person\.|email\.")
    # A port of this machine may be in use: the one of the page is replaced, nothing else.
    shows(machine, worker.replace("9191", str(free_port())), r"^\d+ \S+@example\.\w+ acme/\S+ 1$")


def test_make_run_is_that_demo() -> None:
    """`make run` of the first block starts what the other test has running."""
    planned = subprocess.run(
        ["make", "--dry-run", "run"], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )

    assert containing("make test").text.startswith("make run ")
    assert "salesloft-webhooks up --demo" in planned.stdout
    assert os.access(Path(sys.executable).parent / "salesloft-webhooks", os.X_OK)
