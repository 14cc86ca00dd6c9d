"""SIGKILL of a replay after a loss of the store, deliveries in between: every group gets every event, once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from salesloft_webhooks.broker import Stored, decide_partitions
from salesloft_webhooks.broker.scripts import script
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.settings import Ordering
from tests.integration.broker.administration.archive_steps import delivered
from tests.integration.cli.administered import Console
from tests.integration.cli.archives import event, folder, put
from tests.integration.cli.held_connection import held_connection
from tests.support.broker_driver import Driven
from tests.support.servers import Server

EVENTS, PERSONS = 30, 3
KNOW, RESERVE, GIVE = (
    script(name).digest.encode() for name in ("known_archived", "reserve_archived", "replay_archived")
)


async def two_groups(driven: Driven) -> None:
    """An empty store of two partitions."""
    await decide_partitions(driven.store, 2)
    await driven.group(ordering=Ordering.ENTITY)
    await driven.group("notify")


async def deliver_all(driven: Driven) -> None:
    """SalesLoft sends them all, of each a person that is not the archive's."""
    driven.store.partitions, driven.store.asked = 2, False
    for number in range(EVENTS):
        assert await delivered(driven, f"e{number:02}", person=number + 1) is Stored.NEW


@pytest.mark.parametrize("word", [KNOW, RESERVE, GIVE], ids=["asks", "reserves", "gives"])
@pytest.mark.parametrize("carried_out", [False, True], ids=["not sent", "not answered"])
@pytest.mark.parametrize("handled", [False, True], ids=["later", "before it goes on"])
def test_killed_while_deliveries_come(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    word: bytes,
    carried_out: bool,  # noqa: FBT001 - parametrised
    handled: bool,  # noqa: FBT001 - parametrised
) -> None:
    """One group's replay dies, all is delivered, the replay goes on, and the other group has its own: nothing is lost.

    Nothing is handled twice but what a group had finished by a delivery when its replay gave it.
    """
    monkeypatch.chdir(tmp_path)
    put(folder(tmp_path / "warehouse"), [event(number, person=number % PERSONS) for number in range(EVENTS)])
    console = Console(server)
    console.arrange(two_groups)
    console.run("replay", "crm", "--from", "warehouse", "--dry-run")  # the server knows some of the scripts
    with server.client() as client:
        for name in ("reserve_archived", "replay_archived"):
            client.script_load(script(name).source)
    got: dict[str, list[str]] = {"crm": [], "notify": []}

    async def handle(driven: Driven) -> None:
        driven.store.partitions = 2
        number = sum(map(len, got.values()))
        for name, ordering in (("crm", Ordering.ENTITY), ("notify", Ordering.NONE)):
            group = await driven.group(name, f"{name}-{number}", ordering=ordering)
            while ids := await driven.handle(group):
                got[name] += ids

    with held_connection(server, word, carried_out=carried_out) as between:
        command = [sys.executable, "-m", "salesloft_webhooks", "replay", "crm", "--from", "warehouse", "--yes"]
        environment = {"PATH": os.environ["PATH"], "REDIS_URL": f"redis://127.0.0.1:{between.port}/0"}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert between.held.wait(60)
        process.kill()
        process.wait(10)
    console.arrange(deliver_all)
    if handled:
        console.arrange(handle)

    resumed = console.run("replay", "crm", "--resume")
    other = console.run("replay", "notify", "--from", "warehouse", "--yes")
    console.arrange(handle)

    assert (resumed.exit_code, other.exit_code) == (ExitCode.OK, ExitCode.OK), resumed.output + other.output
    ids = [f"e{number:02}" for number in range(EVENTS)]
    assert {name: sorted(set(found)) for name, found in got.items()} == {"crm": ids, "notify": ids}
    # A delivery that was handled before is handled again by a replay, which is what that is for; else once is enough.
    assert len(got["notify"]) == (2 * EVENTS if handled else EVENTS)
    assert len(got["crm"]) == EVENTS if not handled else EVENTS <= len(got["crm"]) <= 2 * EVENTS
    assert (len(got["crm"]) < 2 * EVENTS) == (not handled or (word == GIVE and carried_out))
