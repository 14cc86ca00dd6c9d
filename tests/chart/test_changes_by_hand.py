"""Changes of a running installation that documents tell people to make: the next upgrade must live with them."""

import json
import shutil
import subprocess
from collections.abc import Iterator

import pytest
import yaml

from tests.chart.api_server import TOKEN, ApiServer
from tests.chart.rendering import CHART, KUBERNETES, ROOT, TOOLS, Values
from tests.support.documents import blocks, inline
from tests.support.shell_blocks import simple_commands

pytestmark = pytest.mark.timeout(300)

HELMS = pytest.mark.parametrize("program", ["helm", "helm-oldest"])
PREFIX = "shop-salesloft-webhooks"


def kubectl(cluster: ApiServer, *arguments: str, stdin: str = "") -> None:
    """What a person types; without kubectl the test is skipped."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    connection = [f"--server=https://127.0.0.1:{cluster.port}", f"--token={TOKEN}"]
    authority = f"--certificate-authority={cluster.directory / 'certificates' / 'apiserver.crt'}"
    command = ["kubectl", *arguments, *connection, authority]
    done = subprocess.run(command, input=stdin, text=True, check=False, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def replicas(cluster: ApiServer, namespace: str, kind: str, component: str) -> int:
    """How many pods a workload is to have."""
    number: int = cluster.objects(kind, namespace)[f"{PREFIX}-{component}"]["spec"]["replicas"]
    return number


def test_kubectl_scale_ends_in_a_conflict(cluster: ApiServer) -> None:
    """Why no page says it: the next upgrade by Helm 4 fails, until it is told to take the field over."""
    namespace = cluster.namespace("scales")
    cluster.install(namespace, {})
    kubectl(cluster, "scale", f"deployment/{PREFIX}-receiver", "--replicas=5", f"--namespace={namespace}")

    with pytest.raises(AssertionError, match="conflict"):
        cluster.install(namespace, {})
    cluster.helm("upgrade", "shop", str(CHART), "--no-hooks", "--namespace", namespace, "--force-conflicts")
    cluster.install(namespace, {"receiver": {"replicas": 4}})

    assert numbers(cluster, namespace) == (4, 1)


@HELMS
def test_the_page_changes_values_and_goes_back(cluster: ApiServer, program: str) -> None:
    """Both commands of docs/operations.md do what it says, also after restarts by kubectl, as other pages say."""
    namespace = cluster.namespace(f"values-{program}")
    change, back = commands_of_the_page(namespace)
    cluster.install(namespace, {"receiver": {"drainSeconds": 15}}, program=program)
    for workload in ("deployment/receiver", "statefulset/valkey"):
        kubectl(cluster, "rollout", "restart", workload.replace("/", f"/{PREFIX}-"), f"--namespace={namespace}")

    cluster.helm(*change, program=program)
    changed, receiver = numbers(cluster, namespace), cluster.objects("Deployment", namespace)[f"{PREFIX}-receiver"]
    cluster.helm(*back, program=program)

    assert (changed, numbers(cluster, namespace)) == ((5, 3), (2, 1))
    assert '{"name": "DRAIN_SECONDS", "value": "15"}' in json.dumps(receiver)


@pytest.mark.parametrize(
    "options", [(), ("--server-side", "--field-manager=argocd-controller")], ids=["client", "server"]
)
def test_argo_cd_applies_a_commit(cluster: ApiServer, options: tuple[str, ...]) -> None:
    """A changed value of the example application is applied, in either of Argo CD's ways, and leaves no drift."""
    application = yaml.safe_load((ROOT / "k8s" / "argo-cd" / "application.yaml").read_text("utf-8"))
    values = application["spec"]["source"]["helm"]["valuesObject"]
    namespace = cluster.namespace(f"argo-{len(options)}")

    for committed in (values, values | {"receiver": {"replicas": 5}}):
        rendered = template(namespace, committed)
        kubectl(cluster, "apply", *options, f"--namespace={namespace}", "--filename=-", stdin=rendered)
    kubectl(cluster, "diff", *options, f"--namespace={namespace}", "--filename=-", stdin=rendered)

    assert numbers(cluster, namespace) == (5, 1)
    assert "replicas" not in json.dumps(application)


def test_no_page_changes_by_hand_what_helm_applies() -> None:
    """No document tells anybody to scale, set, edit or undo an object of the chart by kubectl."""
    said = [words for words in all_commands() if words[0] == "kubectl"]
    plain = [" ".join(word for word in words if not word.startswith("-")) for words in said]

    assert len(plain) > 20
    assert [text for text in plain if any(f" {verb} " in text for verb in FORBIDDEN)] == []


FORBIDDEN = ("scale", "set", "edit", "autoscale", "rollout undo", "patch deployment", "patch statefulset")


def all_commands() -> Iterator[list[str]]:
    """Every command of the documents, in blocks and within sentences."""
    for block in blocks("*", "sh"):
        yield from simple_commands(block.text)
    for _, text in inline():
        if text.startswith(("kubectl ", "k ")):
            yield from simple_commands(text)


def commands_of_the_page(namespace: str) -> tuple[list[str], list[str]]:
    """What Helm is told in "Change something at once": of the release `shop`, in this namespace and without hooks."""
    found = [words for block in blocks("docs/operations.md", "sh") for words in simple_commands(block.text)]
    (change,) = (words for words in found if words[:2] == ["helm", "upgrade"] and "--set" in words)
    (back,) = (words for words in found if words[:2] == ["helm", "rollback"])
    here = {"salesloft-webhooks": "shop", "salesloft": namespace, "charts/salesloft-webhooks": str(CHART)}
    upgrade, rollback = ([*(here.get(word, word) for word in words[1:]), "--no-hooks"] for words in (change, back))
    return upgrade, rollback


def numbers(cluster: ApiServer, namespace: str) -> tuple[int, int]:
    """Receivers and workers of `notify`."""
    receivers, workers = (replicas(cluster, namespace, "Deployment", each) for each in ("receiver", "worker-notify"))
    return receivers, workers


def template(namespace: str, values: Values) -> str:
    """What Argo CD would apply: the chart without its hooks, made without a cluster."""
    command = [str(TOOLS / "bin" / "helm"), "template", "shop", str(CHART), "--namespace", namespace, "--no-hooks"]
    done = subprocess.run(
        [*command, "--kube-version", KUBERNETES, "--values", "-"],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout
