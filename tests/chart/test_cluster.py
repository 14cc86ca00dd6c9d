"""Installs and upgrades on a real API server: it accepts every object, and nothing that must stay is changed."""

import base64
from pathlib import Path

import pytest
import yaml

from tests.chart.api_server import ApiServer
from tests.chart.rendering import CHART, ROOT, Object, render, shape, shapes

pytestmark = pytest.mark.timeout(300)

RELEASED = sorted((Path(__file__).parent / "released").glob("*.tgz"))
"""Every chart that was ever released, as it was: `make release` adds one."""


@pytest.mark.parametrize("path", shapes(), ids=lambda path: path.stem.removesuffix("-values"))
def test_the_server_takes_every_object(cluster: ApiServer, path: Path) -> None:
    """A real install of the shape succeeds, and the server warns of nothing."""
    namespace = cluster.namespace("takes-" + path.stem.removesuffix("-values"), kept=True)

    said = cluster.install(namespace, yaml.safe_load(path.read_text("utf-8")))

    assert "STATUS: deployed" in said
    assert "arning" not in said


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        (
            "default",
            [
                "helm test shop --namespace says-default",
                "set receiver.ingress or receiver.httpRoute",
                "kubectl get secret shop-salesloft-webhooks-keys",
                "were generated, for a trial",
                "Valkey runs as a single pod",
            ],
        ),
        ("production", ["https://hooks.example.com/webhooks/salesloft", "kubectl get secret salesloft-keys"]),
        ("gateway", ["https://hooks.example.com/webhooks/salesloft"]),
        ("sources-file", ["https://hooks.example.com/webhooks/eu", "that your sources file says"]),
    ],
)
def test_the_notes_tell_the_next_step(cluster: ApiServer, name: str, sentences: list[str]) -> None:
    """Helm prints the test's command, the callback URL, the keys' Secret, and what is for trials only."""
    said = cluster.install(cluster.namespace(f"says-{name}"), shape(name))

    assert [sentence for sentence in sentences if sentence not in said] == []
    assert ("for a trial" in said) == (name in {"default", "gateway"})


@pytest.mark.parametrize("path", shapes(), ids=lambda path: path.stem.removesuffix("-values"))
def test_every_pod_is_admitted_as_restricted(cluster: ApiServer, path: Path) -> None:
    """Kubernetes' own admission lets every pod into a namespace that enforces the restricted standard."""
    name = path.stem.removesuffix("-values")
    namespace = cluster.namespace(f"admits-{name}")

    for pod_name, pod in render(yaml.safe_load(path.read_text("utf-8"))).pods():
        assert cluster.admits(namespace, complete(pod)) == "", pod_name


def test_admission_would_refuse_a_privileged_pod(cluster: ApiServer) -> None:
    """The same admission refuses a pod that runs as root, so its word means something."""
    namespace = cluster.namespace("refuses")
    _, pod = next(iter(render({"podSecurityContext": {"runAsUser": 0}}).pods()))

    reason = cluster.admits(namespace, complete(pod))

    assert "runAsUser=0" in reason


@pytest.mark.parametrize("released", RELEASED, ids=lambda path: path.stem)
@pytest.mark.parametrize("program", ["helm", "helm-oldest"])
def test_an_upgrade_keeps_generated_secrets(cluster: ApiServer, program: str, released: Path) -> None:
    """Passwords and signing keys that a released version generated are the same after an upgrade."""
    namespace = cluster.namespace(f"keeps-{program}-{released.stem.replace('.', '-')}")
    cluster.install(namespace, {}, chart=released, program=program)
    before = {name: item["data"] for name, item in own_secrets(cluster, namespace).items()}

    cluster.install(namespace, {"receiver": {"replicas": 3}}, program=program)

    after = {name: item["data"] for name, item in own_secrets(cluster, namespace).items()}
    assert set(before) == {"shop-salesloft-webhooks-keys", "shop-salesloft-webhooks-valkey"}
    assert after == before
    assert all(len(base64.b64decode(value)) >= 32 for data in after.values() for value in data.values())


def test_a_released_version_is_never_changed() -> None:
    """The chart has a version of its own, later than every released one."""
    current = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))["version"]

    assert RELEASED
    for released in RELEASED:
        number = released.stem.removeprefix("salesloft-webhooks-")
        assert [int(part) for part in number.split(".")] < [int(part) for part in current.split(".")]


