"""What platform teams set around the pods reaches every object that it is about, and no other."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.chart.rendering import Object, Rendered, Values, merged, render, shape

PLATFORM = shape("platform")
COMPONENTS = ("receiver", "worker-activity", "worker-crm", "worker-notify", "backfill", "operator")
OURS = (*COMPONENTS, "migrations", "operator-release", "test")


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    """The shape with all of them."""
    return render(PLATFORM)


def pods(rendered: Rendered) -> dict[str, Object]:
    """The spec of each pod by component."""
    prefix = "shop-salesloft-webhooks-"
    return {name.removeprefix(prefix): pod["spec"] for name, pod in rendered.pods()}


def deployments(rendered: Rendered) -> Iterator[Object]:
    """The Deployments."""
    yield from rendered.all("Deployment")


def test_another_namespace_is_that_of_every_object() -> None:
    """Objects, what selects pods by namespace, and queries speak of it; nothing of the release's is left."""
    shapes = (PLATFORM, shape("production"), shape("link-swap"), shape("external-secrets"), shape("operator"))
    for values in shapes:
        moved = render(merged(values, {"namespaceOverride": "elsewhere"}))

        namespaces = {item["metadata"].get("namespace", item["kind"]) for item in moved.objects}
        assert namespaces <= {"elsewhere", "CustomResourceDefinition"}
        assert not re.search(r"(namespace(\.name)?\W{1,4}|matchNames\W{1,5})sales\b", str(moved.objects))


def test_every_pod_of_ours_has_the_settings_of_its_component(rendered: Rendered) -> None:
    """Pods of hooks and tests take theirs from the workers and the receiver."""
    found = pods(rendered)

    assert {name for name, spec in found.items() if spec.get("runtimeClassName") == "gvisor"} == set(OURS)
    assert {name for name, spec in found.items() if spec.get("hostUsers") is False} == set(OURS)
    for name in set(OURS) - {"backfill"}:
        assert found[name]["dnsConfig"] == PLATFORM["receiver"]["dnsConfig"], name
        assert found[name]["hostAliases"] == PLATFORM["receiver"]["hostAliases"], name
    assert found["receiver"]["dnsPolicy"] == "ClusterFirst"


def test_one_group_may_have_a_user_namespace() -> None:
    """What nobody has set is left to the cluster, and what one group sets is that group's."""
    found = pods(render({"workers": {"crm": {"handlers": ["acme.crm:router"], "hostUsers": False}}}))

    assert {name for name, spec in found.items() if "hostUsers" in spec} == {"worker-crm"}


def test_probes_have_the_times_given_and_the_others_as_they_were(rendered: Rendered) -> None:
    """A time that is given replaces its default, and what is asked stays."""
    receiver, worker = rendered.container("receiver"), rendered.container("worker-crm")
    plain = render().container("receiver")

    assert receiver["readinessProbe"] == {**plain["readinessProbe"], "periodSeconds": 10, "failureThreshold": 3}
    assert receiver["startupProbe"] == {**plain["startupProbe"], "initialDelaySeconds": 1}
    assert receiver["livenessProbe"] == plain["livenessProbe"]
    assert worker["livenessProbe"] == {**plain["livenessProbe"], "timeoutSeconds": 10}


def test_roll_outs_are_as_asked_for(rendered: Rendered) -> None:
    """Zero old roll-outs are zero and not Kubernetes' ten; without values nothing is said."""
    found = {item["metadata"]["name"].rpartition("webhooks-")[2]: item for item in deployments(rendered)}

    assert found["backfill"]["spec"]["revisionHistoryLimit"] == 0
    for name in ("receiver", "worker-crm", "operator"):
        assert (found[name]["spec"]["revisionHistoryLimit"], found[name]["spec"]["minReadySeconds"]) == (3, 10)
        assert found[name]["metadata"]["annotations"]["reloader.stakater.com/auto"] == "true"
    for item in deployments(render()):
        assert not {"revisionHistoryLimit", "minReadySeconds"} & item["spec"].keys()


def test_a_budget_says_one_thing(rendered: Rendered) -> None:
    """`minAvailable` takes the place of `maxUnavailable`, which Kubernetes does not take together."""
    budgets = {item["metadata"]["name"]: item["spec"] for item in rendered.all("PodDisruptionBudget")}

    assert {name: spec["minAvailable"] for name, spec in budgets.items()} == {
        name: "50%" if name.endswith("receiver") else 1 for name in budgets
    }
    assert not any("maxUnavailable" in spec for spec in budgets.values())


def test_further_rules_are_in_every_policy(rendered: Rendered) -> None:
    """A mesh's port is let in and out of each pod, hooks, tests and Valkey included."""
    for item in rendered.all("NetworkPolicy"):
        assert PLATFORM["networkPolicy"]["extraIngress"][0] in item["spec"]["ingress"], item["metadata"]["name"]
        assert PLATFORM["networkPolicy"]["extraEgress"][0] in item["spec"]["egress"], item["metadata"]["name"]


def test_environment_comes_from_further_places(rendered: Rendered) -> None:
    """`extraEnvFrom` follows the chart's own settings, so that these can be overruled."""
    sources = {name: rendered.container(name)["envFrom"] for name in COMPONENTS}

    assert all(of[0] == {"configMapRef": {"name": "shop-salesloft-webhooks-config"}} for of in sources.values())
    assert sources["receiver"][1:] == PLATFORM["receiver"]["extraEnvFrom"]
    assert {str(of[1:]) for name, of in sources.items() if name != "receiver"} == {"[{'secretRef': {'name': 'team'}}]"}


