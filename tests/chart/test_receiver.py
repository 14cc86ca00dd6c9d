"""The receiver's objects: it never goes below its number, tells before it leaves, and exposes one path."""

import pytest

from tests.chart.rendering import PREFIX, Values, merged, render, shape

INGRESS: Values = {"receiver": {"ingress": {"enabled": True, "hosts": ["hooks.example.com"]}}}


def test_a_roll_out_never_has_fewer_receivers() -> None:
    """Two pods, replaced one at a time, each new one before an old one goes."""
    spec = render().one("Deployment", "receiver")["spec"]

    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_leaving_fits_into_the_grace_period() -> None:
    """The hook's delay and the delay and drain of the process end before Kubernetes kills it."""
    rendered = render()
    environment = rendered.environment("receiver")
    pod = rendered.one("Deployment", "receiver")["spec"]["template"]["spec"]

    delay = rendered.container("receiver")["lifecycle"]["preStop"]["sleep"]["seconds"]
    leaving = float(environment["SHUTDOWN_DELAY_SECONDS"]) + float(environment["DRAIN_SECONDS"])

    assert delay > 0
    assert delay + leaving < pod["terminationGracePeriodSeconds"]


def test_the_delay_before_leaving_can_be_left_out() -> None:
    """Without a delay there is no hook: Kubernetes 1.30 refuses one of zero seconds."""
    assert "lifecycle" not in render({"receiver": {"preStopSeconds": 0}}).container("receiver")


def test_the_service_leads_to_the_webhook_port_only() -> None:
    """Probes and metrics are not reachable through the Service."""
    rendered = render()
    ports = {port["name"]: port["containerPort"] for port in rendered.container("receiver")["ports"]}

    targets = [port["targetPort"] for port in rendered.one("Service", "receiver")["spec"]["ports"]]

    assert targets == ["http"]
    assert ports == {"http": 8000, "ops": 9090}


def test_the_service_has_the_families_of_addresses_asked_for() -> None:
    """Without values they are the cluster's business."""
    both = {"ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv6", "IPv4"]}

    plain = render().one("Service", "receiver")["spec"]
    dual = render({"receiver": {"service": both}}).one("Service", "receiver")["spec"]

    assert not both.keys() & plain.keys()
    assert {name: dual[name] for name in both} == both


def test_a_load_balancer_keeps_the_traffic_policy() -> None:
    """The external traffic policy is set only on a Service that takes traffic from outside."""
    plain = render().one("Service", "receiver")["spec"]
    service = {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}

    balanced = render({"receiver": {"service": service}}).one("Service", "receiver")["spec"]

    assert "externalTrafficPolicy" not in plain
    assert (balanced["type"], balanced["externalTrafficPolicy"]) == ("LoadBalancer", "Local")


def test_the_autoscaler_owns_the_number_of_pods() -> None:
    """With an autoscaler the Deployment names no number, so that an upgrade does not reset it."""
    rendered = render({"receiver": {"autoscaling": {"enabled": True, "maxReplicas": 7}}})

    scaler = rendered.one("HorizontalPodAutoscaler", "receiver")["spec"]

    assert "replicas" not in rendered.one("Deployment", "receiver")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 7)
    assert scaler["scaleTargetRef"]["name"] == f"{PREFIX}-receiver"
    assert scaler["metrics"][0]["containerResource"]["container"] == "receiver"


def test_drains_take_one_receiver_at_a_time() -> None:
    """The disruption budget selects exactly the receiver's pods, and does not protect broken ones."""
    rendered = render()

    budget = rendered.one("PodDisruptionBudget", "receiver")["spec"]

    assert budget["selector"] == rendered.one("Deployment", "receiver")["spec"]["selector"]
    assert (budget["maxUnavailable"], budget["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")


def test_pods_spread_over_hosts_and_zones() -> None:
    """Pods prefer hosts and zones of their own, by means that do not undo each other on nodes without a zone."""
    pod = render().one("Deployment", "receiver")["spec"]["template"]["spec"]

    (constraint,) = pod["topologySpreadConstraints"]
    (preference,) = pod["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]

    assert (constraint["topologyKey"], constraint["whenUnsatisfiable"]) == ("kubernetes.io/hostname", "ScheduleAnyway")
    assert preference["podAffinityTerm"]["topologyKey"] == "topology.kubernetes.io/zone"


def test_an_affinity_of_ones_own_replaces_the_default() -> None:
    """With `affinity` nothing of the default is left."""
    own: Values = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}

    pod = render({"receiver": {"affinity": own}}).one("Deployment", "receiver")["spec"]["template"]["spec"]

    assert pod["affinity"] == own


def test_an_ingress_exposes_the_webhook_path_over_tls() -> None:
    """The Ingress lets exactly the source's path through, by HTTPS unless that is switched off."""
    ingress = render(merged(INGRESS, {"source": {"path": "/in"}})).one("Ingress", "receiver")["spec"]
    plain = render(merged(INGRESS, {"receiver": {"ingress": {"tls": {"enabled": False}}}}))

    paths = [(path["path"], path["pathType"]) for path in ingress["rules"][0]["http"]["paths"]]

    assert paths == [("/in", "Exact")]
    assert ingress["tls"] == [{"hosts": ["hooks.example.com"], "secretName": f"{PREFIX}-tls"}]
    assert "tls" not in plain.one("Ingress", "receiver")["spec"]


def test_a_route_exposes_posts_to_the_webhook_path() -> None:
    """The HTTPRoute names the Gateway's HTTPS listener and lets only POSTs to the path through."""
    route = render(shape("gateway")).one("HTTPRoute", "receiver")["spec"]

    assert route["parentRefs"][0]["sectionName"] == "https"
    assert route["rules"][0]["matches"] == [
        {"path": {"type": "Exact", "value": "/webhooks/salesloft"}, "method": "POST"}
    ]
    assert route["rules"][0]["backendRefs"] == [{"name": f"{PREFIX}-receiver", "port": 80}]


@pytest.mark.parametrize("kind", ["Ingress", "HTTPRoute", "HorizontalPodAutoscaler"])
def test_nothing_is_exposed_or_scaled_unasked(kind: str) -> None:
    """Without values there is no way in from outside and no autoscaler."""
    assert render().all(kind) == []


def test_every_path_of_a_sources_file_is_exposed() -> None:
    """With several sources the Ingress lets each of their paths through, and the file is mounted."""
    rendered = render(shape("sources-file"))

    rule = rendered.one("Ingress", "receiver")["spec"]["rules"][0]

    assert [path["path"] for path in rule["http"]["paths"]] == ["/webhooks/eu", "/webhooks/us"]
    assert rendered.environment("receiver")["SOURCES_FILE"] == "/etc/salesloft-webhooks/sources/sources.yaml"
    assert "SOURCE_PATH" not in rendered.environment("receiver")


def test_helm_test_posts_through_the_service() -> None:
    """The test pod has the keys and the store, and posts to the Service's address."""
    rendered = render({"receiver": {"service": {"port": 8080}}, "test": {"group": "notify", "timeoutSeconds": 9}})

    pod = rendered.one("Pod", "test")
    container = pod["spec"]["containers"][0]

    assert container["args"] == [
        "trial",
        f"http://{PREFIX}-receiver:8080",
        "--group=notify",
        "--timeout=9",
    ]
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert {"REDIS_URL", "SALESLOFT_WEBHOOK_SECRET_FILE"} <= {entry["name"] for entry in container["env"]}
