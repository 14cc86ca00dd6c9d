"""`link-swap try` and simulated questions against a real receiver."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.receiver_process import KEYS, ReceiverProcess
from tests.support.servers import Server

CODE = """
async def swap(request):
    return {old: "https://t.example/" + str(number) for number, old in enumerate(request.links)}
async def breaks(request):
    raise RuntimeError
"""
Start = Callable[[str], ReceiverProcess]


@pytest.fixture
def start(valkey: Server, tmp_path: Path) -> Iterator[Start]:
    """Starts a receiver that asks the function of that name; none where it is empty."""
    (tmp_path / "swapping_of_a_test.py").write_text(CODE)
    started: list[ReceiverProcess] = []

    def started_with(name: str) -> ReceiverProcess:
        own = {"PYTHONPATH": os.pathsep.join((str(tmp_path), os.environ.get("PYTHONPATH", "")))}
        if name:
            own |= {"LINK_SWAP_HANDLER": f"swapping_of_a_test:{name}", "LINK_SWAP_ALLOWED_HOSTS": "t.example"}
        started.append(ReceiverProcess(valkey.url, KEYS["native"] | own))
        started[-1].start()
        return started[-1]

    yield started_with
    for process in started:
        process.kill()


def run(receiver: ReceiverProcess, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and document of a command, aimed at the receiver."""
    address = f"http://127.0.0.1:{receiver.port}/webhooks/salesloft"
    result = subprocess.run(
        [sys.executable, "-m", "salesloft_webhooks", *arguments, "--json", address],
        env=os.environ | KEYS["native"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return result.returncode, json.loads(result.stdout)


def test_an_answer_with_new_links_is_green(start: Start) -> None:
    """Exit code 0, the links and the time; asked again, the receiver asks its function again."""
    receiver = start("swap")

    code, answered = run(receiver, "link-swap", "try", "--link=https://example.com/a", "--link=https://example.com/b")
    run(receiver, "link-swap", "try", "--link=https://example.com/a", "--link=https://example.com/b")

    assert code == 0
    assert answered["links"] == {
        "https://example.com/a": "https://t.example/0",
        "https://example.com/b": "https://t.example/1",
    }
    assert (answered["status"], answered["swapped"], answered["problem"]) == (200, 2, None)
    assert 0 < answered["seconds"] < 2
    assert receiver.metric("salesloft_webhooks_link_swap_total", outcome="swapped", reason="answered") == 2


def test_a_fallback_is_not_green(start: Start) -> None:
    """The mail would go out, with its own links: exit code 4."""
    code, answered = run(start("breaks"), "link-swap", "try")

    assert (code, answered["swapped"], answered["problem"]) == (4, 0, None)
    assert answered["links"]
    assert all(old == new for old, new in answered["links"].items())


def test_a_receiver_without_it_says_so(start: Start) -> None:
    """400, as ever: exit code 1."""
    code, answered = run(start(""), "link-swap", "try")

    assert (code, answered["status"]) == (1, 400)
    assert "link_swap is not supported" in answered["problem"]


def test_simulated_questions_are_answered(start: Start) -> None:
    """`send --event link_swap` asks as SalesLoft does: forgeries are refused, and repeats get the same answer."""
    mixture = ("--count=60", "--duplicates=0.3", "--forgeries=0.2", "--seed=3", "--concurrency=1")

    code, result = run(start("swap"), "send", "--event=link_swap", *mixture)

    assert (code, result["unexpected"]) == (0, 0)
    assert result["sent"].keys() == {"genuine", "duplicate", "forgery"}
