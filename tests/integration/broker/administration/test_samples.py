"""The rings of samples, on a real store."""

import asyncio

from salesloft_webhooks.broker.administration.samples import (
    EVERY_SECONDS,
    KEPT,
    GroupSample,
    Sample,
    add_samples,
    group_samples,
    rates,
    samples,
    trend,
)
from salesloft_webhooks.broker.administration.stats import measure
from salesloft_webhooks.broker.delivery_counts import OUTCOME, Deliveries
from tests.support.broker_driver import Driven

STORED = Deliveries("default", OUTCOME, "stored", 1, 7)


async def add(driven: Driven, *, every_seconds: float = 0.0) -> bool:
    """Measure and add."""
    return await add_samples(driven.store, await measure(driven.store), [STORED], every_seconds=every_seconds)


async def test_a_sample_says_how_the_pipeline_and_each_group_stood(driven: Driven) -> None:
    """Entries added to all partitions, deliveries by outcome; of a group what `measure` says."""
    group = await driven.group()
    await driven.publish(*(f"e{number}" for number in range(9)))
    await driven.kill(group, 1)

    assert await add(driven)

    assert [(each.added, each.outcomes) for each in await samples(driven.store)] == [(9, {"default": {"stored": 7}})]
    only = (await group_samples(driven.store, "crm"))[0]
    assert (only.backlog, only.dead, only.running, only.unfinished) == (6, 3, 0, 6)


async def test_of_several_who_sample_at_once_one_writes(driven: Driven) -> None:
    """No two samples stand nearer together than they are to be, whoever makes them."""
    await driven.group()

    wrote = await asyncio.gather(*(add(driven, every_seconds=EVERY_SECONDS) for _ in range(5)))

    assert sorted(wrote) == [False] * 4 + [True]
    assert len(await samples(driven.store)) == len(await group_samples(driven.store, "crm")) == 1


async def test_the_rings_are_bounded_and_end(driven: Driven) -> None:
    """Half an hour is kept, the oldest goes first, and what nobody adds to any more is gone half an hour later."""
    await driven.group()

    for _ in range(KEPT + 3):
        await add(driven)

    found = await group_samples(driven.store, "crm")
    assert len(found) == len(await samples(driven.store)) == KEPT
    assert [each.at_ms for each in found] == sorted(each.at_ms for each in found)
    with driven.server.client() as client:
        for key in ("sl:samples", "sl:g:crm:samples"):
            assert client.llen(key) == KEPT
            assert 0 < client.ttl(key) <= KEPT * EVERY_SECONDS
            assert client.memory_usage(key) < 12_000


async def test_words_of_another_version_are_passed_over(driven: Driven) -> None:
    """What cannot be read says nothing, and spoils nothing else."""
    await driven.group()
    await add(driven)
    with driven.server.client() as client:
        client.rpush("sl:samples", "nonsense", "12 {}", "x {}")
        client.rpush("sl:g:crm:samples", "1 2 3", "1 2 3 4 5 6 7 x")

    assert len(await samples(driven.store)) == len(await group_samples(driven.store, "crm")) == 1


def at(seconds: float, added: int, rejected: int = 0) -> Sample:
    """A sample of the pipeline."""
    return Sample(int(seconds * 1_000), added, {"default": {"rejected": rejected}} if rejected else {})


def test_rates_are_of_the_last_minute() -> None:
    """A burst of before does not count; a counter that began anew counts as zero; one sample says nothing."""
    burst = [at(0, 0), at(15, 90_000), at(30, 90_000), at(45, 90_030), at(60, 90_045), at(75, 90_060, rejected=30)]

    assert (rates(burst).seconds, rates(burst).stored) == (60.0, 1.0)
    assert rates(burst).outcomes == {"default": {"rejected": 0.5}}
    assert rates([at(0, 90_000), at(15, 10)]).stored == 0.0
    assert rates([at(0, 5)]).seconds == 0.0
    assert rates([at(0, 0), at(600, 600)]).stored == 1.0, "samples that are far apart say what they can"


def backlog(seconds: int, size: int) -> GroupSample:
    """A sample of a group."""
    return GroupSample(seconds * 1_000, size, 0, 0, 0, 0, 0, size)


def test_a_trend_says_when_a_backlog_is_empty() -> None:
    """It falls by so much a second, and is empty then; one that grows, or is empty, is never said to become empty."""
    falling = trend([backlog(0, 100), backlog(15, 70), backlog(30, 40)])

    assert (falling.growth, falling.empty_in_seconds) == (-2.0, 20.0)
    assert trend([backlog(0, 0), backlog(10, 50)]).growth == 5.0
    assert trend([backlog(0, 0), backlog(10, 50)]).empty_in_seconds is None
    assert trend([backlog(0, 50), backlog(10, 0)]).empty_in_seconds is None
    assert trend([backlog(0, 50)]).seconds == 0.0