def test_a_reinstall_finds_the_keys_again(cluster: ApiServer) -> None:
    """Generated signing keys survive an uninstall, because SalesLoft may know them by now."""
    namespace = cluster.namespace("reinstalls")
    cluster.install(namespace, {})
    before = own_secrets(cluster, namespace)["shop-salesloft-webhooks-keys"]["data"]

    cluster.helm("uninstall", "shop", "--namespace", namespace, "--no-hooks")
    cluster.install(namespace, {})

    assert own_secrets(cluster, namespace)["shop-salesloft-webhooks-keys"]["data"] == before


@pytest.mark.parametrize("released", RELEASED, ids=lambda path: path.stem)
@pytest.mark.parametrize("name", ["default", "production", "own-handlers"])
def test_an_upgrade_changes_no_selector(cluster: ApiServer, name: str, released: Path) -> None:
    """The server accepts the upgrade, which it would not if a selector had changed, and no workload is replaced."""
    namespace = cluster.namespace(f"selects-{name}-{released.stem.replace('.', '-')}")
    values = shape(name)
    for worker in filter(None, values.get("workers", {}).values()):
        worker.pop("where", None)  # 0.1.0 does not know it
    cluster.install(namespace, values, chart=released)
    before = identities(cluster, namespace)

    cluster.install(namespace, shape(name))

    assert identities(cluster, namespace) == before


@pytest.mark.parametrize("released", RELEASED, ids=lambda path: path.stem)
@pytest.mark.parametrize("program", ["helm", "helm-oldest"])
def test_a_long_name_stays_as_it_was_installed(cluster: ApiServer, program: str, released: Path) -> None:
    """An upgrade renames no object of a release whose name was cut, and one that begins alike fits beside it."""
    namespace = cluster.namespace(f"long-{program}-{released.stem.replace('.', '-')}")
    first, second = (f"webhooks-of-the-platform-team-in-europe-west-1{zone}" for zone in "ab")
    options = ("--no-hooks", "--namespace", namespace)
    cluster.helm("install", first, str(released), *options, values={}, program=program)
    before = identities(cluster, namespace)

    cluster.helm("upgrade", first, str(CHART), *options, values={}, program=program)
    after = identities(cluster, namespace)
    cluster.helm("install", second, str(CHART), *options, values={}, program=program)
    cluster.helm("upgrade", second, str(CHART), *options, values={}, program=program)

    assert after == before
    assert len(identities(cluster, namespace)) == 2 * len(before)


def test_a_trial_grows_into_production(cluster: ApiServer) -> None:
    """Every shape can follow the trial in place: no immutable field stands in the way."""
    namespace = cluster.namespace("grows")
    cluster.install(namespace, {})

    for name in ("gateway", "cluster", "production", "default"):
        cluster.install(namespace, shape(name))

    assert set(cluster.objects("StatefulSet", namespace)) == {"shop-salesloft-webhooks-valkey"}


def complete(template: Object) -> Object:
    """A pod as its controller would make it: with a volume for each claim template."""
    volumes = template["spec"].get("volumes", [])
    mounted = {mount["name"] for item in template["spec"]["containers"] for mount in item.get("volumeMounts", [])}
    claimed = mounted - {volume["name"] for volume in volumes}
    spec = {**template["spec"], "volumes": [*volumes, *({"name": name, "emptyDir": {}} for name in claimed)]}
    return {
        "metadata": {"labels": template["metadata"]["labels"]},
        "spec": {**spec, "priorityClassName": None, "runtimeClassName": None},
    }


def own_secrets(cluster: ApiServer, namespace: str) -> dict[str, Object]:
    """The Secrets that are not Helm's record of the release."""
    found = cluster.objects("Secret", namespace)
    return {name: item for name, item in found.items() if not name.startswith("sh.helm.release")}


def identities(cluster: ApiServer, namespace: str) -> dict[str, tuple[str, Object]]:
    """Identity and selector of every workload."""
    return {
        f"{kind}/{name}": (item["metadata"]["uid"], item["spec"]["selector"])
        for kind in ("Deployment", "StatefulSet")
        for name, item in cluster.objects(kind, namespace).items()
    }


def test_a_namespace_that_is_restricted_takes_the_simulator(cluster: ApiServer) -> None:
    """The pod of `k8s/simulator` meets the Pod Security Standard that the chart's own pods meet."""
    namespace = cluster.namespace("simulator")
    deployment, _ = yaml.safe_load_all((ROOT / "k8s" / "simulator" / "salesloft-simulator.yaml").read_text("utf-8"))

    assert not cluster.admits(namespace, deployment["spec"]["template"])
