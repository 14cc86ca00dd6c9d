"""SalesLoft as a pod outside of the release: `k8s/simulator`, asked through kubectl."""

import json
from typing import Any, Self

import yaml

from tests.chart.rendering import ROOT
from tests.kind.cluster import IMAGE, NAMESPACE, OUTSIDE, PATIENCE, apply, kubectl
from tests.kind.outsider import script
from tests.support.waiting import wait_until

MANIFEST = ROOT / "k8s" / "simulator" / "salesloft-simulator.yaml"
NAME = "salesloft-simulator"
TOKEN = "an-invented-api-token"
CALLBACK_URL = "https://hooks.example.com/webhooks/salesloft"
"""What to register: the manifest says that this is posted to the release's receivers."""


class Simulator:
    """The pod, as a context; nothing happens in it until it is given a rate."""

    def __enter__(self) -> Self:
        kubectl("delete", "deployment,pod", f"--selector=app={NAME}", "--wait", namespace=OUTSIDE)
        deployment, service = yaml.safe_load_all(MANIFEST.read_text("utf-8"))
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        container["image"] = IMAGE
        container["args"] = [each.replace(".salesloft.svc", f".{NAMESPACE}.svc") for each in container["args"]]
        container["args"].append("--rate=0")
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": NAME}, "stringData": {"token": TOKEN}}
        apply(secret, deployment, service, namespace=OUTSIDE)
        kubectl("rollout", "status", f"deployment/{NAME}", PATIENCE, namespace=OUTSIDE)
        return self

    def __exit__(self, *_: object) -> None:
        kubectl("delete", "deployment,service,secret", NAME, "--wait=false", namespace=OUTSIDE)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """What the control port answers."""
        return self._asked(method, f"http://127.0.0.1:8011{path}", json.dumps(body) if body is not None else "")

    def request(self, method: str, path: str, body: object = None) -> Any:
        """What SalesLoft's API answers to the valid token."""
        return self._asked(
            method, f"http://127.0.0.1:8010/v2{path}", json.dumps(body) if body is not None else "", TOKEN
        )

    def settled(self) -> Any:
        """The account, once the load is switched off and no change is under way."""
        self.ask("PUT", "/load", {"rate": 0})
        wait_until(
            lambda: not self.ask("GET", "/account")["under_way"], seconds=120, description="every change has ended"
        )
        return self.ask("GET", "/account")

    def _asked(self, *arguments: str) -> Any:
        command = script("ask", *arguments)
        return json.loads(kubectl("exec", f"deployment/{NAME}", "--", *command, namespace=OUTSIDE))
