"""Workers follow the backlog: KEDA reads it from Prometheus, adds pods while it is long, and takes them away after."""

import time
from collections.abc import Iterator

import pytest

from salesloft_webhooks.handlers.builtin_groups import BUILTIN_GROUPS
from tests.kind.cluster import Release, apply, kubectl, objects, pods, unfinished, wait_until_handled
from tests.kind.outsider import Sender
from tests.support.waiting import wait_until

pytestmark = pytest.mark.neighbour("keda")
HANDLERS = """
import asyncio
from salesloft_webhooks import Event, Router

router = Router()

@router.on("person.updated")
async def slow(event: Event) -> None:
    await asyncio.sleep(1)
"""
SLOW = {
    "handlers": ["slow:router"],
    "concurrency": 5,
    "extraEnv": [{"name": "PYTHONPATH", "value": "/handlers"}],
    "extraVolumes": [{"name": "handlers", "configMap": {"name": "slow"}}],
    "extraVolumeMounts": [{"name": "handlers", "mountPath": "/handlers", "readOnly": True}],
    "autoscaling": {
        "type": "keda",
        "maxReplicas": 4,
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
        "keda": {"serverAddress": "http://prometheus.monitoring:9090", "backlogPerReplica": 50, "pollingInterval": 5},
    },
}


@pytest.fixture
def scaled() -> Iterator[Release]:
    """The release with a group that handles five events a second per pod, and nothing else."""
    apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "slow"}, "data": {"slow.py": HANDLERS}})
    release = Release()
    built_in = {row.name: None for row in BUILTIN_GROUPS if row.on_by_default}
    release.install({"workers": {**built_in, "slow": SLOW}, "test": {"group": "slow"}})
    yield release
    release.uninstall()
    kubectl("delete", "secret,persistentvolumeclaim,configmap", "--all")


def test_pods_come_and_go_with_the_backlog(scaled: Release) -> None:
    """A backlog of hundreds brings all allowed pods, which work it off; after it one remains, and nothing is lost."""
    wait_until(lambda: "True" in active(), seconds=60, description="KEDA can read the backlog")
    wait_until(lambda: len(pods("worker")) == 1, seconds=60, description="one pod is enough for nothing")

    with Sender() as sender:
        time.sleep(15)
    wait_until(lambda: len(pods("worker")) == 4, seconds=90, description="all allowed pods are there")

    wait_until(lambda: not any(unfinished().values()), seconds=180, description="the backlog is worked off")
    wait_until(lambda: len(pods("worker")) == 1, seconds=180, description="one pod is left")
    wait_until_handled()
    assert not sender.result["failed"]


def active() -> str:
    """Whether KEDA says that the scaled object is ready."""
    (found,) = objects("scaledobjects")
    return str([item["status"] for item in found["status"].get("conditions", []) if item["type"] == "Ready"])
