"""What is generated from the chart, or shown as an example of its use, is in step with it."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.chart.rendering import CHART, KUBERNETES, ROOT, TOOLS, render
from tests.chart.test_shapes import VERSIONS, validate
from tests.support.documents import blocks

EXAMPLES = ROOT / "k8s"
VALUES = sorted(EXAMPLES.rglob("*values.yaml"))
OBJECTS = sorted(set(EXAMPLES.rglob("*.yaml")) - set(VALUES) - {EXAMPLES / "kind" / "cluster.yaml"})


def relative(path: Path) -> str:
    """A path for test ids."""
    return str(path.relative_to(EXAMPLES))


def output(*command: str) -> str:
    """What a tool prints."""
    completed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return completed.stdout


def test_the_readme_lists_the_values_as_they_are() -> None:
    """The chart's README is what helm-docs makes of values.yaml (`make chart`)."""
    options = ["--chart-search-root", "charts", "--sort-values-order", "file", "--log-level", "warning", "--dry-run"]

    generated = output(str(TOOLS / "bin" / "helm-docs"), *options)

    assert generated.strip() == (CHART / "README.md").read_text("utf-8").strip()


def test_the_plain_manifests_are_the_charts() -> None:
    """The manifests for those without Helm are what the chart makes today (`make chart`)."""
    manifests = EXAMPLES / "manifests"
    chart = ["template", "salesloft-webhooks", "charts/salesloft-webhooks", "--namespace", "salesloft"]
    options = ["--kube-version", KUBERNETES, "--values", str(manifests / "values.yaml")]

    generated = output(str(TOOLS / "bin" / "helm"), *chart, *options)

    assert generated == (manifests / "salesloft-webhooks.yaml").read_text("utf-8")


@pytest.mark.parametrize("path", VALUES, ids=relative)
def test_example_values_make_valid_objects(path: Path) -> None:
    """The chart takes the example's values, and what it makes of them is valid."""
    objects = render(yaml.safe_load(path.read_text("utf-8"))).objects

    completed = validate(yaml.safe_dump_all(objects), VERSIONS[-1])

    assert completed.returncode == 0, completed.stdout


@pytest.mark.parametrize("path", OBJECTS, ids=relative)
def test_example_objects_are_valid(path: Path) -> None:
    """The example's objects fit the published schemas of Kubernetes and of the operators."""
    completed = validate(path.read_text("utf-8"), VERSIONS[-1])

    assert completed.returncode == 0, completed.stdout


def test_the_argo_cd_application_passes_values_that_generate_nothing() -> None:
    """The values inside the application render, and to no Secret: Argo CD would generate it anew at every look."""
    application = yaml.safe_load((EXAMPLES / "argo-cd" / "application.yaml").read_text("utf-8"))

    rendered = render(application["spec"]["source"]["helm"]["valuesObject"])

    assert rendered.all("Secret") == []


@pytest.mark.parametrize("page", ["charts/salesloft-webhooks/README.md", "docs/operations.md"])
def test_the_first_command_installs_the_image_that_was_pushed(page: str) -> None:
    """Where a page begins with an install, the image that its pods want is the one that it has pushed before."""
    block = next(block for block in blocks() if block.document == page and "helm install" in block.text)
    (pushed,) = re.findall(r"docker push (\S+)", block.text)
    registry, image = re.search(r"--set image\.registry=(\S+)", block.text), render().container("receiver")["image"]

    assert registry is not None
    assert pushed == f"{registry[1]}/{image}"
