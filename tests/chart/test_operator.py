"""The operator's objects: off until asked for, one account with few rights, and a way back before an uninstall."""

import subprocess
from typing import Any

import pytest

from tests.chart.rendering import CHART, PREFIX, TOOLS, Object, Values, merged, refusal, render, shape

OPERATOR: Values = {"operator": {"enabled": True}}
SPEC: Object = {
    "callbackUrl": "https://hooks.example.com/webhooks/salesloft",
    "events": ["call_created"],
    "api": {"tokenSecretRef": {"name": "salesloft-api"}},
    "keys": {"secretRef": {"name": "salesloft-keys"}},
}


def declaring(name: str = "sales", **changes: Any) -> Values:
    """Values with one subscription."""
    return merged(OPERATOR, {"subscriptions": [{"name": name, "spec": merged(SPEC, changes)}]})


IMPOSSIBLE: list[tuple[str, Values, list[str]]] = [
    (
        "nobody-to-look-after-them",
        {"subscriptions": [{"name": "sales", "spec": SPEC}]},
        ["subscriptions", "operator.enabled"],
    ),
    (
        "nobody-to-pause-them",
        {"consumerGroups": [{"name": "crm", "spec": {"paused": True}}]},
        ["consumerGroups", "operator.enabled"],
    ),
    (
        "two-of-one-name",
        merged(OPERATOR, {"subscriptions": [{"name": "sales", "spec": SPEC}, {"name": "sales", "spec": SPEC}]}),
        ["subscriptions", "two of the name sales"],
    ),
    (
        "everybodys-account",
        merged(OPERATOR, {"operator": {"serviceAccount": {"create": False}}}),
        ["operator.serviceAccount.create", "operator.serviceAccount.name"],
    ),
    (
        "no-way-to-that-api",
        declaring(api={"baseUrl": "https://salesloft.example.com:8443/v2"}),
        ["networkPolicy.salesloftApi.ports", "subscriptions.sales.spec.api.baseUrl"],
    ),
    ("nothing-said", merged(OPERATOR, {"subscriptions": [{"name": "sales", "spec": {}}]}), ["callbackUrl"]),
    ("a-typo", declaring(suspended=True), ["suspended"]),
    ("a-typo-below", declaring(api={"token": "x"}), ["token"]),
    ("an-unheard-of-event", declaring(events=["person_sneezed"]), ["subscriptions", "events"]),
    ("nameless", merged(OPERATOR, {"consumerGroups": [{"spec": {}}]}), ["name"]),
]


def rules(values: Values, resource: str) -> dict[str, Object]:
    """What the role allows with a resource, by the verbs."""
    role = render(values).one("Role", "operator")
    return {" ".join(rule["verbs"]): rule for rule in role["rules"] if resource in rule["resources"]}


def test_there_is_none_unasked() -> None:
    """Nor any object of Kubernetes' rights: a trial has none at all."""
    rendered = render()

    assert not [item for item in rendered.objects if "operator" in item["metadata"]["name"]]
    assert not rendered.all("Role") + rendered.all("RoleBinding")


def test_it_is_the_role_by_its_name_alone() -> None:
    """With the installation's store and a lease of its own."""
    rendered = render(OPERATOR)

    environment = rendered.environment("operator")
    assert rendered.container("operator")["args"] == ["operator"]
    assert environment["OPERATOR_LEASE_NAME"] == f"{PREFIX}-operator"
    assert environment["REDIS_URL"].startswith("redis://")
    assert not {"SALESLOFT_API_TOKEN_FILE", "OPERATOR_API_URLS"} & environment.keys()


def test_credentials_go_to_the_addresses_that_are_named() -> None:
    """Those of the job before the uninstall, too."""
    rendered = render(
        merged(OPERATOR, {"operator": {"apiUrls": ["https://a.example.com/v2", "https://b.example.com/token"]}})
    )

    for kind, component in (("Deployment", "operator"), ("Job", "operator-release")):
        entries = rendered.container(component, kind)["env"]
        assert {"name": "OPERATOR_API_URLS", "value": "https://a.example.com/v2,https://b.example.com/token"} in entries


def test_it_looks_into_the_secrets_that_are_named() -> None:
    """By the values or by the subscriptions in them, and into no other."""
    allowed = rules(shape("operator"), "secrets")

    names = allowed["get list watch"]["resourceNames"]
    assert names == [
        "salesloft-api",
        "salesloft-api-of-objects-declared-elsewhere",
        "salesloft-app",
        "salesloft-emea-keys",
        "salesloft-keys",
    ]
    assert allowed["patch"]["resourceNames"] == ["salesloft-emea-keys"]


