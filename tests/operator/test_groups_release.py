"""Consumer groups declared in the values of the chart, beside those that the operator has created."""

from typing import Any

import pytest

from tests.operator.groups import LookedAfter

pytestmark = pytest.mark.timeout(120)
VALUES: dict[str, Any] = {
    "operator": {"enabled": True},
    "crds": {"enabled": False},
    "networkPolicy": {"enabled": False},
}
NAME = "shop-salesloft-webhooks-crm"


async def test_a_release_declares_a_group_that_has_an_object_already(groups: LookedAfter) -> None:
    """Helm takes over nothing that somebody else has created, so its object has a name of its own."""
    await groups.driven.publish("e1")
    await groups.driven.group()
    await groups.look()
    before = groups.names()

    declared = {"consumerGroups": [{"name": "crm", "spec": {"paused": True, "reason": "moving"}}]}
    groups.kubernetes.install(groups.cluster.namespace, {**VALUES, **declared})
    await groups.look()
    paused, names = not await groups.takes(), groups.names()
    groups.kubernetes.install(groups.cluster.namespace, VALUES)
    await groups.look()

    assert (before, names, paused) == (["crm"], [NAME], True)
    assert groups.names() == ["crm"]
    assert await groups.takes()
