"""Pods that are not part of the release: a sender of signed deliveries, and somebody who tries doors."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.kind.cluster import IMAGE, NAMESPACE, OUTSIDE, PATIENCE, RELEASE, SECRET, apply, kubectl
from tests.support.waiting import wait_until

RECEIVER = f"{RELEASE}-receiver.{NAMESPACE}.svc"
IN_POD = Path(__file__).parent / "in_pod"


def script(name: str, *arguments: str) -> list[str]:
    """The command that runs one of our scripts in a pod of our image."""
    return ["python3", "-c", (IN_POD / f"{name}.py").read_text("utf-8"), *arguments]


def _pod(name: str, container: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "containers": [{"name": name, "image": IMAGE, **container}],
        },
    }


@dataclass
class Sender:
    """Deliveries at a steady rate, as a context: inside it they flow, at its end all have got their answer.

    Each comes on a connection of its own, so that all of them meet whatever the cluster believes to be a receiver.

    Attributes:
        rate: Deliveries a second.
        retries: How often one without a 200 is repeated, 15 s apart.
        secret: What it signs with.
        host: Whom it posts to.
        address: The address of that name, where it is not one of the cluster's names.
        authority: Whose certificates it trusts, in PEM; it speaks TLS then.
        result: At the end: how many were ``sent``; and counted by what the answer was, deliveries ``lost`` and
            attempts ``failed``.
    """

    rate: float = 40.0
    retries: int = 0
    secret: str = SECRET
    host: str = RECEIVER
    address: str = ""
    authority: str = ""
    result: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        kubectl("delete", "pod", "sender", "--ignore-not-found", "--wait", namespace=OUTSIDE)
        arguments = (self.host, self.secret, str(self.rate), str(self.retries))
        command = script("sender", *arguments, *([self.authority] if self.authority else []))
        pod = _pod("sender", {"command": command})
        pod["spec"]["hostAliases"] = [{"ip": self.address, "hostnames": [self.host]}] if self.address else []
        apply(pod, namespace=OUTSIDE)
        kubectl("wait", "pod/sender", "--for=condition=Ready", PATIENCE, namespace=OUTSIDE)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            kubectl("exec", "sender", "--", "python3", "-c", "import os; os.kill(1, 2)", namespace=OUTSIDE)
            wait_until(self._done, seconds=90, description="every delivery has its answer")
            self.result = json.loads(kubectl("logs", "sender", namespace=OUTSIDE))

    def _done(self) -> bool:
        phase = kubectl("get", "pod", "sender", "--output=jsonpath={.status.phase}", namespace=OUTSIDE)
        return phase in {"Succeeded", "Failed"}


@dataclass
class Stranger:
    """A pod in a namespace of its own, which can try whether a port is open to it.

    Attributes:
        namespace: Where it lives.
    """

    namespace: str

    def __enter__(self) -> Self:
        waiting = {"command": ["python3", "-c", "import time; time.sleep(3600)"]}
        apply(_pod("stranger", waiting), namespace=self.namespace)
        kubectl("wait", "pod/stranger", "--for=condition=Ready", PATIENCE, namespace=self.namespace)
        return self

    def __exit__(self, *_: object) -> None:
        kubectl("delete", "pod", "stranger", "--wait=false", namespace=self.namespace)

    def reaches(self, address: str, port: int) -> bool:
        """Whether a connection is made."""
        return reaches("pod/stranger", address, port, namespace=self.namespace)


def reaches(source: str, address: str, port: int, *, namespace: str = NAMESPACE) -> bool:
    """Whether a pod of our image gets a connection to an address."""
    command = script("probe", address, str(port))
    return kubectl("exec", source, "--", *command, namespace=namespace, check=False).strip() == "open"
