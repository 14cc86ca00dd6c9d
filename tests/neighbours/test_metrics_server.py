"""Receivers follow the load: metrics-server measures it, a HorizontalPodAutoscaler counts pods by it."""

import pytest

from tests.chart.rendering import Object
from tests.kind.cluster import RELEASE, Release, objects, pods, wait_until_handled
from tests.kind.outsider import Sender
from tests.support.waiting import wait_until

pytestmark = pytest.mark.neighbour("metrics-server")
MOST = 3
SCALED = {
    "receiver": {
        "autoscaling": {
            "enabled": True,
            "minReplicas": 1,
            "maxReplicas": MOST,
            "targetCPUUtilizationPercentage": 50,
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
        },
        # Half of this is more than a receiver without deliveries uses, and much less than one with a hundred a second.
        "resources": {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "192Mi"}},
    }
}


def test_receivers_come_and_go_with_the_load(release: Release) -> None:
    """A hundred deliveries a second bring all allowed receivers, a few leave one; none is refused on either way.

    An upgrade leaves as many as there are.
    """
    release.install(SCALED)
    wait_until(lambda: used() is not None, seconds=120, description="the autoscaler knows what receivers use")
    wait_until(lambda: len(pods("receiver")) == 1, seconds=120, description="one receiver is enough for nothing")

    with Sender(rate=100) as loud:
        wait_until(lambda: ready() == MOST, seconds=180, description="all allowed receivers are there")
        release.install(SCALED)
        asked_for = wanted()
    with Sender(rate=2) as quiet:
        wait_until(lambda: len(pods("receiver")) == 1, seconds=240, description="one receiver is left")

    assert asked_for == MOST
    assert (loud.result["failed"], quiet.result["failed"]) == ({}, {})
    wait_until_handled()


def used() -> int | None:
    """What receivers use of the CPU they ask for, in percent, once it was measured."""
    (scaler,) = objects("horizontalpodautoscalers")
    metrics = scaler["status"].get("currentMetrics") or [{}]
    current = metrics[0].get("containerResource", {}).get("current", {})
    value: int | None = current.get("averageUtilization")
    return value


def ready() -> int:
    """How many receivers are ready."""
    return int(_deployment()["status"].get("readyReplicas", 0))


def wanted() -> int:
    """How many receivers there shall be."""
    return int(_deployment()["spec"]["replicas"])


def _deployment() -> Object:
    (found,) = objects("deployments", f"--field-selector=metadata.name={RELEASE}-receiver")
    return found
