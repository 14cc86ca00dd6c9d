"""The five-minute install, on nodes: it becomes ready, works, keeps to what it promises, and leaves what it should."""

import json
import time

import pytest

from tests.chart.rendering import Values
from tests.kind.cluster import RELEASE, Release, entries, kubectl, objects, pods
from tests.kind.outsider import Sender, script
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("nothing_installed")
TRIAL: Values = {"source": {}}
"""Keys that the chart generates."""


def test_helm_test_sees_a_signed_delivery_handled(release: Release) -> None:
    """After the default install, `helm test` posts through the Service and sees the activity group handle it."""
    assert "handled by activity" in release.test()


def test_every_pod_is_as_confined_as_promised(release: Release) -> None:
    """Each of our pods runs as a numbered user without capabilities or token, and writes nowhere but to its volume."""
    for pod in pods("receiver") + pods("worker"):
        name = pod["metadata"]["name"]
        found = json.loads(kubectl("exec", name, "--", *script("confinement")))
        assert found == {"user": 65532, "capabilities": 0, "token": False, "writable": []}, name


def test_receivers_run_on_different_nodes(release: Release) -> None:
    """Losing one node leaves a receiver."""
    assert len({pod["spec"]["nodeName"] for pod in pods("receiver")}) == 2


def test_a_worker_is_ready_within_seconds_of_its_start(release: Release) -> None:
    """A deleted worker's successor passes its probes, and no pod was ever restarted by one."""
    kubectl("delete", "pod", "--selector=app.kubernetes.io/component=worker,salesloft-webhooks/group=notify")
    kubectl("rollout", "status", f"deployment/{RELEASE}-worker-notify", "--timeout=60s")

    ends = [status["lastState"] for pod in objects("pods") for status in pod["status"]["containerStatuses"]]

    # A start that the engine itself could not make is none of ours.
    assert {end["terminated"]["reason"] for end in ends if "terminated" in end} <= {"StartError"}


def test_a_faulty_valkey_setting_is_mended_by_the_next_upgrade(release: Release) -> None:
    """A server that cannot start does not keep the StatefulSet from replacing it by one that can."""
    release.install({"valkey": {"extraConfig": "nonsense on"}}, wait=False)
    wait_until(_valkey_fails, seconds=90, description="the server cannot start")

    release.install()

    assert "handled by activity" in release.test()


def _valkey_fails() -> bool:
    (pod,) = objects("pods", "--selector=app.kubernetes.io/component=valkey") or [{"status": {}}]
    return any(status["restartCount"] for status in pod["status"].get("containerStatuses", []))


def test_what_is_kept_over_uninstall_is_taken_up_again(release: Release) -> None:
    """After uninstall and install, the events and the generated signing keys are those of before."""
    with Sender():
        time.sleep(2)
    kubectl("delete", "secret", f"{RELEASE}-keys")
    release.install(TRIAL)
    before, keys = entries(), _keys()
    release.uninstall()

    release.install(TRIAL)

    assert (entries(), _keys()) == (before, keys)
    assert "handled by activity" in release.test()


def _keys() -> str:
    return kubectl("get", "secret", f"{RELEASE}-keys", "--output=jsonpath={.data}")
