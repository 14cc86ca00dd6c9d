"""The example application, from a git repository with this chart: Argo CD makes it, keeps it, and takes it away."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
import yaml

from salesloft_webhooks.operator.api_group import FINALIZER
from tests.chart.rendering import ROOT, Object, Values, merged
from tests.kind.cluster import (
    IMAGE,
    NAMESPACE,
    OUTSIDE,
    PATIENCE,
    RELEASE,
    SECRET,
    apply,
    kubectl,
    objects,
    pods,
    wait_until_handled,
)
from tests.kind.outsider import Sender
from tests.kind.simulator import TOKEN, Simulator
from tests.kind.test_operator import DECLARING, EVENTS, KEYS, ours
from tests.neighbours.repository import repository
from tests.neighbours.test_metrics_server import MOST, SCALED, ready
from tests.support.waiting import wait_until

pytestmark = pytest.mark.neighbour("argo-cd", "metrics-server")
ARGO_CD = "argocd"
CASCADING = "resources-finalizer.argocd.argoproj.io"
"""With it, what an application has made goes when the application does."""
(DECLARED,) = DECLARING["subscriptions"]
RETAINING: Values = {"subscriptions": [merged(DECLARED, {"spec": {"deletionPolicy": "Retain"}})]}


@pytest.fixture(scope="module")
def salesloft() -> Iterator[Simulator]:
    """SalesLoft, a git repository with the chart, and the Secrets that the application names."""
    apply(*repository(), namespace=OUTSIDE)
    kubectl("wait", "pod/repository", "--for=condition=Ready", PATIENCE, namespace=OUTSIDE)
    contents = {
        KEYS: {"callback-secret": "the-tests-own-callback-secret-of-some-length", "webhook-secret": SECRET},
        "salesloft-valkey": {"password": "the-tests-own-password"},
        "salesloft-api": {"token": TOKEN},
    }
    for name, content in contents.items():
        apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": content})
    with Simulator() as simulator:
        yield simulator
    kubectl("delete", "application", "--all", "--ignore-not-found", namespace=ARGO_CD)
    kubectl("delete", "secret,persistentvolumeclaim", "--all")
    kubectl("delete", "pod,service,configmap", "repository", namespace=OUTSIDE)
    definitions = ("salesloftsubscriptions.salesloft-webhooks.dev", "consumergroups.salesloft-webhooks.dev")
    kubectl("delete", "crd", "--ignore-not-found", *definitions)


def test_what_autoscaler_and_operator_do_is_no_drift(salesloft: Simulator) -> None:
    """One sync makes everything, and it stays as the repository says while both work: none of their writes is undone.

    Deliveries flow while the autoscaler adds receivers, and none is refused.
    """
    submit(SCALED)
    wait_until_synced()
    wait_until(lambda: ours(salesloft) == Counter(EVENTS), seconds=240, description="the operator has subscribed")

    first = operation()
    with Sender(rate=100) as sender:
        wait_until(lambda: ready() == MOST, seconds=240, description="the autoscaler has added receivers")
    assert looked_at_again() == ("Synced", "Healthy")
    assert operation() == first, "nothing had to be synced a second time"
    assert sender.result["failed"] == {}
    wait_until_handled()


def test_a_commit_counts_and_a_change_by_hand_does_not(salesloft: Simulator) -> None:
    """What a commit changes is changed, what it has no more is pruned; what somebody changes by hand is taken back."""
    before = operation()

    submit({"workers": {"notify": {"replicas": 2}}})

    wait_until(
        lambda: operation() not in {before, ""} and replicas("worker-notify") == 2,
        seconds=120,
        description="it is applied",
    )
    wait_until_synced()
    assert objects("horizontalpodautoscalers") == []
    kubectl("scale", f"deployment/{RELEASE}-worker-notify", "--replicas=1")
    wait_until(lambda: replicas("worker-notify") == 2, seconds=60, description="a change by hand is taken back")


def test_an_application_that_goes_alone_leaves_everything_as_it_is(salesloft: Simulator) -> None:
    """Without the finalizer no pod goes. Argo CD runs the Job all the same, so subscriptions have to be retained.

    Where they are not, they are gone until the operator takes its lease again.
    """
    submit(RETAINING, finalizers=[])
    wait_until(lambda: policy() == "Retain", seconds=60, description="it is applied")
    wait_until_synced()
    before = staying()

    delete_application()
    assert ours(salesloft) == Counter(EVENTS)

    submit({}, finalizers=[])
    wait_until(lambda: policy() != "Retain", seconds=60, description="it is applied")
    wait_until_synced()
    wait_until(held, seconds=180, description="the operator has its lease again, and looks after the object")
    delete_application()
    wait_until(lambda: ours(salesloft) == Counter(), seconds=60, description="the Job has deleted them")
    wait_until(lambda: ours(salesloft) == Counter(EVENTS), seconds=180, description="what is declared is back")
    assert staying() == before
    wait_until(held, seconds=60, description="it is to be told before the object goes")


def test_an_application_takes_everything_away(salesloft: Simulator) -> None:
    """With the finalizer nothing of ours is left, here and at SalesLoft, but for the definitions."""
    submit({})
    wait_until_synced()

    delete_application()

    wait_until(lambda: not objects("pods"), seconds=120, description="all pods are gone")
    assert ours(salesloft) == Counter(), "what was subscribed is given back"
    left = ("deployments", "statefulsets", "services", "jobs", "slsub")
    assert [item for kind in left for item in objects(kind)] == []
    assert kubectl("get", "crd", "--output=name").count(".salesloft-webhooks.dev") == 2, "the definitions are kept"


def submit(values: Values, *, finalizers: Sequence[str] = (CASCADING,)) -> None:
    """The example application, as a commit would change it, with our image and what the operator needs here."""
    application: Object = yaml.safe_load((ROOT / "k8s" / "argo-cd" / "application.yaml").read_text("utf-8"))
    application["metadata"]["finalizers"] = list(finalizers)
    application["spec"]["destination"]["namespace"] = NAMESPACE
    source = application["spec"]["source"]
    source["repoURL"] = f"git://repository.{OUTSIDE}.svc/salesloft-webhooks.git"
    repository, _, tag = IMAGE.rpartition(":")
    image = {"image": {"repository": repository, "tag": tag}}
    envelope = {"source": {"existingSecret": {"webhookSecretKey": "webhook-secret"}}}
    helm = source["helm"]
    for each in (image, DECLARING, envelope, values):
        helm["valuesObject"] = merged(helm["valuesObject"], each)
    # By the server: Argo CD keeps notes of its own in the object, where a client would put the file's list over them.
    kubectl("apply", "--server-side", "--filename=-", given=json.dumps(application), namespace=ARGO_CD)


def delete_application() -> None:
    """Delete it, and wait until it is gone: with the finalizer after everything that it made.

    Its Job may run on: Argo CD 3.5 does not wait when two of its workers have made it at the same moment.
    """
    kubectl("delete", "application", RELEASE, "--timeout=4m", namespace=ARGO_CD)


def staying() -> set[str]:
    """The pods that nobody has told to end."""
    every = [pod for component in ("receiver", "worker", "operator", "valkey") for pod in pods(component)]
    return {pod["metadata"]["name"] for pod in every}


def policy() -> str:
    """What shall become of what is subscribed."""
    return kubectl("get", "slsub", "sales", "--output=jsonpath={.spec.deletionPolicy}")


def held() -> bool:
    """Whether the operator has to agree before the object goes."""
    return FINALIZER in kubectl("get", "slsub", "sales", "--output=jsonpath={.metadata.finalizers}")


def status() -> Object:
    """What Argo CD says of the application."""
    (application,) = objects("applications", namespace=ARGO_CD)
    found: Object = application.get("status", {})
    return found


def wait_until_synced() -> None:
    """Wait until all is as the repository says, and healthy."""
    wait_until(lambda: state() == ("Synced", "Healthy"), seconds=300, description="synced and healthy")


def state() -> tuple[str, str]:
    """Whether it is as the repository says, and how it is."""
    found = status()
    return found.get("sync", {}).get("status", ""), found.get("health", {}).get("status", "")


def operation() -> str:
    """When the last sync has begun: it heals by another, should there be anything to heal. Nothing while one begins."""
    return str(status().get("operationState", {}).get("startedAt", ""))


def looked_at_again() -> tuple[str, str]:
    """The state, after everything was rendered and compared anew."""
    kubectl("annotate", "application", RELEASE, "argocd.argoproj.io/refresh=hard", namespace=ARGO_CD)
    wait_until(lambda: "argocd.argoproj.io/refresh" not in annotations(), seconds=60, description="it has compared")
    return state()


def annotations() -> str:
    """Those of the application."""
    return kubectl("get", "application", RELEASE, "--output=jsonpath={.metadata.annotations}", namespace=ARGO_CD)


def replicas(component: str) -> int:
    """How many pods a deployment is to have."""
    (deployment,) = objects("deployments", f"--field-selector=metadata.name={RELEASE}-{component}")
    return int(deployment["spec"]["replicas"])
