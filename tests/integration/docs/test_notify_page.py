"""docs/notify.md: its sections are ones, its preview says what it shows, and its messages reach the rep."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin.configuration import NotifyConfiguration
from salesloft_webhooks.simulator.platform import SimulatedPlatform
from tests.integration.handlers.builtin.notified import Told
from tests.support import samples
from tests.support.documents import blocks, read
from tests.support.servers import Server
from tests.support.standins.http import StandIn
from tests.support.standins.slack import TOKEN, Slack

PAGE = "docs/notify.md"
SECTION, WITH_AN_APP = (block.text for block in blocks(PAGE, "yaml"))
(REPLY,) = (block.text for block in blocks(PAGE, "json"))
(COMMANDS,) = (block.text for block in blocks(PAGE, "sh"))
(SHOWN,) = (block.text for block in blocks(PAGE, "text"))
ADDRESSES = {
    "ROBINS_SLACK": "https://hooks.slack.com/services/T/B/x",
    "SAMS_TEAMS": "https://x.webhook.office.com/webhookb2/x",
    "TEAM_SLACK": "https://hooks.slack.com/services/T/B/y",
}
API_TOKEN = "ak-an-invented-api-token"


def reply() -> Event:
    """The page's."""
    return samples.event("email.replied", json.loads(REPLY)["data"], group="notify")


def test_the_preview_says_what_the_page_shows(tmp_path: Path) -> None:
    """Both commands, as they are pasted, with the page's file and event; the second shows both services' shapes."""
    (tmp_path / "handlers.yaml").write_text(SECTION)
    (tmp_path / "reply.json").write_text(REPLY)
    environment = os.environ | ADDRESSES | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    first, second = (
        subprocess.run(
            ["bash", "-euc", line], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        for line in COMMANDS.splitlines()
    )

    assert (first.returncode, first.stdout) == (0, SHOWN), first.stderr
    rows = json.loads(second.stdout)
    assert [row["service"] for row in rows] == ["slack", "teams"]
    assert rows[0]["payload"]["blocks"]
    assert rows[1]["payload"]["attachments"]


async def test_the_rep_of_the_page_is_told(valkey: Server, tmp_path: Path) -> None:
    """In Slack's blocks, with the words that the preview has; other reps are told where everybody is."""
    async with StandIn().running() as service:
        text = SECTION
        for name in ADDRESSES:
            text = text.replace(f"${{{name}}}", f"slack+{service.url}/{name}")
        section: dict[str, Any] = yaml.safe_load(text)["notify"]
        for quiet in (section, section["reps"][51550]):
            del quiet["quiet_hours"]  # the test may run in them
        told = Told(valkey, tmp_path, section, salesloft_api_token=API_TOKEN)

        assert await told(reply()) == [None]

    (request,) = service.requests
    title, body, *facts = (line.strip() for line in SHOWN.splitlines()[1:-1])
    blocks_posted = request.json["blocks"]
    assert request.path == "/ROBINS_SLACK"
    assert [blocks_posted[0]["text"]["text"], blocks_posted[1]["text"]["text"]] == [title, body]
    assert [each["text"] for each in blocks_posted[1]["fields"]] == facts
    link = SHOWN.splitlines()[-1].split(": ", 1)[1]
    assert f"<{link}|Person>" in blocks_posted[2]["elements"][0]["text"]


async def test_the_app_of_the_page_writes_to_the_rep(valkey: Server, tmp_path: Path) -> None:
    """Whom nobody has listed: SalesLoft knows the address, and Slack knows who that is."""
    async with SimulatedPlatform() as platform, Slack(people={"robin@example.com": "U1"}).running() as slack:
        assert isinstance(slack, Slack)
        platform.access.allow(API_TOKEN)
        robin = {"id": 51550, "email": "robin@example.com", "updated_at": "2026-03-07T04:00:00Z"}
        platform.records.of("/users")[51550] = robin
        text = WITH_AN_APP.replace("${SLACK_BOT_TOKEN}", TOKEN).replace("${TEAM_SLACK}", ADDRESSES["TEAM_SLACK"])
        section: dict[str, Any] = yaml.safe_load(text)["notify"]
        section["slack"]["base_url"] = slack.url
        told = Told(valkey, tmp_path, section, salesloft_api_url=platform.url, salesloft_api_token=API_TOKEN)

        await asyncio.wait_for(told(reply()), 30)

    assert [channel for channel, _ in slack.messages] == ["U1"]


@pytest.mark.parametrize("name", NotifyConfiguration.model_fields)
def test_the_page_names_every_field(name: str) -> None:
    """Of the section."""
    page = read(PAGE)

    assert f"`{name}`" in page or f"  {name}:" in page
