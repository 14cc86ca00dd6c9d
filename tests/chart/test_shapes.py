"""Every supported shape renders with the oldest and the newest Helm, and is valid for every Kubernetes it promises."""

import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.chart.rendering import CHART, ROOT, TOOLS, render, shapes

VERSIONS = list(tomllib.loads((ROOT / ".ci" / "tools" / "versions.toml").read_text("utf-8"))["kubernetes"])
CUSTOM = {"PodMonitor", "PrometheusRule", "ScaledObject", "HTTPRoute", "ExternalSecret"}

CLOUDS_OWN = "HealthCheckPolicy,BackendConfig"
"""Kinds of clouds, whose definitions are nowhere to be had; only examples have them."""
OUR_OWN = "SalesloftSubscription,ConsumerGroup"
"""Defined by the chart itself: a real API server holds their objects against that."""
KUBECONFORM = [str(TOOLS / "bin" / "kubeconform"), "-strict", "-skip", f"{CLOUDS_OWN},{OUR_OWN}"]


def validate(manifests: str, version: str) -> subprocess.CompletedProcess[str]:
    """Hold manifests against the strict schemas of a Kubernetes version and of the operators."""
    locations = [
        "--schema-location",
        f"{TOOLS}/schemas/{{{{.NormalizedKubernetesVersion}}}}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json",
        "--schema-location",
        f"{TOOLS}/schemas/custom/{{{{.Group}}}}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json",
    ]
    return subprocess.run(
        [*KUBECONFORM, "-kubernetes-version", version.removeprefix("v"), *locations],
        input=manifests,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def everything() -> str:
    """The objects of all shapes as one stream."""
    objects = [item for path in shapes() for item in render(yaml.safe_load(path.read_text("utf-8"))).objects]
    return yaml.dump_all(objects, Dumper=yaml.CSafeDumper)


@pytest.mark.parametrize("path", shapes(), ids=lambda path: path.stem)
def test_oldest_and_newest_helm_agree(path: Path) -> None:
    """Both render the shape, and to the same objects but for what is generated."""
    values = yaml.safe_load(path.read_text("utf-8"))

    newest, oldest = render(values), render(values, program="helm-oldest")

    def plain(objects: tuple[dict[str, object], ...]) -> list[dict[str, object]]:
        kept = [{**item, "data": None} if item["kind"] == "Secret" else item for item in objects]
        return sorted(kept, key=lambda item: (str(item["kind"]), str(item["metadata"])))

    assert plain(newest.objects) == plain(oldest.objects)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_valid(version: str) -> None:
    """All objects of all shapes fit the strict schemas of this Kubernetes version, custom resources included."""
    completed = validate(everything(), version)

    assert completed.returncode == 0, completed.stdout


def test_the_shapes_cover_every_custom_resource() -> None:
    """Each kind of custom resource that the chart can make is in some shape, so it has been validated."""
    assert {item["kind"] for item in yaml.load_all(everything(), Loader=yaml.CSafeLoader)} >= CUSTOM


def test_the_schemas_refuse_unknown_fields() -> None:
    """A field that does not exist is an error, deep inside a built-in kind and a custom resource."""
    rendered = render(yaml.safe_load((CHART / "ci" / "production-values.yaml").read_text("utf-8")))
    for kind, component in (("Deployment", "receiver"), ("ScaledObject", "worker-crm")):
        broken = yaml.safe_load(yaml.safe_dump(rendered.one(kind, component)))
        target = broken["spec"]["triggers"][0] if kind == "ScaledObject" else broken["spec"]["template"]["spec"]
        target["unheardOf"] = 1

        completed = validate(yaml.safe_dump(broken), VERSIONS[-1])

        assert "unheardOf" in completed.stdout, kind


@pytest.mark.parametrize("path", shapes(), ids=lambda path: path.stem)
def test_helm_finds_nothing_to_complain_about(path: Path) -> None:
    """`helm lint --strict` is content with the shape."""
    command = [str(TOOLS / "bin" / "helm"), "lint", "--strict", str(CHART), "--values", str(path)]

    completed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert completed.returncode == 0, completed.stdout
