"""What must hold for every container and selector, in every supported shape."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.chart.rendering import Object, Rendered, render, shapes

ALL = pytest.mark.parametrize("path", shapes(), ids=lambda path: path.stem.removesuffix("-values"))

CLUSTER_WIDE = {"CustomResourceDefinition"}
DECLARED = {"SalesloftSubscription", "ConsumerGroup"}
"""Have the names that somebody gave them."""


def rendered_shape(path: Path) -> Rendered:
    """The chart in one supported shape."""
    return render(yaml.safe_load(path.read_text("utf-8")))


def containers(rendered: Rendered) -> Iterator[tuple[str, Object, Object]]:
    """Every container: where it is, itself, and its pod's spec."""
    for name, pod in rendered.pods():
        for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]:
            yield f"{name}/{container['name']}", container, pod["spec"]


@ALL
def test_nothing_is_privileged(path: Path) -> None:
    """Every container meets the restricted Pod Security Standard, with a numeric user and a read-only file system."""
    for where, container, pod in containers(rendered_shape(path)):
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False, where
        assert security["readOnlyRootFilesystem"] is True, where
        assert security["capabilities"] == {"drop": ["ALL"]}, where
        assert pod["securityContext"]["runAsNonRoot"] is True, where
        assert pod["securityContext"]["runAsUser"] > 0, where
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, where
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys(), where
        assert not any("hostPath" in volume for volume in pod.get("volumes", [])), where


@ALL
def test_only_the_operator_has_a_token(path: Path) -> None:
    """No other pod can talk to the API server, whatever its service account."""
    rendered = rendered_shape(path)

    with_token = {name for name, pod in rendered.pods() if pod["spec"]["automountServiceAccountToken"] is not False}
    operators = {item["metadata"]["name"] for kind in ("Deployment", "Job") for item in rendered.all(kind)}
    assert with_token == {name for name in operators if name.endswith(("-operator", "-operator-release"))}
    assert all(item["automountServiceAccountToken"] is False for item in rendered.all("ServiceAccount"))


@ALL
def test_memory_is_limited_and_requests_are_made(path: Path) -> None:
    """Every container of ours asks for CPU and memory and has a memory limit that is not below it."""
    for where, container, _ in containers(rendered_shape(path)):
        if container["name"] in {"sidecar", "before"}:
            continue  # the user's own
        resources = container["resources"]
        assert {"cpu", "memory"} <= resources["requests"].keys(), where
        assert "memory" in resources["limits"], where


@ALL
def test_long_running_containers_have_all_probes(path: Path) -> None:
    """What keeps running is asked whether it has started, is ready and is alive."""
    rendered = rendered_shape(path)

    for kind in ("Deployment", "StatefulSet"):
        for item in rendered.all(kind):
            main = item["spec"]["template"]["spec"]["containers"][0]
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= main.keys(), item["metadata"]["name"]


@ALL
def test_images_are_pinned(path: Path) -> None:
    """No image is without a tag or digest, and none is `latest`."""
    for where, container, _ in containers(rendered_shape(path)):
        _, _, version = container["image"].rpartition("/")[2].partition(":")
        assert version, where
        assert version != "latest", where


@ALL
def test_selectors_hold_only_what_never_changes(path: Path) -> None:
    """Selectors name the application, the release, the component and the group; they match their own pods alone."""
    stable = {
        "app.kubernetes.io/name",
        "app.kubernetes.io/instance",
        "app.kubernetes.io/component",
        "salesloft-webhooks/group",
    }
    rendered = rendered_shape(path)
    pods = dict(rendered.pods())

    for item in [*rendered.all("Deployment"), *rendered.all("StatefulSet")]:
        selector = item["spec"]["selector"]["matchLabels"]
        assert selector.keys() <= stable
        selected = [name for name, pod in pods.items() if selector.items() <= pod["metadata"]["labels"].items()]
        assert selected == [item["metadata"]["name"]]


@ALL
def test_every_object_says_where_it_belongs(path: Path) -> None:
    """Each object of ours is in the release's namespace and carries the recommended labels."""
    for item in rendered_shape(path).objects:
        if item["metadata"]["name"] == "shop-extra":
            continue  # from extraObjects
        assert item["metadata"].get("namespace") == (None if item["kind"] in CLUSTER_WIDE else "sales")
        assert {
            "app.kubernetes.io/name",
            "app.kubernetes.io/instance",
            "app.kubernetes.io/component",
            "app.kubernetes.io/version",
            "app.kubernetes.io/managed-by",
            "helm.sh/chart",
        } <= item["metadata"]["labels"].keys()


@ALL
def test_objects_have_names_of_their_own(path: Path) -> None:
    """No two objects of a kind share a name, and all are named after the release."""
    names = [(item["kind"], item["metadata"]["name"]) for item in rendered_shape(path).objects]

    assert len(names) == len(set(names))
    assert all(name.startswith("shop-") for kind, name in names if kind not in CLUSTER_WIDE | DECLARED)


def test_a_long_release_name_makes_valid_names() -> None:
    """The longest release and group names still make names that Kubernetes takes."""
    values = {
        "fullnameOverride": "r" * 53,
        "workers": {"g" * 40: {"handlers": ["a:b"]}, "warehouse": {"handlers": ["a:b"]}},
        "compaction": {"enabled": True},
    }

    names = {item["kind"]: item["metadata"]["name"] for item in render(values).objects}

    assert all(len(name) <= 63 for kind, name in names.items() if kind == "Service")
    assert all(len(name) <= 52 for kind, name in names.items() if kind == "StatefulSet")
    assert all(len(name) <= 52 for kind, name in names.items() if kind == "CronJob")
    assert all(len(name) <= 253 for name in names.values())


def test_the_nearer_label_wins() -> None:
    """A label given for everything and again for a component's pods is there once, with the component's value."""
    values = {
        "commonLabels": {"team": "all"},
        "receiver": {"podLabels": {"team": "edge"}},
        "monitoring": {"podMonitor": {"enabled": True, "labels": {"team": "watch"}}},
    }

    rendered = render(values)

    assert dict(rendered.pods())["shop-salesloft-webhooks-receiver"]["metadata"]["labels"]["team"] == "edge"
    assert rendered.one("PodMonitor", "")["metadata"]["labels"]["team"] == "watch"
    assert rendered.one("Deployment", "receiver")["metadata"]["labels"]["team"] == "all"
