"""What may talk to what: everything else is denied."""

from typing import Any

import pytest

from tests.chart.rendering import Object, Values, merged, refusal, render, shape

MONITORING = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]


def ports(rules: list[Object]) -> list[list[Any]]:
    """The ports of each rule."""
    return [[port["port"] for port in rule["ports"]] for rule in rules]


def policy(component: str, values: Values | None = None) -> Object:
    """The rules of a component."""
    spec: Object = render(values).one("NetworkPolicy", component)["spec"]
    return spec


@pytest.mark.parametrize(
    "name", ["default", "production", "external-secrets", "own-handlers", "link-swap", "operator", "warehouse"]
)
def test_every_pod_is_under_a_policy(name: str) -> None:
    """Each pod is selected by exactly one policy, which speaks about both directions."""
    rendered = render(shape(name))
    policies = rendered.all("NetworkPolicy")

    for pod_name, pod in rendered.pods():
        labels = pod["metadata"]["labels"].items()
        selecting = [item for item in policies if item["spec"]["podSelector"]["matchLabels"].items() <= labels]
        assert len(selecting) == 1, pod_name
        assert selecting[0]["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_without_policies_there_are_none() -> None:
    """The switch removes all of them."""
    assert render({"networkPolicy": {"enabled": False}}).all("NetworkPolicy") == []


def test_only_the_gateway_reaches_the_webhook_port() -> None:
    """With a gateway named, the webhook port takes only its traffic and the chart's own test's."""
    gateway = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gateways"}}}]

    webhook, metrics = policy("receiver", {"networkPolicy": {"gateway": gateway}})["ingress"]

    assert webhook["from"][0] == gateway[0]
    assert webhook["from"][1]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "test"
    assert ports([webhook, metrics]) == [["http"], ["ops"]]


@pytest.mark.parametrize("component", ["receiver", "worker-crm"])
def test_only_prometheus_reaches_the_metrics(component: str) -> None:
    """The metrics port is open to the peers named and to nobody when there are none."""
    rules = [rule for rule in policy(component)["ingress"] if ports([rule]) == [["ops"]]]
    closed = policy(component, {"networkPolicy": {"prometheus": []}}).get("ingress", [])

    assert [rule["from"] for rule in rules] == [MONITORING]
    assert ["ops"] not in ports(closed)


def test_the_embedded_server_answers_our_pods_only() -> None:
    """Receiver, workers and the test may connect to Valkey, and it may connect to nobody."""
    spec = policy("valkey")

    peers = [peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for peer in spec["ingress"][0]["from"]]

    assert peers == ["receiver", "worker", "test"]
    assert ("Egress" in spec["policyTypes"], "egress" in spec) == (True, False)


def test_the_receiver_calls_names_and_the_store() -> None:
    """By default the receiver may ask for names and use the embedded server, and nothing else."""
    dns, store = policy("receiver")["egress"]

    assert ports([dns, store]) == [[53, 53], ["valkey"]]
    assert dns["to"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}},
        {"ipBlock": {"cidr": "169.254.20.10/32"}},
    ]
    assert store["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "valkey"


def test_external_services_are_named_in_production() -> None:
    """Redis, the collector and the database are reachable at the addresses and ports given, by those who need them."""
    values = shape("production")

    receiver = policy("receiver", values)["egress"]
    activity = policy("worker-activity", values)["egress"]
    notify = policy("worker-notify", values)["egress"]

    assert ports(receiver) == [[53, 53], [6380], [4317, 4318]]
    assert ports(activity) == [[53, 53], [6380], [4317, 4318], [5432]]
    assert ports(notify) == ports(receiver)
    assert receiver[1]["to"] == [{"ipBlock": {"cidr": "10.0.1.0/24"}}]
    assert activity[3]["to"] == [{"ipBlock": {"cidr": "10.0.2.0/24"}}]


def test_migrations_reach_the_database_only() -> None:
    """The migration Job may ask for names and use the database."""
    spec = policy("migrations", shape("production"))

    assert ("Ingress" in spec["policyTypes"], "ingress" in spec) == (True, False)
    assert ports(spec["egress"]) == [[53, 53], [5432]]


def test_a_groups_handlers_reach_what_the_group_names() -> None:
    """Egress rules of one group are its alone."""
    rule = {"to": [{"ipBlock": {"cidr": "10.9.0.0/16"}}], "ports": [{"port": 443}]}
    values = merged({}, {"workers": {"crm": {"egress": [rule]}}})

    assert rule in policy("worker-crm", values)["egress"]
    assert rule not in policy("worker-notify", values)["egress"]


def test_the_test_reaches_receiver_and_store() -> None:
    """`helm test` can post through the Service and look into the store."""
    assert ports(policy("test")["egress"]) == [[53, 53], ["valkey"], ["http"]]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"redis": {"url": "rediss://u:$(REDIS_PASSWORD)@r:6380/0", "passwordSecret": {"name": "r"}}},
            ["networkPolicy.redis.ports", "6380", "redis.url"],
        ),
        (
            {"redis": {"url": "redis+sentinel://a,b:26380/primary"}},
            ["networkPolicy.redis.ports", "26379", "redis.url"],
        ),
        (
            {"database": {"url": "postgresql+asyncpg://db:6432/events?ssl=require"}},
            ["networkPolicy.database.ports", "6432", "database.url"],
        ),
        (
            {"tracing": {"endpoint": "http://collector:4327/v1"}},
            ["networkPolicy.otlp.ports", "4327", "tracing.endpoint"],
        ),
    ],
    ids=["redis", "sentinel", "database", "collector"],
)
def test_a_closed_port_is_refused(values: Values, words: list[str]) -> None:
    """An address whose port no policy lets through is refused, with the names of both values."""
    outside: Values = {"valkey": {"enabled": "redis" not in values}}

    said = refusal(merged(outside, values))

    assert all(word in said for word in words), said
    assert render(merged(outside, merged(values, {"networkPolicy": {"enabled": False}}))).objects


