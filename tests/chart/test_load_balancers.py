"""The examples for clouds' load balancers probe what the receiver answers, where it answers it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesloft_webhooks.settings import Settings
from tests.chart.rendering import ROOT, render

EXAMPLES = sorted((ROOT / "k8s" / "load-balancers").glob("*.yaml"))


def probed(node: Any) -> set[tuple[str, Any]]:
    """What an object says of a probe's path and port, wherever it says it."""
    if isinstance(node, list):
        return {found for each in node for found in probed(each)}
    if not isinstance(node, dict):
        return set()
    here = {
        ("port" if key == "port" else "path", value)
        for key, value in node.items()
        if re.search(r"(health-?check|probe-request)-path$|requestPath$", key)
        or (key == "port" and "requestPath" in node)
    }
    return here | probed(list(node.values()))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_load_balancer_probes_the_health_path(path: Path) -> None:
    """Each example names the path that the receiver answers by default and no other, and the pods' own port."""
    rendered = render(yaml.safe_load(path.read_text("utf-8")))
    ports = {port["name"]: port["containerPort"] for port in rendered.container("receiver")["ports"]}

    found = {said for item in rendered.objects if item["kind"] != "Deployment" for said in probed(item)}

    assert ("path", Settings.model_fields["health_path"].default) in found
    assert found <= {("path", Settings.model_fields["health_path"].default), ("port", ports["http"])}


@pytest.mark.parametrize(
    "path", [path for path in EXAMPLES if path.stem.startswith(("aws", "gke"))], ids=lambda p: p.stem
)
def test_a_pod_serves_until_it_is_out_of_the_load_balancer(path: Path) -> None:
    """Where pods are the targets, a leaving one serves for a while before and after it has begun to say so."""
    receiver = yaml.safe_load(path.read_text("utf-8"))["receiver"]

    assert receiver["preStopSeconds"] >= 15
    assert receiver["shutdownDelaySeconds"] >= 15
