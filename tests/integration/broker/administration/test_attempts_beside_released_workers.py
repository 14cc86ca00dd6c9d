"""What version 0.1.0 makes of attempts that are kept, and this one of its records: both work beside each other."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.broker.administration.history import history
from salesloft_webhooks.broker.administration.past_attempts import AttemptEnd
from tests.support.broker_driver import Driven
from tests.support.released import has_release, unpack_release

pytestmark = pytest.mark.skipif(not has_release(), reason="the commit of 0.1.0 is not in this clone")

HANDLE = """
import asyncio
from salesloft_webhooks.broker import Group, GroupOptions, Outcome, Settlement, open_store
from salesloft_webhooks.settings import Settings

async def main():
    async with open_store(Settings.load()) as store:
        group = Group(store, GroupOptions("crm"), "old")
        await group.register()
        for partition in range(3):
            for lease in (await group.take(partition, 10)).leases:
                await group.settle(partition, [Settlement(lease, Outcome.DONE)])

asyncio.run(main())
"""


async def test_a_released_worker_is_not_disturbed(driven: Driven, tmp_path: Path) -> None:
    """One of 0.1.0 handles what ours has failed at; the attempt that it made is missing, those before it are told."""
    group = await driven.group()
    await replace(driven, settings=driven.settings.model_copy(update={"store_format": 1})).publish("e1")
    await driven.settle(group, await driven.take(group), Outcome.RETRY, error="ValueError: no")
    released = os.environ | unpack_release(tmp_path) | {"REDIS_URL": driven.server.url, "PARTITIONS": "3"}

    def run(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        return subprocess.run(command, env=released, check=True, capture_output=True, text=True, timeout=60).stdout

    run("-c", HANDLE)
    said = json.loads(run("-m", "salesloft_webhooks", "events", "show", "e1", "--json"))

    assert [(row["group"], row["fate"]) for row in said["groups"]] == [("crm", "done")]
    found = await history(driven.store, "e1")
    assert found is not None
    assert [(each.number, each.ended) for each in found.groups[0].tried] == [(1, AttemptEnd.RETRY)]
