"""Which alerts the operator's troubles set off: from what it reports, by Prometheus' own evaluation of the rules."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.operator.cluster import Cluster
from salesloft_webhooks.operator.objects import SecretObject
from salesloft_webhooks.simulator.platform import Fault
from salesloft_webhooks.telemetry import OperatorTelemetry
from salesloft_webhooks.telemetry.metrics import OPERATOR
from tests.operator.team import TOKEN, Team
from tests.support.firing_alerts import LASTING_MINUTES, assert_firing
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("short_times")
LIST = "/v2/webhook_subscriptions"
LAST_SYNC = "salesloft_webhooks_operator_last_sync_timestamp_seconds"
LONG = 3_600.0
"""Seconds that a trouble lasts: longer than the test."""


@pytest.fixture(autouse=True)
def _gone_with_its_process() -> Iterator[None]:
    """Before and afterwards nothing is left of what an operator has said of objects, as when its process ends."""
    OperatorTelemetry(Kind.SUBSCRIPTION).leading(leads=False)
    yield
    OperatorTelemetry(Kind.SUBSCRIPTION).leading(leads=False)


def last_sync(name: str = "sales") -> float | None:
    """Since when SalesLoft's list was not compared with an object, as it is reported; None: nothing is."""
    return OPERATOR.get_sample_value(LAST_SYNC, {"object": name})


def fires(folder: Path, *expected: str, now: float | None = None) -> None:
    """Where what is reported stays as it is, these alerts fire, and no other; ``now``: Unix seconds, if not these."""
    names = {f"SalesloftWebhooks{name}" for name in expected}
    assert_firing("operator", OPERATOR.collect(), time.time() if now is None else now, names, folder)


async def stays() -> bool:
    """Whether looks that go on move the time of the last comparison no more."""
    before = last_sync()
    await asyncio.sleep(1.5)
    return before is not None and last_sync() == before


async def test_nobody_is_called_while_all_is_well(team: Team, tmp_path: Path) -> None:
    """Each look moves the time."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()

        assert not await stays()
        fires(tmp_path, now=time.time() - LASTING_MINUTES * 60)  # as if looks went on until the alerts are looked at


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.ERROR, "Unavailable"),
        (Fault.HALF, "Unreadable"),
        (Fault.HTML, "Unreadable"),
        (Fault.SPENT, "RateLimited"),
    ],
    ids=["errors", "half", "html", "spent"],
)
async def test_an_hour_without_a_list(team: Team, tmp_path: Path, fault: Fault, reason: str) -> None:
    """5xx, half an answer, another's, a rate limit that is used up: what is delivered is, and somebody is told."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()

        team.platform.faults.order(fault, path=LIST, during_seconds=LONG, wait_seconds=LONG)
        await team.shows(lambda: team.condition("Ready") == ("True", reason), "it says so")

        assert await stays()
        fires(tmp_path, "SubscriptionsSyncOld")


async def test_a_revoked_token(team: Team, tmp_path: Path) -> None:
    """What SalesLoft still sends is not missing; what it is asked for is refused."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()

        team.platform.access.revoke(TOKEN)
        await team.shows(lambda: team.condition("CredentialsValid") == ("False", "CredentialsRefused"), "it says so")

        assert await stays()
        fires(tmp_path, "SubscriptionsSyncOld")


async def test_a_token_that_was_never_right(team: Team, tmp_path: Path) -> None:
    """Nothing was ever compared: it is told of all the same."""
    await team.given()
    team.login("not-this-one")
    async with team.operator():
        team.declare()
        await team.shows(lambda: team.condition("CredentialsValid") == ("False", "CredentialsRefused"), "it says so")

        assert await stays()
        fires(tmp_path, "SubscriptionsSyncOld")


async def test_a_mistake_of_ours(team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look ends where nobody has thought of it, before SalesLoft is asked: that is no silence."""
    looks = 0

    async def broken(_: Cluster, name: str) -> SecretObject:
        nonlocal looks
        looks += 1
        raise RuntimeError(name)

    monkeypatch.setattr(Cluster, "secret", broken)
    await team.given()
    async with team.operator():
        team.declare()
        await eventually(lambda: looks > 1, "it is looked at again")

        assert await stays()
        fires(tmp_path, "SubscriptionsSyncOld")


async def test_what_somebody_has_to_look_at(team: Team, tmp_path: Path) -> None:
    """Nothing can be created, so events are missing; and at our address is a subscription that is not ours."""
    await team.given()
    foreign = team.subscribe("note_created", "somebody's")
    team.platform.faults.order(Fault.ERROR, path=LIST, method="POST", during_seconds=LONG)
    async with team.operator():
        team.declare()
        await team.shows(lambda: team.status().get("foreign") == [foreign], "it says so")
        await team.shows(lambda: team.condition("Ready")[0] == "False", "nothing is delivered")

        now = time.time() - LASTING_MINUTES * 60  # looks go on
        fires(tmp_path, "SubscriptionsForeign", "SubscriptionsIncomplete", now=now)
