"""The operator's part of a release on a real API server: its rights, and definitions that come, stay and come again."""

import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.chart.api_server import ApiServer
from tests.chart.declared import API, KINDS, SPEC, create, served, wait_until_served
from tests.chart.rendering import CHART, PREFIX, Object, Values, merged, shape
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(180)

DEFINITIONS = "apis/apiextensions.k8s.io/v1/customresourcedefinitions"
OPERATOR: Values = {"operator": {"enabled": True, "secretNames": ["looked-into"], "managedSecretNames": ["managed"]}}
DECLARING = merged(OPERATOR, {"subscriptions": [{"name": "sales", "spec": SPEC}]})
RELEASED = sorted((Path(__file__).parent / "released").glob("*.tgz"))
BOTH_HELMS = pytest.mark.parametrize("program", ["helm", "helm-oldest"])


@pytest.fixture
def fresh(cluster: ApiServer) -> Iterator[ApiServer]:
    """A server that does not know our kinds."""
    yield cluster
    for plural in KINDS.values():
        try:
            cluster.request("DELETE", f"{DEFINITIONS}/{plural}.salesloft-webhooks.dev")
        except urllib.error.HTTPError:  # none was there
            continue
    wait_until(lambda: not served(cluster), seconds=30, description="our kinds are gone")


def declared(cluster: ApiServer, namespace: str) -> list[str]:
    """The names of subscriptions that are declared."""
    return [
        item["metadata"]["name"]
        for item in cluster.request("GET", f"{API}/namespaces/{namespace}/salesloftsubscriptions")["items"]
    ]


@BOTH_HELMS
def test_the_first_installation_brings_the_kinds(fresh: ApiServer, program: str) -> None:
    """And the next run what is of them; the notes say so. Helm could not do both at once."""
    namespace = fresh.namespace(f"first-{program}")

    first = fresh.install(namespace, DECLARING, program=program)
    wait_until_served(fresh)
    before = declared(fresh, namespace)
    second = fresh.install(namespace, DECLARING, program=program)

    assert "run the same command again" in " ".join(first.split())
    assert before == []
    assert declared(fresh, namespace) == ["sales"]
    assert "run the same command again" not in " ".join(second.split())


@BOTH_HELMS
@pytest.mark.parametrize("released", RELEASED, ids=lambda path: path.stem)
def test_a_released_chart_is_upgraded(fresh: ApiServer, program: str, released: Path) -> None:
    """First to the operator, then to what it looks after. Both at once are refused: nothing is ever left out then."""
    namespace = fresh.namespace(f"upgrades-{program}-{released.stem.replace('.', '-')}")
    fresh.install(namespace, {}, chart=released, program=program)

    with pytest.raises(AssertionError, match=r"upgrade with operator\.enabled alone first"):
        fresh.install(namespace, DECLARING, program=program)
    fresh.install(namespace, OPERATOR, program=program)
    wait_until_served(fresh)
    fresh.install(namespace, DECLARING, program=program)

    assert declared(fresh, namespace) == ["sales"]
    assert "pre-delete" in fresh.helm("get", "hooks", "shop", "--namespace", namespace, program=program)
    assert f"{PREFIX}-operator" in fresh.objects("Deployment", namespace)


@BOTH_HELMS
def test_an_uninstall_keeps_the_kinds(fresh: ApiServer, program: str) -> None:
    """With every object that the release has not made; what it has made goes, and it can come again."""
    namespace = fresh.namespace(f"keeps-{program}")
    fresh.install(namespace, OPERATOR, program=program)
    wait_until_served(fresh)
    fresh.install(namespace, DECLARING, program=program)
    create(fresh, namespace, "SalesloftSubscription", SPEC, name="by-hand")

    fresh.helm("uninstall", "shop", "--namespace", namespace, "--no-hooks", program=program)
    kept = declared(fresh, namespace)
    fresh.install(namespace, DECLARING, program=program)

    assert kept == ["by-hand"]
    assert declared(fresh, namespace) == ["by-hand", "sales"]


@BOTH_HELMS
def test_a_namespace_has_one_operator(fresh: ApiServer, program: str) -> None:
    """A second release there would end what the first one's looks after; it is refused, and one without it is not."""
    namespace = fresh.namespace(f"one-{program}")
    fresh.install(namespace, OPERATOR, program=program)
    wait_until_served(fresh)
    second = ("upgrade", "another", str(CHART), "--install", "--no-hooks", "--namespace", namespace)

    with pytest.raises(AssertionError, match="has the operator of release shop already"):
        fresh.helm(*second, values=merged(OPERATOR, {"crds": {"enabled": False}}), program=program)
    fresh.helm(*second, values={}, program=program)
    fresh.install(namespace, OPERATOR, program=program)

    assert f"{PREFIX}-operator" in fresh.objects("Deployment", namespace)


def test_kinds_that_are_not_kept_go(fresh: ApiServer) -> None:
    """Where somebody says so."""
    namespace = fresh.namespace("goes")
    fresh.install(namespace, merged(OPERATOR, {"crds": {"keep": False}}))
    wait_until_served(fresh)

    fresh.helm("uninstall", "shop", "--namespace", namespace, "--no-hooks")

    wait_until(lambda: not served(fresh), seconds=30, description="the kinds are gone")


def test_a_second_release_uses_the_kinds_of_the_first(fresh: ApiServer) -> None:
    """A cluster has them once."""
    fresh.install(fresh.namespace("owner"), OPERATOR)
    wait_until_served(fresh)
    namespace = fresh.namespace("guest")

    with pytest.raises(AssertionError, match="CustomResourceDefinition"):
        fresh.install(namespace, DECLARING)
    fresh.install(namespace, merged(DECLARING, {"crds": {"enabled": False}}))

    assert declared(fresh, namespace) == ["sales"]


def status(cluster: ApiServer, method: str, path: str, content: Object | None = None, *, token: str) -> int:
    """What the server answers to the operator's account."""
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    try:
        cluster.request(method, path, content, content_type=kind, token=token)
    except urllib.error.HTTPError as exc:
        return exc.code
    return 200


def test_the_account_may_do_its_work_and_nothing_else(fresh: ApiServer) -> None:
    """Each step of it succeeds with its token, and what is not its own is forbidden."""
    namespace = fresh.namespace("rights")
    fresh.install(namespace, OPERATOR)
    wait_until_served(fresh)
    create(fresh, namespace, "SalesloftSubscription", SPEC, name="sales")
    for name in ("looked-into", "another"):
        fresh.request("POST", f"api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": name}})
    account = f"api/v1/namespaces/{namespace}/serviceaccounts/{PREFIX}-operator/token"
    asked: Object = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = fresh.request("POST", account, asked)["status"]["token"]

    lines = yaml.safe_load((Path(__file__).parent / "operator_rights.yaml").read_text("utf-8"))
    for line in lines:
        method, path, content = line["method"], line["path"].format(namespace=namespace), line.get("body")
        allowed = status(fresh, method, path, content, token=token)
        assert (allowed == 403) == (not line["allowed"]), (method, path, allowed)
        assert allowed in {200, 403}, (method, path, allowed)


def test_the_shape_is_taken_whole(fresh: ApiServer) -> None:
    """Every object of it, also those of our own kinds, and the server warns of nothing."""
    namespace = fresh.namespace("whole")
    fresh.install(namespace, shape("operator"))
    wait_until_served(fresh)

    said = fresh.install(namespace, shape("operator"))

    assert declared(fresh, namespace) == ["emea", "sales"]
    assert "arning" not in said
