"""The examples of docs/link_swap.md work as they stand."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.link_swap.answering import Answered
from salesloft_webhooks.link_swap.opening import open_link_swaps
from salesloft_webhooks.link_swap.request import read
from salesloft_webhooks.link_swap_settings import LinkSwapSettings
from salesloft_webhooks.receiver.swap_events import event
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.subscriptions import load_declaration
from salesloft_webhooks.telemetry import LinkSwapOutcome, LinkSwapReason
from tests.support import samples
from tests.support.documents import ROOT, blocks
from tests.support.shell_blocks import assigned
from tests.support.standins.http import Answer, StandIn

PAGE = "docs/link_swap.md"
QUESTION, ANSWER = (json.loads(block.text) for block in blocks(PAGE, "json"))
[SETTINGS] = [block.text for block in blocks(PAGE, "sh") if assigned(block.text)]
FUNCTION, HANDLER = (block.text for block in blocks(PAGE, "python"))


def settings(**instead: object) -> LinkSwapSettings:
    """Those of the page, as a shell reads them."""
    shown = subprocess.run(["bash", "-euc", f"set -a\n{SETTINGS}env -0"], capture_output=True, text=True, check=True)
    read = dict(line.split("=", 1) for line in shown.stdout.split("\0") if line.startswith("LINK_SWAP_"))
    return LinkSwapSettings.load(**{name.lower(): value for name, value in read.items()} | instead)


async def test_the_endpoint_is_asked_and_believed_as_shown() -> None:
    """The question has these members, and the answer's link is used under the settings of the page."""
    async with StandIn(lambda _request: Answer(200, ANSWER)).running() as endpoint:
        own = settings(link_swap_url=endpoint.url, link_swap_allow_private_addresses=True)
        async with open_link_swaps(own) as swaps:
            answered = (await swaps.answer(read(b"{}", QUESTION["data"]), 0.0)).links

    [asked] = endpoint.requests
    assert asked.json | {"timestamp": ""} == QUESTION | {"timestamp": ""}
    assert answered == ANSWER["links"]
    assert list(ANSWER["links"]) == QUESTION["data"]["links"]


async def test_the_function_gives_links_that_may_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written into the file that it names, and asked the question of the page."""
    (tmp_path / "swapping.py").write_text(FUNCTION)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(os.fspath(tmp_path))
    own = settings(link_swap_url=None, link_swap_handler="swapping:swap")
    assert own.link_swap_handler == "swapping:swap"

    async with open_link_swaps(own) as swaps:
        answered = (await swaps.answer(read(b"{}", QUESTION["data"]), 0.0)).links

    assert answered == {"https://example.com/a": "https://links.example.com/9/0"}


async def test_the_handler_is_asked_for_what_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its group wants our event, and it finds in it what it prints."""
    (tmp_path / "swap_statistics.py").write_text(HANDLER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(os.fspath(tmp_path))
    request = read(b"{}", QUESTION["data"])
    told = event(request, Answered(ANSWER["links"], LinkSwapOutcome.SWAPPED, LinkSwapReason.ANSWERED))

    group = load_group("statistics", ["swap_statistics:router"], Settings.load())
    async with group.open(Settings.load()) as running:
        await running.handle(samples.event(told.event_type, json.loads(told.data)))

    assert group.patterns == (told.event_type,)
    assert capsys.readouterr().out == "9 1 of 1 answered\n"


def test_the_subscription_is_asked_where_the_page_says(tmp_path: Path) -> None:
    """The declaration is taken as it stands, and the sentence behind it has the address that follows from it."""
    declared = blocks(PAGE, "yaml")[-1]
    (tmp_path / "subscriptions.yaml").write_text(declared.text)

    desired = load_declaration("--file", tmp_path / "subscriptions.yaml").desired

    assert desired.swaps_links
    assert f"It is asked at `{desired.link_swap_url}`" in Path(ROOT / PAGE).read_text("utf-8")