def test_the_service_takes_what_its_type_has() -> None:
    """A load balancer's fields are those of a load balancer only, whatever values are left from before."""
    own = {"loadBalancerClass", "loadBalancerSourceRanges"}
    balanced = render(PLATFORM).one("Service", "receiver")
    plain = render(merged(PLATFORM, {"receiver": {"service": {"type": "ClusterIP"}}})).one("Service", "receiver")

    assert own <= balanced["spec"].keys()
    assert not own & plain["spec"].keys()
    assert (balanced["spec"]["ports"][0]["nodePort"], "nodePort" in plain["spec"]["ports"][0]) == (30080, False)
    assert (balanced["spec"]["trafficDistribution"], balanced["metadata"]["labels"]["exposed"]) == (
        "PreferSameZone",
        "true",
    )


def test_a_service_of_any_type_may_have_addresses_of_nodes() -> None:
    """With them, traffic comes from outside, and its policy counts."""
    asked = {"externalIPs": ["192.0.2.1"], "sessionAffinity": "ClientIP", "externalTrafficPolicy": "Local"}

    plain, made = (render({"receiver": {"service": each}}).one("Service", "receiver")["spec"] for each in ({}, asked))

    assert asked.items() <= made.items()
    assert not asked.keys() & plain.keys()


def test_memory_counts_where_somebody_says_so() -> None:
    """Beside the processor, of receivers and of workers."""
    aim = {"targetMemoryUtilizationPercentage": 80}
    asked = {
        "receiver": {"autoscaling": {"enabled": True, **aim}},
        "workers": {"notify": {"autoscaling": {"type": "hpa", **aim}}},
    }

    for component in ("receiver", "worker-notify"):
        metrics = render(asked).one("HorizontalPodAutoscaler", component)["spec"]["metrics"]
        aims = {each["containerResource"]["name"]: each["containerResource"]["target"] for each in metrics}
        assert aims["memory"] == {"type": "Utilization", "averageUtilization": 80}
        assert aims.keys() == {"cpu", "memory"}


def test_a_route_has_several_parents_and_filters_everywhere() -> None:
    """Each rule of the route, that of link swaps as well, has the filters; the selector has none of the labels."""
    values = merged(PLATFORM, {"linkSwap": {"enabled": True, "handler": "a:b", "allowedHosts": ["*"]}})
    route = render(values).one("HTTPRoute", "receiver")
    parents: list[Any] = PLATFORM["receiver"]["httpRoute"]["parentRefs"]

    assert route["spec"]["parentRefs"] == parents
    assert [rule["filters"] for rule in route["spec"]["rules"]] == [PLATFORM["receiver"]["httpRoute"]["filters"]] * 2
    assert route["metadata"]["labels"]["exposed"] == "true"


def test_accounts_have_labels_of_their_own(rendered: Rendered) -> None:
    """As a cloud's workload identity wants it."""
    accounts = {item["metadata"]["name"].rpartition("-")[2]: item for item in rendered.all("ServiceAccount")}

    for name in ("receiver", "worker", "operator"):
        assert accounts[name]["metadata"]["labels"]["azure.workload.identity/use"] == "true"


@pytest.mark.parametrize("kind", ["labels", "annotations"])
def test_a_mesh_is_kept_out_of_what_must_end(rendered: Rendered, kind: str) -> None:
    """The test's pod has labels and annotations of its own, and is still Helm's test."""
    metadata = rendered.one("Pod", "test")["metadata"]

    assert metadata[kind]["sidecar.istio.io/inject"] == "false"
    assert metadata["annotations"]["helm.sh/hook"] == "test"


def test_own_receivers_for_link_swaps_take_the_receivers(rendered: Rendered) -> None:
    """`linkSwap.receiver` overrules single ones of the receiver's, but not its environment."""
    swaps: Values = {"enabled": True, "handler": "a:b", "allowedHosts": ["*"], "receiver": {"minReadySeconds": 1}}
    made = render(merged(PLATFORM, {"linkSwap": swaps}))

    deployment = made.one("Deployment", "link-swap")["spec"]

    assert (deployment["minReadySeconds"], deployment["revisionHistoryLimit"]) == (1, 3)
    assert len(made.container("link-swap")["envFrom"]) == 1
    assert len(rendered.container("receiver")["envFrom"]) == 2


def test_roll_out_and_hooks_are_the_users() -> None:
    """A strategy replaces ours; hooks join the receiver's wait, which gives way to another preStop hook only."""
    asked = {"strategy": {"type": "Recreate"}, "lifecycle": {"postStart": {"sleep": {"seconds": 1}}}}
    rendered = render({"receiver": asked, "workers": {"notify": asked}})
    other = render({"receiver": {"lifecycle": {"preStop": {"exec": {"command": ["/leave"]}}}}})

    for component in ("receiver", "worker-notify"):
        assert rendered.one("Deployment", component)["spec"]["strategy"] == {"type": "Recreate"}
        assert rendered.container(component)["lifecycle"]["postStart"] == {"sleep": {"seconds": 1}}
    assert rendered.container("receiver")["lifecycle"]["preStop"] == {"sleep": {"seconds": 5}}
    assert other.container("receiver")["lifecycle"] == {"preStop": {"exec": {"command": ["/leave"]}}}


@pytest.mark.parametrize("monitor", ["podMonitor", "serviceMonitor"])
def test_a_metric_may_keep_its_own_labels(monitor: str) -> None:
    """Where somebody says so, and nowhere else."""
    endpoints = "podMetricsEndpoints" if monitor == "podMonitor" else "endpoints"

    for wanted in ({}, {"honorLabels": True}):
        (found,) = render({"monitoring": {monitor: {"enabled": True, **wanted}}}).all(monitor[0].upper() + monitor[1:])
        assert found["spec"][endpoints][0].get("honorLabels", False) is bool(wanted)
