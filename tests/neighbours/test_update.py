"""A release of 0.1.0, chart and program as they were, becomes one of this version while deliveries come."""

import json
from collections.abc import Iterator

import pytest

from tests.chart.rendering import CHART, ROOT, Values
from tests.kind.cluster import (
    IMAGE,
    RELEASE,
    SECRET,
    Release,
    entries,
    kubectl,
    wait_until_handled,
    wait_until_rolled_out,
)
from tests.kind.outsider import Sender

pytestmark = pytest.mark.neighbour("released")
RELEASED = ROOT / "tests/chart/released/salesloft-webhooks-0.1.0.tgz"


@pytest.fixture
def empty() -> Iterator[Release]:
    """Nothing, but at the end nothing as well."""
    release = Release()
    yield release
    release.uninstall()
    kubectl("delete", "secret,persistentvolumeclaim", "--all")


@pytest.mark.parametrize("program", ["helm-oldest", "helm"], ids=["helm 3", "helm 4"])
def test_an_update_from_the_released_version_loses_nothing(empty: Release, program: str) -> None:
    """Each delivery is answered, if need be at a later attempt, and each that was is stored once and handled."""
    upgrade(empty, program, str(RELEASED), "salesloft-webhooks:released")

    with Sender(rate=20, retries=6) as sender:
        upgrade(empty, program, str(CHART), IMAGE)
        wait_until_rolled_out("receiver", pods=2)

    assert sender.result["lost"] == {}
    wait_until_handled()
    assert entries() == sender.result["sent"]
    assert images() == {IMAGE}
    assert "handled by activity" in empty.test()


def upgrade(release: Release, program: str, chart: str, image: str) -> None:
    """Install or upgrade with a chart and an image, and wait until all is ready."""
    repository, _, tag = image.rpartition(":")
    values: Values = {"image": {"repository": repository, "tag": tag}, "source": {"keys": {"webhookSecret": SECRET}}}
    flags = ("--install", "--reset-values", "--wait", "--timeout=5m", "--values=-")
    release.helm("upgrade", RELEASE, chart, *flags, given=json.dumps(values), program=program)


def images() -> set[str]:
    """What the release's receivers and workers run."""
    selection = "--selector=app.kubernetes.io/component in (receiver,worker)"
    return set(kubectl("get", "deployments", selection, "--output=jsonpath={..image}").split())
