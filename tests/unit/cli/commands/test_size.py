"""`size`, and the page about it."""

import json
import re
import shlex

import pytest
from typer.testing import CliRunner

from salesloft_webhooks import sizing
from salesloft_webhooks.cli.application import application
from tests.support.documents import blocks, read

PAGE = "docs/sizing.md"


def said(*arguments: str) -> str:
    """What the command prints."""
    result = CliRunner().invoke(application("size"), ["size", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_page_shows_what_the_command_says() -> None:
    """Each command of the page has its output there, to the letter."""
    (shell,) = [block for block in blocks(PAGE, "sh") if " size " in block.text]
    (shown,) = blocks(PAGE, "text")

    assert shown.text == "".join(said(*shlex.split(line)[2:]) for line in shell.text.splitlines())


@pytest.mark.parametrize(
    ("constant", "row"),
    [
        pytest.param(sizing.ENTRY_BYTES, "an event in the stream beside its body", id="entry"),
        pytest.param(sizing.ALLOCATION, "an event in the stream beside its body", id="allocation"),
        pytest.param(sizing.RECORD_BYTES, "its idempotency record", id="record"),
        pytest.param(sizing.RECORD_GROUP_BYTES, "its idempotency record", id="record of a group"),
        pytest.param(sizing.COMPRESSED, "a body with `BODY_COMPRESSION=zstd`", id="compressed"),
        pytest.param(sizing.RECEIVER_RATE, "a receiver of one core", id="receiver"),
        pytest.param(sizing.WORKER_RATE, "a worker of one core", id="worker"),
        pytest.param(sizing.HEADROOM, "the server's container", id="container"),
    ],
)
def test_the_page_has_the_constants(constant: float, row: str) -> None:
    """What is calculated with stands in the page's table."""
    (amount,) = re.findall(rf"^\| {re.escape(row)} \| (.*?) \|", read(PAGE), re.MULTILINE)

    assert re.search(rf"\b{constant:,}\b", amount)


def test_more_of_anything_needs_no_less() -> None:
    """Ten times the rate takes ten times the memory, and the pods for it."""
    little, much = said("--rate", "10", "--json"), said("--rate", "100", "--json")

    assert _number(much, "redis_bytes") == 10 * _number(little, "redis_bytes")
    assert _number(little, "receivers") == 2
    assert _number(much, "workers") == 4 * _number(little, "workers")


def _number(document: str, name: str) -> int:
    return int(json.loads(document)[name])
