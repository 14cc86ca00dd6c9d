"""The plain manifests, on nodes, by the commands of k8s/README.md."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chart.rendering import CHART
from tests.kind.cluster import CONTEXT, NAMESPACE, PATIENCE, RELEASE, kubectl, objects

ROOT = CHART.parent.parent
README = ROOT / "k8s" / "README.md"


def commands() -> list[str]:
    """What the page says to type, a line each."""
    (block,) = [part.split("```")[0] for part in README.read_text("utf-8").split("```sh\n")[1:]]
    return block.strip().splitlines()


@pytest.fixture
def namespace_of_their_own(nothing_installed: None) -> Iterator[None]:
    """The manifests are for the namespace that these tests have made already; what they made is deleted again."""
    assert not objects("deployments"), f"{NAMESPACE} is in use"
    yield
    kubectl("delete", "--filename", str(ROOT / "k8s" / "manifests" / "salesloft-webhooks.yaml"))
    kubectl("delete", "secret,persistentvolumeclaim", "--all")


@pytest.mark.usefixtures("namespace_of_their_own")
def test_the_page_leads_to_a_working_installation(tmp_path: Path) -> None:
    """Typed as they stand, the commands end in pods that handle a trial delivery under the restricted standard."""
    kubectl("config", "use-context", CONTEXT)
    environment = {**os.environ, "REGISTRY": "docker.io/library"}  # where an image is that was loaded, and not pushed
    for command in commands():
        if "create namespace" not in command:
            subprocess.run(command, shell=True, check=True, cwd=ROOT, capture_output=True, timeout=60, env=environment)  # noqa: S602
    for kind in ("statefulset", "deployment"):
        kubectl("rollout", "status", kind, PATIENCE)
    tried = kubectl("exec", f"deploy/{RELEASE}-receiver", "--", "salesloft-webhooks", "trial")
    assert "handled by activity" in tried
