"""SIGKILL in the middle, of a run and of the role: they go on where they were; nothing is done or counted twice."""

import asyncio
import signal
from collections.abc import Callable

import msgspec
import pytest

from tests.integration.backfill.command import ended, start
from tests.integration.backfill.world import API_TOKEN, World
from tests.support.waiting import eventually


def published(world: World) -> int:
    """Events that were stored."""
    with world.server.client() as client:
        return int(client.xlen("sl:{0}:events"))


def more_than(world: World, before: int) -> Callable[[], bool]:
    """Whether more events are stored than before."""
    return lambda: published(world) > before


def free(world: World, job: str = "role") -> None:
    """End the lease of who was killed: it would end by itself, half a minute later."""
    with world.server.client() as client:
        client.hdel("sl:backfill", f"{job}/lease")


@pytest.fixture
async def after_an_outage(world: World) -> World:
    """Some hundred changes of which no webhook has told, and some that arrived."""
    await world.outage(150)
    return world


def since(world: World) -> str:
    """When the world began, for `--since`."""
    return world.began.isoformat()


async def test_a_dry_run_foretells_the_run(after_an_outage: World) -> None:
    """It changes nothing; then the run does what it said, to the unit, and another one finds nothing more to do."""
    world = after_an_outage
    before = published(world)

    code, said, _ = await ended(await start(world, "--since", since(world), "--dry-run", "--json"))

    assert code == 0
    assert published(world) == before
    assert await world.written() == {}
    foretold = msgspec.json.decode(said)["resources"]
    code, said, err = await ended(await start(world, "--since", since(world), "--json"))
    assert code == 0, err
    done = msgspec.json.decode(said)
    assert done["resources"] == foretold
    assert sum(each["missed"] for each in foretold.values()) == len(world.lost())
    await world.all_is_well(done["run"])
    before = published(world)
    code, said, _ = await ended(await start(world, "--since", since(world), "--json"))
    assert (code, published(world)) == (0, before)


async def test_a_run_that_is_killed_is_resumed(after_an_outage: World) -> None:
    """From where it was: every group has everything once, and the counts are those of a run that was left alone."""
    world = after_an_outage
    before = published(world)
    process = await start(world, "--since", since(world), "--rate", "30")
    await eventually(more_than(world, before + 20), "it is in the middle", 30)
    process.kill()
    _, _, err = await ended(process)
    name = err.partition("backfill resume ")[2].split()[0]

    for _ in range(2):
        free(world, name)
        before = published(world)
        process = await start(world, "resume", name, "--rate", "30")
        await eventually(more_than(world, before + 10), "it is in the middle", 60)
        process.kill()
        await ended(process)
    free(world, name)
    code, said, err = await ended(await start(world, "resume", name, "--json"))

    assert code == 0, err
    assert msgspec.json.decode(said)["run"] == name
    await world.all_is_well(name)


async def test_ctrl_c_says_how_to_go_on(after_an_outage: World) -> None:
    """And gives the lease back, so that it can be resumed at once."""
    world = after_an_outage
    before = published(world)
    process = await start(world, "--since", since(world), per_second=30)
    await eventually(more_than(world, before + 5), "it is in the middle", 30)

    process.send_signal(signal.SIGINT)

    code, _, err = await ended(process)
    assert code == 4
    name = err.partition("not read to the end; go on with: backfill resume ")[2].split()[0]
    code, _, err = await ended(await start(world, "resume", name))
    assert code == 0, err
    await world.all_is_well(name)


async def test_a_role_that_is_killed_again_and_again(world: World) -> None:
    """Each new one goes on with the cursor of the last one; SIGTERM ends it with 0."""
    process = await start(world)
    await eventually(lambda: world.platform.rate_limit.spent > 5, "it has begun", 30)
    await asyncio.sleep(0.5)
    process.kill()
    await ended(process)
    await world.outage(150)
    for _ in range(3):
        free(world)
        before = published(world)
        process = await start(world, per_second=40)
        await eventually(more_than(world, before + 15), "it is in the middle", 60)
        process.kill()
        await ended(process)
    free(world)

    process = await start(world)
    await world.all_handled(world.expected_ids())
    process.terminate()

    code, _, err = await ended(process)
    assert code == 0, err
    await world.all_is_well()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--dry-run",), "--since"),
        (("--rate", "30"), "--since"),
        (("--since", "30d"), "is forgotten"),
        (("--since", "2h", "--resources", "tasks"), "cannot be backfilled"),
        (("--since", "2h", "--resources", "persons"), "no resource"),
        (("resume", "run-0"), "to resume"),
    ],
    ids=["without a span", "a rate for ever", "beyond memory", "not covered", "no resource", "no run"],
)
async def test_what_cannot_be_done_is_refused(world: World, options: tuple[str, ...], words: str) -> None:
    """With the exit code of wrong usage, and a line that says why."""
    code, _, err = await ended(await start(world, *options))

    assert code == 2
    assert words in err


async def test_a_wrong_token_is_said(world: World) -> None:
    """And nothing is tried for long."""
    world.platform.access.revoke(API_TOKEN)

    code, _, err = await ended(await start(world, "--since", "2h"))

    assert code == 1
    assert err.startswith(("error:", "backfill"))
    assert API_TOKEN not in err


async def test_others_keep_their_units(after_an_outage: World) -> None:
    """Of the team's rate limit what is reserved for others is left, and the run waits for the next minute."""
    world = after_an_outage

    run = await start(world, "--since", since(world), BACKFILL_API_RESERVE="595")

    with world.server.client() as client:
        await eventually(lambda: client.hget("sl:salesloft:budget", "remaining") == "595", "its own are spent", 30)
    await eventually(lambda: world.platform.rate_limit.spent >= 5, "they are asked for")
    assert world.platform.rate_limit.spent <= 10  # of two minutes, if one has just ended
    assert run.returncode is None
    run.kill()
    await ended(run)
