"""Whoever looks on sees how far a run is; a file or a pipe gets the result alone."""

import asyncio
import os

from tests.integration.backfill.command import ended, start
from tests.integration.backfill.world import World


def everything(terminal: int) -> str:
    """What was written to a terminal that nobody writes to any more."""
    written = b""
    while True:
        try:
            written += os.read(terminal, 65_536)
        except OSError:  # as Linux says that the other side is closed
            return written.decode()


async def test_a_bar_of_each_resource(world: World) -> None:
    """On a terminal each list has a bar, up to its end; the table comes after it on stdout."""
    await world.outage(40)
    terminal, theirs = os.openpty()
    reading = asyncio.create_task(asyncio.to_thread(everything, terminal))

    run = await start(world, "--since", world.began.isoformat(), "--resources", "people,emails", stderr=theirs)
    os.close(theirs)
    code, said, _ = await ended(run)

    shown = await reading
    os.close(terminal)
    assert code == 0
    assert "people" in said
    for resource in ("people", "emails"):
        assert any(resource in line and "100%" in line for line in shown.replace("\r", "\n").splitlines())


async def test_nothing_to_see_without_a_terminal(world: World) -> None:
    """In a job's log there is no bar, only how to go on."""
    code, _, err = await ended(await start(world, "--since", "1h", "--resources", "people"))

    assert code == 0
    assert "%" not in err
    assert "backfill resume" in err
