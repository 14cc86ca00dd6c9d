"""A kind cluster as the people who use one see it: through kubectl, helm, and pods that knock from outside."""

import json
import os
import subprocess
import time
from typing import Any

from tests.chart.rendering import CHART, TOOLS, Object, Values
from tests.support.waiting import wait_until

CONTEXT = "kind-salesloft-webhooks-tests"
"""The only context that is ever touched: a developer's other clusters are none of the tests' business."""
IMAGE = os.environ.get("IMAGE", "salesloft-webhooks:dev")
RELEASE = "salesloft-webhooks"
OURS = os.environ.get("CLUSTER_SHARE", "")
"""Of a session that shares the cluster with another one: its namespaces have this in their names."""
NAMESPACE = f"salesloft{OURS}"
OUTSIDE = f"outside{OURS}"
SECRET = "the-tests-own-secret"
PATIENCE = "--timeout=5m"
"""How long pods may take to be ready: as long as Helm waits. No test is about how fast a cluster is."""


def absent() -> str | None:
    """Why nothing can be tested here, or None."""
    if not (TOOLS / "bin" / "helm").exists():
        return "there is no helm, run `make tools`"
    try:
        contexts = run("kubectl", "config", "get-contexts", "--output=name", check=False).stdout.split()
    except FileNotFoundError:
        return "there is no kubectl"
    return None if CONTEXT in contexts else f"there is no context {CONTEXT}"


def run(*command: str, given: str | None = None, check: bool = True, seconds: float = 300) -> Any:
    """A finished command; the test fails with what it said when it must succeed and does not."""
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=seconds)
    assert not check or done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done


def kubectl(*arguments: str, namespace: str = NAMESPACE, given: str | None = None, check: bool = True) -> str:
    """What kubectl prints on stdout."""
    scope = ("kubectl", "--context", CONTEXT, "--namespace", namespace)
    return str(run(*scope, *arguments, given=given, check=check).stdout)


def objects(kind: str, *selection: str, namespace: str = NAMESPACE) -> list[Object]:
    """Objects of a kind, for example of ``--selector=...``."""
    return list(json.loads(kubectl("get", kind, *selection, "--output=json", namespace=namespace))["items"])


def apply(*contents: Object, namespace: str = NAMESPACE) -> None:
    """Create or change objects."""
    kubectl(
        "apply",
        "--filename=-",
        given=json.dumps({"apiVersion": "v1", "kind": "List", "items": contents}),
        namespace=namespace,
    )


def pods(component: str) -> list[Object]:
    """The release's pods of a component that are not about to end."""
    found = objects("pods", f"--selector=app.kubernetes.io/component={component}")
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


def state_of_the_cluster() -> str:
    """For a person who reads of a failure: all pods, and what is known of those that are not ready."""
    unready = [pod["metadata"]["name"] for pod in objects("pods") if not _is_ready(pod)]
    parts = [
        kubectl("get", "pods,persistentvolumeclaims", "--all-namespaces", "--output=wide", check=False),
        "\n".join(kubectl("get", "events", "--sort-by=.lastTimestamp", check=False).splitlines()[-40:]),
    ]
    for name in unready:
        parts.append(kubectl("describe", "pod", name, check=False))
        parts.append(kubectl("logs", name, "--all-containers", "--prefix", "--tail=40", check=False))
        parts.append(kubectl("logs", name, "--all-containers", "--prefix", "--tail=40", "--previous", check=False))
    return "\n".join(parts)


def _is_ready(pod: Object) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


def program(*arguments: str) -> Any:
    """What our command line says, as JSON, when it is run in a receiver as operations.md does."""
    return json.loads(command(*arguments, "--json"))


def command(*arguments: str) -> str:
    """What our command line prints there."""
    receiver = f"deploy/{RELEASE}-receiver"
    return kubectl("exec", receiver, "--container=receiver", "--", "salesloft-webhooks", *arguments)


class Release:
    """The chart, installed by Helm with the image under test and keys that the tests know."""

    def install(self, values: Values | None = None, *, wait: bool = True) -> str:
        """Install or upgrade, and wait until everything is ready, unless told not to. Returns what Helm says.

        ``{"source": {}}`` leaves the keys to the chart.
        """
        repository, _, tag = IMAGE.rpartition(":")
        given = {"image": {"repository": repository, "tag": tag}, "source": {"keys": {"webhookSecret": SECRET}}}
        flags = ("--install", "--reset-values", PATIENCE, "--values=-", *(["--wait"] if wait else []))
        return self.helm("upgrade", RELEASE, str(CHART), *flags, given=json.dumps(given | (values or {})))

    def helm(self, *arguments: str, given: str | None = None, program: str = "helm") -> str:
        """What Helm prints on stdout, or another version of it, which is a ``program`` of `make tools`."""
        scope = (str(TOOLS / "bin" / program), "--kube-context", CONTEXT, "--namespace", NAMESPACE)
        return str(run(*scope, *arguments, given=given, seconds=420).stdout)

    def test(self) -> str:
        """`helm test` with the logs of its pod."""
        return self.helm("test", RELEASE, "--logs")

    def uninstall(self) -> None:
        """Remove the release, if there is one, and wait until it is gone.

        Helm 4 does not always wait: on a busy machine it ends with what "still exists" after a few seconds.
        """
        self.helm("uninstall", RELEASE, "--cascade=foreground", "--ignore-not-found")
        kinds = "pods,deployments,statefulsets,services"
        wait_until(lambda: not objects(kinds), seconds=180, description="all that runs is gone")


def entries() -> int:
    """How many events the stream holds, handled ones included."""
    return sum(partition["entries"] for partition in program("status")["partitions"])


def unfinished() -> dict[str, int]:
    """What each group has still to do, or has given up on."""
    return {group["group"]: group["lag"] + group["pending"] + group["dead"] for group in program("status")["groups"]}


def wait_until_handled() -> None:
    """Wait until every group has done everything, with nothing given up."""
    wait_until(lambda: not any(unfinished().values()), seconds=90, description=f"all is handled: {unfinished()}")


def wait_until_rolled_out(component: str, *, pods: int) -> None:
    """Wait until the new pods are available and the old ones are gone."""
    kubectl("rollout", "status", f"deployment/{RELEASE}-{component}", PATIENCE)
    selection = f"--selector=app.kubernetes.io/component={component}"
    wait_until(lambda: len(objects("pods", selection)) == pods, seconds=90, description="the old pods are gone")


def wait_until_carried(keys: str) -> None:
    """Wait until every receiver has these keys, and has looked at them."""
    names = [pod["metadata"]["name"] for pod in pods("receiver")]
    # A pod that is touched is looked at by its node at once, and otherwise about once a minute.
    kubectl("annotate", "pods", *names, f"touched={time.time()}", "--overwrite")
    wait_until(lambda: all(keys_of(name) == keys for name in names), seconds=120, description="the keys are there")
    time.sleep(2)


def keys_of(pod: str) -> str:
    """What the receiver in it finds in its file."""
    return kubectl("exec", pod, "--", "cat", "/etc/salesloft-webhooks/keys/webhook-secret")
