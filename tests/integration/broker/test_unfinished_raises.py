"""A raise of the number of partitions that its process did not finish, or that met another."""

import asyncio

import pytest

from salesloft_webhooks.broker import Stored, decide_partitions
from salesloft_webhooks.broker.partition_raise import complete_raise
from tests.support.broker_bench import Bench, open_bench
from tests.support.servers import Server

PEOPLE = [f"person:{number}" for number in range(40)]


def stored(bench: Bench) -> list[str]:
    """The ids in all partitions."""
    return [fields["id"] for number in range(4) for _, fields in bench.redis.xrange(f"sl:{{{number}}}:events")]


@pytest.mark.parametrize("sealed", [0, 1, 2, 4], ids=["nothing", "the first", "the old ones", "all"])
async def test_a_raise_that_nobody_finished_is_finished(server: Server, sealed: int) -> None:
    """Whoever raises dies after any step: receivers of the old number go on, and the first who notices finishes."""
    async with open_bench(server, partitions=2) as bench, open_bench(server, partitions=2) as other:
        await decide_partitions(bench.store, 2)
        for side in (bench, other):
            await side.publish("warm")
        for partition in range(sealed):
            await bench.store.run("seal", partition, [4, 2 if partition < 2 else 0])

        at_once = await asyncio.gather(
            *(side.publish(f"e{n}", key=key) for n, key in enumerate(PEOPLE) for side in (bench, other))
        )

        assert at_once.count(Stored.NEW) == len(PEOPLE)
        assert sorted(stored(bench)) == sorted(["warm", *(f"e{number}" for number in range(40))])
        numbers = {bench.redis.hget(f"sl:{{{partition}}}:layout", "partitions") for partition in range(4)}
        assert (bench.redis.get("sl:partitions"), numbers) == (("4", {"4"}) if sealed else ("2", {"2", None}))


@pytest.mark.parametrize("sealed", [(0, 1), (1,)], ids=["from the first on", "behind us"])
async def test_of_two_raises_at_once_the_greater_number_counts(server: Server, sealed: tuple[int, ...]) -> None:
    """Whoever raises to 4 and meets seals for 6 raises to 6: nothing is stored by 4, which would be found by nobody."""
    async with open_bench(server, partitions=2) as bench:
        await decide_partitions(bench.store, 2)
        for partition in sealed:
            await bench.store.run("seal", partition, [6, 2])

        assert await complete_raise(bench.store, 2, 4) == 6

        layouts = [bench.redis.hget(f"sl:{{{partition}}}:layout", "partitions") for partition in range(6)]
        assert (bench.redis.get("sl:partitions"), layouts) == ("6", ["6"] * 6)
