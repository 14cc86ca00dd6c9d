"""Procedures of docs/operations.md that only a cluster has: the embedded Valkey's password and its volume."""

import base64
import time

from tests.chart.rendering import Object
from tests.kind.cluster import PATIENCE, RELEASE, Release, apply, entries, kubectl, objects, wait_until_handled
from tests.kind.outsider import Sender
from tests.kind.servers import IMAGE
from tests.support.waiting import wait_until

CLAIM = f"data-{RELEASE}-valkey-0"
VALKEY = f"{RELEASE}-valkey"


def claim(name: str) -> Object:
    """A volume as large as Valkey's."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def copy(source: str, target: str) -> None:
    """Copy a volume into another, as a restored snapshot would be."""
    confined = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    volumes = {"from": source, "to": target}
    container = {
        "name": "copy",
        "image": IMAGE,
        "command": ["cp", "--recursive", "/from/.", "/to"],
        "securityContext": confined,
        "volumeMounts": [{"name": name, "mountPath": f"/{name}"} for name in volumes],
    }
    spec = {
        "restartPolicy": "Never",
        "securityContext": {"runAsNonRoot": True, "fsGroup": 999, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": name, "persistentVolumeClaim": {"claimName": used}} for name, used in volumes.items()],
    }
    apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "copy"}, "spec": spec})
    kubectl("wait", "pod/copy", "--for=jsonpath={.status.phase}=Succeeded", PATIENCE)
    kubectl("delete", "pod", "copy")


def test_the_password_of_the_embedded_valkey_is_rotated(release: Release) -> None:
    """Deliveries that come meanwhile are answered, if need be at a later attempt, and handled; an upgrade keeps it."""
    before = entries()
    new = base64.b64encode(b"the-next-password").decode()

    with Sender(retries=3) as sender:
        kubectl("exec", f"{VALKEY}-0", "--", "sh", "-c", 'valkey-cli ACL SETUSER default ">the-next-password"')
        kubectl("patch", "secret", VALKEY, "--patch", f'{{"data": {{"password": "{new}"}}}}')
        kubectl("rollout", "restart", "deployment")
        kubectl("rollout", "status", "deployment", PATIENCE)
        kubectl("rollout", "restart", "statefulset", VALKEY)
        kubectl("rollout", "status", "statefulset", VALKEY, PATIENCE)

    assert not sender.result["lost"]
    wait_until_handled()
    assert entries() - before == sender.result["sent"]
    release.install()
    assert "handled by activity" in release.test()


def test_the_embedded_valkey_is_restored_from_a_copy(release: Release) -> None:
    """With a copy of its volume in the place of the old one, everything from before it is there, and all goes on."""
    with Sender():
        time.sleep(3)
    wait_until_handled()
    before = entries()

    release.install({"valkey": {"replicas": 0}}, wait=False)
    wait_until(
        lambda: not objects("pods", "--selector=app.kubernetes.io/component=valkey"), seconds=90, description="gone"
    )
    apply(claim("snapshot"))
    copy(CLAIM, "snapshot")
    kubectl("delete", "persistentvolumeclaim", CLAIM)
    apply(claim(CLAIM))
    copy("snapshot", CLAIM)
    release.install(wait=False)
    kubectl("rollout", "status", "statefulset", VALKEY, PATIENCE)

    wait_until(lambda: entries() == before, seconds=60, description="what was in the copy is there")
    release.install()
    assert "handled by activity" in release.test()
