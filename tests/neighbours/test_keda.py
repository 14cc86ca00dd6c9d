"""Workers follow the backlog: KEDA reads it from Prometheus, adds pods while it is long, and leaves none behind it."""

import time
from collections.abc import Iterator

import pytest

from salesloft_webhooks.handlers.builtin_groups import BUILTIN_GROUPS
from tests.chart.rendering import Values
from tests.kind.cluster import Release, apply, kubectl, objects, pods, unfinished, wait_until_handled
from tests.kind.outsider import Sender
from tests.support.waiting import wait_until

pytestmark = pytest.mark.neighbour("keda")
MOST = 4
HANDLERS = """
import asyncio
from salesloft_webhooks import Event, Retry, Router

slowly = Router()
later = Router()

@slowly.on("person.updated")
async def slow(event: Event) -> None:
    await asyncio.sleep(1)

@later.on("person.updated")
async def late(event: Event) -> None:
    if event.attempt == 1:
        raise Retry(after=120)
"""


def group(router: str, most: int) -> Values:
    """A group that runs five handlers at once in a pod, and has no pod while there is nothing to do."""
    return {
        "handlers": [f"ours:{router}"],
        "concurrency": 5,
        "extraEnv": [{"name": "PYTHONPATH", "value": "/handlers"}],
        "extraVolumes": [{"name": "handlers", "configMap": {"name": "handlers"}}],
        "extraVolumeMounts": [{"name": "handlers", "mountPath": "/handlers", "readOnly": True}],
        "autoscaling": {
            "type": "keda",
            "maxReplicas": most,
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
            "keda": {
                "serverAddress": "http://prometheus.monitoring:9090",
                "backlogPerReplica": 50,
                "pollingInterval": 5,
                "idleReplicas": 0,
                "cooldownPeriod": 10,
            },
        },
    }


@pytest.fixture
def scaled() -> Iterator[Release]:
    """The release with a group that handles five events a second per pod, one that puts all off, and nothing else."""
    contents = {"ours.py": HANDLERS}
    apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "handlers"}, "data": contents})
    release = Release()
    built_in = {row.name: None for row in BUILTIN_GROUPS if row.on_by_default}
    groups = {"slow": group("slowly", MOST), "later": group("later", 1)}
    release.install({"workers": {**built_in, **groups}, "test": {"group": "slow"}})
    yield release
    release.uninstall()
    kubectl("delete", "secret,persistentvolumeclaim,configmap", "--all")


@pytest.mark.usefixtures("scaled")
def test_pods_come_and_go_with_the_backlog() -> None:
    """A backlog brings the first pod and all allowed ones, its end takes the last; one that is put off keeps none.

    What was put off brings a pod when its time has come. Nothing is lost.
    """
    wait_until(lambda: readable() == {"True"}, seconds=60, description="KEDA can read both backlogs")
    wait_until(lambda: not pods("worker"), seconds=120, description="no pod is there for nothing")

    with Sender() as sender:
        time.sleep(15)
    wait_until(lambda: workers("slow") == MOST, seconds=90, description="all allowed pods are there")
    wait_until(lambda: _put_off() and not workers("later"), seconds=90, description="no pod waits for a time")

    wait_until(lambda: not unfinished()["slow"], seconds=180, description="the backlog is worked off")
    wait_until(lambda: not workers("slow"), seconds=180, description="no pod is left")
    wait_until(lambda: not unfinished()["later"], seconds=180, description="a pod came at that time, and did them all")
    wait_until(lambda: not workers("later"), seconds=120, description="and went")
    wait_until_handled()
    assert not sender.result["failed"]


def workers(group: str) -> int:
    """How many pods of a group there are that are not about to end."""
    return sum(pod["metadata"]["labels"]["salesloft-webhooks/group"] == group for pod in pods("worker"))


def readable() -> set[str]:
    """What KEDA says of its scaled objects: whether they are ready."""
    found = [c for item in objects("scaledobjects") for c in item.get("status", {}).get("conditions", [])]
    return {each["status"] for each in found if each["type"] == "Ready"}


def _put_off() -> bool:
    return unfinished()["later"] > 0
