"""What version 0.1.0 makes of a pause that is declared: its workers may run beside an operator of this one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from salesloft_webhooks.broker.administration.stored_pause import Pause, StoredPause, find_pauses, replace_pause
from tests.support.broker_driver import Driven
from tests.support.released import has_release, unpack_release

pytestmark = pytest.mark.skipif(not has_release(), reason="the commit of 0.1.0 is not in this clone")

TAKE = """
import asyncio
from salesloft_webhooks.broker import Group, GroupOptions, open_store
from salesloft_webhooks.settings import Settings

async def main():
    async with open_store(Settings.load()) as store:
        group = Group(store, GroupOptions("crm"), "old")
        await group.register()
        print([(await group.take(partition, 10)).paused for partition in range(3)])

asyncio.run(main())
"""


async def test_a_released_worker_keeps_to_a_declared_pause(driven: Driven, tmp_path: Path) -> None:
    """It takes nothing, and its `status` shows a pause by hand."""
    await driven.group()
    for found in (await find_pauses(driven.store, ["crm"]))["crm"]:
        declared = StoredPause(Pause.DECLARED, None, "moving the CRM", "salesloft/crm", found.now_ms + 60_000)
        assert await replace_pause(driven.store, "crm", found, declared)
    released = os.environ | unpack_release(tmp_path) | {"REDIS_URL": driven.server.url, "PARTITIONS": "3"}

    def run(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        return subprocess.run(command, env=released, check=True, capture_output=True, text=True, timeout=60).stdout

    (stats,) = json.loads(run("-m", "salesloft_webhooks", "status", "--json"))["groups"]

    assert run("-c", TAKE).strip() == str([True] * 3)
    assert stats["pause"] == "manual"