@pytest.mark.parametrize(
    "url", ["redis://[fd00::1]:6379/0", "redis+sentinel://a:26379,b:26379/primary", "rediss://$(REDIS_PASSWORD)@h/0"]
)
def test_an_open_port_is_no_reason_to_refuse(url: str) -> None:
    """Addresses whose ports the policies let through are taken, in every form."""
    password = {"passwordSecret": {"name": "r"}} if "$" in url else {}
    values = {
        "valkey": {"enabled": False},
        "redis": {"url": url, **password},
        "networkPolicy": {"redis": {"ports": [6379, 26379]}},
    }

    assert render(values).environment("receiver")["REDIS_URL"] == url


def test_names_are_asked_for_where_they_are_answered() -> None:
    """The port of the DNS pods can be another one, for TCP as for UDP."""
    rule = policy("receiver", {"networkPolicy": {"dns": {"ports": [5353]}}})["egress"][0]

    assert rule["ports"] == [{"port": 5353, "protocol": "UDP"}, {"port": 5353, "protocol": "TCP"}]


def test_a_cache_of_names_on_the_node_may_be_asked() -> None:
    """Its addresses of either family are let through, on the port of DNS only; anybody's stay anybody's."""
    caches = ["169.254.25.10/32", "fd00:90::10/128"]

    rule = policy("receiver", {"networkPolicy": {"dns": {"nodeLocal": caches}}})["egress"][0]
    anybody = policy("receiver", {"networkPolicy": {"dns": {"to": []}}})["egress"][0]

    assert [peer["ipBlock"]["cidr"] for peer in rule["to"] if "ipBlock" in peer] == caches
    assert {port["port"] for port in rule["ports"]} == {53}
    assert "to" not in anybody


@pytest.mark.parametrize("address", ["169.254.20.10", "fd00:90::10", "here/32"])
def test_an_address_without_its_length_is_refused(address: str) -> None:
    """Kubernetes takes networks only, so that a bare address is refused here and not in the middle of an upgrade."""
    assert "nodeLocal" in refusal({"networkPolicy": {"dns": {"nodeLocal": [address]}}})


@pytest.mark.parametrize("name", ["default", "production", "backfill"])
def test_nothing_is_denied_by_an_empty_list(name: str) -> None:
    """The server keeps no empty list of rules, so that one would be a difference for ever to whoever compares."""
    values = merged(shape(name), {"networkPolicy": {"prometheus": []}})

    for item in render(values).all("NetworkPolicy"):
        assert [] not in item["spec"].values(), item["metadata"]["name"]
