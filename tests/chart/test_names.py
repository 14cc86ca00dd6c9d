"""Names that are too long are cut, and are still one object's alone."""

import json
import subprocess

import pytest
import yaml

from tests.chart.rendering import CHART, KUBERNETES, NAMESPACE, TOOLS, Rendered, Values, render

ALIKE = [f"webhooks-of-the-platform-team-in-europe-west-1{zone}" for zone in "ab"]
"""Releases whose names have the same first 40 characters."""


def rendered(release: str, values: Values | None = None) -> Rendered:
    """The chart as this release, without a cluster."""
    command = [str(TOOLS / "bin" / "helm"), "template", release, str(CHART), "--namespace", NAMESPACE]
    done = subprocess.run(
        [*command, "--kube-version", KUBERNETES, "--values", "-"],
        input=json.dumps(values or {}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return Rendered(tuple(item for item in yaml.load_all(done.stdout, Loader=yaml.CSafeLoader) if item))


def names(of: Rendered) -> set[tuple[str, str]]:
    """Kind and name of each object."""
    return {(item["kind"], item["metadata"]["name"]) for item in of.objects}


def test_two_long_names_that_begin_alike_make_different_objects() -> None:
    """Neither releases nor overrides share an object because their names were cut."""
    releases = [names(rendered(release)) for release in ALIKE]
    overrides = [names(render({"fullnameOverride": name})) for name in ALIKE]

    assert releases[0] & releases[1] == set()
    assert overrides[0] & overrides[1] == set()


@pytest.mark.parametrize(
    ("release", "prefix"),
    [
        ("shop", "shop-salesloft-webhooks"),
        ("salesloft-webhooks-of-the-platform-teams", "salesloft-webhooks-of-the-platform-teams"),
        ("customer-engagement-prod", "customer-engagement-prod-salesloft-webho"),
    ],
)
def test_a_release_whose_name_is_whole_is_called_as_before(release: str, prefix: str) -> None:
    """Up to 40 characters of its own, a release has the names that 0.1.0 gave it, without a hash."""
    assert ("Deployment", f"{prefix}-receiver") in names(rendered(release))


def test_keda_can_make_labels_of_a_scaled_object() -> None:
    """KEDA makes a label of `keda-hpa-` and the name: 63 characters at most."""
    keda = {"autoscaling": {"type": "keda", "keda": {"serverAddress": "http://prometheus:9090"}}}
    groups = [f"forward-the-billing-of-customers-{country}" for country in ("austria", "belgium")]

    made = render({"handlersFile": {"existingSecret": "h"}, "workers": dict.fromkeys(groups, keda)})

    scaled = [item["metadata"]["name"] for item in made.all("ScaledObject")]
    targets = {item["spec"]["scaleTargetRef"]["name"] for item in made.all("ScaledObject")}
    assert len(set(scaled)) == len(groups)
    assert all(len(f"keda-hpa-{name}") <= 63 for name in scaled)
    assert targets <= {item["metadata"]["name"] for item in made.all("Deployment")}
