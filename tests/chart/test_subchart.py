"""As a part of another chart, and on OpenShift: what every chart is expected to honour there."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.chart.rendering import CHART, KUBERNETES, NAMESPACE, TOOLS, Object, Rendered, Values, merged, shape

HELMS = pytest.mark.parametrize("program", ["helm", "helm-oldest"])
NAME = "salesloft-webhooks"
EVERYTHING: Values = merged(
    shape("link-swap"),
    {
        "database": {"existingSecret": {"name": "postgres"}},
        "backfill": {"enabled": True},
        "operator": {"enabled": True},
        "salesloftApi": {"existingSecret": {"name": "salesloft-api"}},
    },
)
"""Values with every kind of pod: receivers, workers, backfill, operator and its end, Valkey, migrations, the test."""
OPENSHIFT = ("--api-versions", "security.openshift.io/v1")

Render = Callable[..., Rendered]


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chart that has ours as a dependency, twice: under its own name, and under another one with capitals."""
    folder = tmp_path_factory.mktemp("parent")
    version = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))["version"]
    dependency = {"name": NAME, "version": version, "repository": CHART.as_uri()}
    description = {
        "apiVersion": "v2",
        "name": "platform",
        "version": "1.0.0",
        "dependencies": [
            {**dependency, "condition": f"{NAME}.enabled"},
            {**dependency, "alias": "salesHooks", "condition": "salesHooks.enabled"},
        ],
    }
    (folder / "Chart.yaml").write_text(json.dumps(description), "utf-8")
    (folder / "values.yaml").write_text(json.dumps({"salesHooks": {"enabled": False}}), "utf-8")
    shutil.copytree(CHART, folder / "charts" / NAME)
    return folder


@pytest.fixture
def render_parent(parent: Path) -> Render:
    """Renders it: values, and further arguments for Helm."""

    def rendered(values: Values, *arguments: str, program: str = "helm") -> Rendered:
        command = [str(TOOLS / "bin" / program), "template", "shop", str(parent), "--namespace", NAMESPACE]
        done = subprocess.run(
            [*command, "--kube-version", KUBERNETES, "--values", "-", *arguments],
            input=json.dumps(values),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return Rendered(tuple(item for item in yaml.load_all(done.stdout, Loader=yaml.CSafeLoader) if item))

    return rendered


def images(rendered: Rendered) -> dict[str, str]:
    """The image of every container, by pod and container."""
    return {
        f"{name}/{container['name']}": container["image"]
        for name, pod in rendered.pods()
        for container in pod["spec"]["containers"]
    }


def contexts(rendered: Rendered) -> dict[str, Object]:
    """The security context of every pod, without those of its containers."""
    return {name: pod["spec"]["securityContext"] for name, pod in rendered.pods()}


@HELMS
def test_a_condition_switches_it(render_parent: Render, program: str) -> None:
    """`enabled` is the condition of a dependency: it is taken either way, and without it there is nothing."""
    on = render_parent({NAME: {"enabled": True}}, program=program)
    off = render_parent({NAME: {"enabled": False}}, program=program)

    assert {item["metadata"]["name"] for item in on.all("Deployment")} >= {f"shop-{NAME}-receiver"}
    assert off.objects == ()


@HELMS
def test_every_kind_of_pod_is_rendered(render_parent: Render, program: str) -> None:
    """With everything switched on the parent renders the same objects as the chart alone."""
    pods = {name.removeprefix(f"shop-{NAME}-") for name, _ in render_parent({NAME: EVERYTHING}, program=program).pods()}

    assert pods == {
        *("receiver", "link-swap", "worker-activity", "worker-crm", "worker-notify"),
        *("backfill", "operator", "operator-release", "valkey", "migrations", "test"),
    }


@HELMS
def test_the_global_registry_is_every_images(render_parent: Render, program: str) -> None:
    """`global.imageRegistry` is put before every image without a registry of its own."""
    own = {"workers": {"notify": {"image": {"registry": "own.example.com", "repository": "mine", "tag": "1"}}}}
    values = {"global": {"imageRegistry": "mirror.example.com:5000"}, NAME: merged(EVERYTHING, own)}

    found = images(render_parent(values, program=program))

    assert found.pop(f"shop-{NAME}-worker-notify/worker") == "own.example.com/mine:1"
    assert {name for name, image in found.items() if not image.startswith("mirror.example.com:5000/")} == set()


@HELMS
def test_global_pull_secrets_are_every_pods(render_parent: Render, program: str) -> None:
    """`global.imagePullSecrets`, as names or as objects, join the chart's own in every pod, each once."""
    values = {
        "global": {"imagePullSecrets": ["mirror", {"name": "other"}]},
        NAME: merged(EVERYTHING, {"imagePullSecrets": [{"name": "own"}, {"name": "mirror"}]}),
    }

    pods = dict(render_parent(values, program=program).pods())

    for name, pod in pods.items():
        assert pod["spec"].get("imagePullSecrets") == [{"name": "own"}, {"name": "mirror"}, {"name": "other"}], name


@HELMS
def test_openshift_chooses_users_itself(render_parent: Render, program: str) -> None:
    """Where the cluster is OpenShift no pod names a user or group, which it would refuse; the rest stays."""
    there = contexts(render_parent({NAME: EVERYTHING}, *OPENSHIFT, program=program))
    elsewhere = contexts(render_parent({NAME: EVERYTHING}, program=program))

    assert there.keys() == elsewhere.keys()
    for name, context in there.items():
        assert not {"runAsUser", "runAsGroup", "fsGroup"} & context.keys(), name
        assert context["runAsNonRoot"] is True, name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert elsewhere[name]["runAsUser"] > 0, name


@pytest.mark.parametrize("place", ["own", "global"])
def test_the_cluster_need_not_be_recognised(render_parent: Render, place: str) -> None:
    """`force` and `disabled` decide without looking at the cluster; the global value wins over the chart's own."""

    def values(choice: str) -> Values:
        if place == "own":
            return {NAME: merged(EVERYTHING, {"openshift": {"adaptSecurityContext": choice}})}
        compatibility = {"compatibility": {"openshift": {"adaptSecurityContext": choice}}}
        return {"global": compatibility, NAME: merged(EVERYTHING, {"openshift": {"adaptSecurityContext": "auto"}})}

    forced = contexts(render_parent(values("force")))
    disabled = contexts(render_parent(values("disabled"), *OPENSHIFT))

    with_nothing = contexts(render_parent({"global": {"compatibility": None}, NAME: EVERYTHING}, *OPENSHIFT))

    assert all("runAsUser" not in context for context in (*forced.values(), *with_nothing.values()))
    assert all("runAsUser" in context for context in disabled.values())


def test_another_name_may_have_capitals(render_parent: Render) -> None:
    """An alias that templates can write with dots still makes names that Kubernetes takes."""
    rendered = render_parent({NAME: {"enabled": False}, "salesHooks": {"enabled": True, **EVERYTHING}})

    definitions = rendered.all("CustomResourceDefinition")
    names = {item["metadata"]["name"] for item in rendered.objects if item not in definitions}
    assert "shop-sales-hooks-receiver" in names
    assert {name for name in names if not name.startswith("shop-sales-hooks")} == set()


@HELMS
def test_a_group_is_left_out_in_a_parent(render_parent: Render, program: str) -> None:
    """A parent's null removes no group with every Helm, and `enabled: false` does."""
    rendered = render_parent({NAME: {"workers": {"crm": {"enabled": False}}}}, program=program)

    assert f"shop-{NAME}-worker-crm" not in {item["metadata"]["name"] for item in rendered.all("Deployment")}
