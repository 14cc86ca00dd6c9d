"""docs/follow_ups.md: the commands about those that wait do what the page says, on a store in which some do."""

import os
import subprocess
import sys
from pathlib import Path

from tests.integration.cli.administered import Console
from tests.support.broker_driver import Driven
from tests.support.documents import blocks
from tests.support.servers import Server
from tests.support.waiting_follow_up import let_one_wait

(COMMANDS,) = (block.text for block in blocks("docs/follow_ups.md", "sh"))


async def some_wait(driven: Driven) -> None:
    """Of two people by the key of the page, one of which runs a task, and one of another group."""
    await driven.group()
    await driven.group("notify")
    await let_one_wait(driven.store, 7, key="no reply", task="tell")
    await let_one_wait(driven.store, 8, key="no reply", task="tell")
    await let_one_wait(driven.store, 7, key="no reply", group="notify")


def test_the_commands_of_the_page(valkey: Server, tmp_path: Path) -> None:
    """They list those of the task, none that is overdue, count hers in the group, and cancel that one alone."""
    console = Console(valkey)
    console.arrange(some_wait)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    ran = subprocess.run(
        ["bash", "-euc", COMMANDS],
        env={"REDIS_URL": valkey.url, "PATH": path, "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    table, overdue, counted, cancelled = ran.stdout.partition('{"follow_ups"')[0], *ran.stdout.splitlines()[-3:]
    assert table.count("follow-up/") == 2
    assert overdue == '{"follow_ups":[],"next":null}'
    assert (counted, cancelled) == ("1 would be cancelled", "1 cancelled")
    left = console.read("follow-ups", "list")["follow_ups"]
    assert sorted((one["group"], one["entity_key"]) for one in left) == [("crm", "person:8"), ("notify", "person:7")]
