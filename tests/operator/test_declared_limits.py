"""Limits declared in Kubernetes: a real API server, a real store, and people who limit the group as well."""

from itertools import count
from urllib.error import HTTPError

import pytest
import yaml

from salesloft_webhooks.broker.administration.handler_limiting import stored_handler_limits
from salesloft_webhooks.broker.administration.limiting import forget_limits, limit_by_hand, stored_limits
from salesloft_webhooks.broker.group_limits import set_limits
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.limits import MOST_BURST, MOST_PER_SECOND, Limits, Rate, SaidLimits
from tests.operator.groups import LookedAfter
from tests.support.documents import blocks

UNPROCESSABLE = 422


async def in_force(groups: LookedAfter) -> str:
    """What limits the group, in words."""
    return (await stored_limits(groups.driven.store, "crm")).in_force.text


async def of_handlers(groups: LookedAfter) -> dict[str, str]:
    """What limits its handlers, in words, of those of which somebody says something."""
    return {each.handler: each.in_force.text for each in await stored_handler_limits(groups.driven.store, "crm")}


async def test_what_is_declared_limits_the_group(groups: LookedAfter) -> None:
    """The page's object does, in every partition, until it is taken out; its status says so, and so does `status`."""
    (page,) = (yaml.safe_load(block.text) for block in blocks("docs/limits.md", "yaml"))
    await groups.driven.group()
    groups.declare(**page["spec"])

    await groups.look()
    declared = await in_force(groups)
    with groups.driven.server.client() as redis:
        clocks = {redis.hget(f"sl:{{{number}}}:g:crm:clock", "limits") for number in range(3)}
    await groups.look()
    shown, said, by = groups.status()["limits"], groups.status_command()["crm"]["limits"], groups.status()["limitedBy"]
    handlers = await of_handlers(groups)
    groups.change(limits=None)
    await groups.look()

    assert declared == shown == said == "10 at once, 100/min burst 20"
    assert by == f"{shown} (by ConsumerGroup {groups.cluster.namespace}/crm)"
    assert handlers == {"log_mail": "2 at once"}
    assert len(clocks) == 1
    assert await in_force(groups) == ""
    assert await of_handlers(groups) == {}


async def test_by_hand_comes_first_and_goes_back_to_what_is_declared(groups: LookedAfter) -> None:
    """For each of the two by itself; the operator does not fight with somebody."""
    await groups.driven.group()
    groups.declare(limits={"maxRunning": 10, "rate": "100/min"})
    await groups.look()

    await limit_by_hand(groups.driven.store, "crm", SaidLimits(2))
    await groups.look()
    by_hand = await in_force(groups)
    await groups.look()
    said = groups.status()["limitedBy"]
    await forget_limits(groups.driven.store, "crm")
    await groups.look()

    assert by_hand == "2 at once, 100/min"
    assert said.split("; ")[0] == "2 at once (by hand)"
    assert said.split("; ")[1].startswith("10 at once, 100/min (by ConsumerGroup ")
    assert await in_force(groups) == "10 at once, 100/min"


async def test_an_object_that_is_deleted_takes_its_limits_along(groups: LookedAfter) -> None:
    """Also one whose deletion no operator has seen: who declared it stands in the store."""
    await groups.driven.group()
    groups.declare(limits={"maxRunning": 10})
    await groups.look()

    groups.withdraw()
    groups.begin()
    await groups.look()

    assert await in_force(groups) == ""


async def test_another_namespaces_limits_are_left_alone(groups: LookedAfter) -> None:
    """Two releases may share a store."""
    await groups.driven.group()
    await set_limits(groups.driven.store, "crm", "declared", SaidLimits(7, by="elsewhere/crm"))

    await groups.look()

    assert await in_force(groups) == Limits(7).text


async def test_who_does_not_lead_changes_nothing(groups: LookedAfter) -> None:
    """Nor is what is there taken back."""
    await groups.driven.group()
    groups.declare(limits={"rate": "5/s"})
    groups.leads = lambda: False

    await groups.look()

    assert await in_force(groups) == ""


@pytest.mark.parametrize(
    ("period", "most"), [("s", MOST_PER_SECOND), ("min", 60 * MOST_PER_SECOND), ("h", 3600 * MOST_PER_SECOND)]
)
def test_a_rate_that_nobody_could_keep_is_refused(groups: LookedAfter, period: str, most: int) -> None:
    """When it is declared, like one of nothing: else the object could not be read, and its pause would not count."""

    def taken(rate: str) -> bool:
        try:
            groups.declare(f"rate-{next(numbers)}", limits={"rate": rate})
        except HTTPError as exc:
            if exc.code != UNPROCESSABLE:
                raise
            return False
        return True

    def readable(rate: str) -> bool:
        try:
            return bool(Rate.parse(rate))
        except ConfigurationError:
            return False

    numbers = count()
    counts = [0, 1, most // 10, most - 1, most, most + 1, 2 * most, 9 * most, 10 * most]
    rates = [f"{number}/{period}" for number in counts]
    rates += [f"1/{period} burst {number}" for number in (0, 1, 9_999, MOST_BURST, MOST_BURST + 1, 10 * MOST_BURST)]

    assert {rate: taken(rate) for rate in rates} == {rate: readable(rate) for rate in rates}