def test_it_writes_no_secret_that_it_does_not_manage() -> None:
    """While others write the keys it may not make a Secret either."""
    assert list(rules(declaring(), "secrets")) == ["get list watch"]
    assert not rules(OPERATOR, "secrets")
    managed = merged(OPERATOR, {"operator": {"managedSecretNames": ["keys"]}})
    assert rules(managed, "secrets").keys() == {"get list watch", "patch", "create"}


def test_its_rights_are_its_accounts_alone() -> None:
    """Bound in this namespace, to the account that its pods have."""
    rendered = render(merged(OPERATOR, {"operator": {"serviceAccount": {"name": "ours"}}}))

    (subject,) = rendered.one("RoleBinding", "operator")["subjects"]
    accounts = {
        name
        for name, pod in rendered.pods()
        if pod["spec"].get("serviceAccountName") == subject["name"] and pod["spec"]["automountServiceAccountToken"]
    }
    assert (subject["kind"], subject["name"], subject["namespace"]) == ("ServiceAccount", "ours", "sales")
    assert accounts == {f"{PREFIX}-operator", f"{PREFIX}-operator-release"}
    assert not rendered.all("ClusterRole") + rendered.all("ClusterRoleBinding")


@pytest.mark.parametrize("component", ["operator", "operator-release"])
def test_it_gets_out_to_both_apis(component: str) -> None:
    """And to the store; in comes Prometheus only, and nobody to what ends by itself."""
    rendered = render(OPERATOR)

    spec = rendered.one("NetworkPolicy", component)["spec"]
    store = rendered.one("NetworkPolicy", "valkey")["spec"]["ingress"][0]["from"]
    assert [[port["port"] for port in rule["ports"]] for rule in spec["egress"]] == [
        [53, 53],
        ["valkey"],
        [443, 6443],
        [443],
    ]
    assert [rule["ports"] for rule in spec.get("ingress", [])] == (
        [[{"port": "ops"}]] if component == "operator" else []
    )
    assert component in [peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for peer in store]


def test_what_is_ours_is_taken_back_before_an_uninstall() -> None:
    """By a Job with the operator's image, account and settings, which ends in any case and says what is left."""
    rendered = render(shape("operator"))

    job = rendered.one("Job", "operator-release")
    operator = rendered.container("operator")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    annotations = job["metadata"]["annotations"]
    assert annotations["helm.sh/hook"] == "pre-delete"
    assert annotations["argocd.argoproj.io/hook"] == "PreDelete"
    assert "hook-failed" not in annotations["helm.sh/hook-delete-policy"], "its log says why"
    assert annotations["helm.sh/hook-output-log-policy"] == "hook-succeeded,hook-failed"
    assert container["args"] == ["operator", "release", "--yes", "--always", "--within=90s"]
    assert job["spec"]["activeDeadlineSeconds"] == 120
    assert {name: container[name] for name in ("image", "env", "envFrom")} == {
        name: operator[name] for name in ("image", "env", "envFrom")
    }


def test_what_is_piped_to_kubectl_releases_nothing() -> None:
    """Who applies what `helm template` prints would run the job at once, and delete what SalesLoft sends."""
    command = [str(TOOLS / "bin" / "helm"), "template", "shop", str(CHART), "--set", "operator.enabled=true"]

    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    assert "kind: Deployment" in printed
    assert "operator-release\n" in printed, "its network policy harms nobody"
    assert "kind: Job" not in printed


def test_a_single_pod_may_be_drained() -> None:
    """A budget for one pod would keep its node from being drained for ever."""
    assert not [item for item in render(OPERATOR).all("PodDisruptionBudget") if "operator" in item["metadata"]["name"]]
    assert render(shape("operator")).one("PodDisruptionBudget", "operator")["spec"]["maxUnavailable"] == 1


def test_declarations_are_passed_on() -> None:
    """As they are; a group's object is called after the release; Argo CD is told that it need not know the kind yet."""
    rendered = render(shape("operator"))

    sales = rendered.one_named("SalesloftSubscription", "sales")
    crm = rendered.one("ConsumerGroup", "crm")
    assert sales["spec"] == shape("operator")["subscriptions"][0]["spec"]
    assert crm["spec"] == {"group": "crm", **shape("operator")["consumerGroups"][0]["spec"]}
    for item in (sales, crm):
        assert item["metadata"]["namespace"] == "sales"
        options = item["metadata"]["annotations"]["argocd.argoproj.io/sync-options"]
        assert options == "SkipDryRunOnMissingResource=true"


@pytest.mark.parametrize(("values", "names"), [case[1:] for case in IMPOSSIBLE], ids=[case[0] for case in IMPOSSIBLE])
def test_what_cannot_be_is_refused(values: Values, names: list[str]) -> None:
    """With the names of both values."""
    message = refusal(values)

    assert all(name in message for name in names), message
