"""What `up` says that it stops is what it has started."""

from pathlib import Path
from typing import cast

import httpx2
import pytest

from salesloft_webhooks.broker import Store
from salesloft_webhooks.cli.commands.up.data_folder import DataFolder
from salesloft_webhooks.cli.commands.up.plan import Plan, UpOptions
from salesloft_webhooks.cli.commands.up.supervised_process import SupervisedProcess
from salesloft_webhooks.cli.commands.up.supervisor import Supervisor


@pytest.mark.parametrize(
    ("demo", "console_port", "named"),
    [
        (True, 8_080, ["simulator", "receiver", "console", "workers", "valkey"]),
        (False, None, ["receiver", "workers", "valkey"]),
    ],
    ids=["demo", "without simulator and console"],
)
def test_it_names_what_it_stops(tmp_path: Path, demo: bool, console_port: int | None, named: list[str]) -> None:  # noqa: FBT001 - a parameter of the test
    """In its order; nothing that is not there, and nothing left out."""
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    plan = Plan(UpOptions(folder, demo, "127.0.0.1", 8_000, 9_090, 6_379, console_port=console_port))
    supervisor = Supervisor(plan, cast("Store", None), cast("httpx2.AsyncClient", None), print, 0)
    programs = [plan.server(), *plan.roles(), plan.simulator()]
    supervisor.children = [SupervisedProcess(each, print, 0) for each in programs if each]

    assert list(supervisor.running) == named
    assert sum(map(len, supervisor.running.values())) == len(supervisor.children)
