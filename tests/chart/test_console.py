"""The console: for people, so it has a host, a door and rights of its own."""

import pytest

from tests.chart.rendering import Values, merged, refusal, render, shape

TOKENS: Values = {
    "console": {"enabled": True, "auth": "token", "tokens": {"existingSecret": "console-tokens", "key": "t"}}
}


def test_nothing_of_it_is_there_unasked() -> None:
    """Without `console.enabled` no object is named after it."""
    assert not [item for item in render().objects if "console" in item["metadata"]["name"]]


def test_it_believes_what_the_issuer_has_signed() -> None:
    """Behind a proxy it has the issuer's keys, name and audience, and a mounted, re-read file of roles."""
    rendered = render(shape("console"))
    environment = rendered.environment("console")
    (volume,) = rendered.one("Deployment", "console")["spec"]["template"]["spec"]["volumes"]

    assert environment["CONSOLE_AUTH"] == "proxy"
    assert environment["CONSOLE_JWKS_URL"] == "https://accounts.example.com/keys"
    assert environment["CONSOLE_ISSUER"] == "https://accounts.example.com"
    assert environment["CONSOLE_AUDIENCE"] == "console"
    assert environment["CONSOLE_ROLES_FILE"] == "/etc/salesloft-webhooks/console/roles.yaml"
    (source,) = volume["projected"]["sources"]
    assert source["secret"] == {"name": "console-roles", "items": [{"key": "roles.yaml", "path": "roles.yaml"}]}


def test_it_knows_tokens_by_a_file() -> None:
    """With tokens it has their file and nothing of a proxy."""
    rendered = render(TOKENS)
    environment = rendered.environment("console")
    (volume,) = rendered.one("Deployment", "console")["spec"]["template"]["spec"]["volumes"]

    assert {name for name in environment if name.startswith("CONSOLE_") and name != "CONSOLE_URL"} == {
        "CONSOLE_AUTH",
        "CONSOLE_TOKENS_FILE",
    }
    (source,) = volume["projected"]["sources"]
    assert source["secret"] == {"name": "console-tokens", "items": [{"key": "t", "path": "tokens"}]}


def test_its_overview_leads_to_the_graphs() -> None:
    """`console.grafanaUrl` is handed on as it is, with a dashboard's variables; only the web's addresses are."""
    address = "https://grafana.example.com/d/salesloft?orgId=1&var-release=shop"
    given = render(merged(TOKENS, {"console": {"grafanaUrl": address}}))

    assert given.environment("console")["CONSOLE_GRAFANA_URL"] == address
    for wrong in ("javascript:alert(1)", "//grafana.example.com", "https://u:p@grafana.example.com", "https://a b"):
        assert "grafanaUrl" in refusal(merged(TOKENS, {"console": {"grafanaUrl": wrong}})), wrong


def test_only_the_proxy_and_prometheus_reach_it() -> None:
    """Its port is open to the peers that are named and to nobody where none is; it reaches the store and the issuer."""
    policy = render(shape("console")).one("NetworkPolicy", "console")["spec"]
    closed = render(TOKENS).one("NetworkPolicy", "console")["spec"]

    proxy, prometheus = policy["ingress"]
    assert proxy["ports"] == [{"port": "http"}]
    assert proxy["from"] == shape("console")["networkPolicy"]["console"]
    assert prometheus["ports"] == [{"port": "ops"}]
    assert [rule["ports"] for rule in closed["ingress"]] == [[{"port": "ops"}]]
    assert {"ports": [{"port": 443}]} in policy["egress"]
    assert {"ports": [{"port": 443}]} not in closed["egress"]
    valkey = render(TOKENS).one("NetworkPolicy", "valkey")["spec"]
    peers = [peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for peer in valkey["ingress"][0]["from"]]
    assert "console" in peers


def test_it_has_a_host_name_and_rights_of_its_own() -> None:
    """Its Ingress leads to its Service under its host only; its account is its own, and no token is mounted."""
    rendered = render(shape("console"))
    (rule,) = rendered.one("Ingress", "console")["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    pod = rendered.one("Deployment", "console")["spec"]["template"]["spec"]

    assert rule["host"] == "console.example.com"
    assert path["backend"]["service"]["name"] == rendered.one("Service", "console")["metadata"]["name"]
    assert pod["serviceAccountName"] == rendered.one("ServiceAccount", "console")["metadata"]["name"]
    assert pod["automountServiceAccountToken"] is False
    assert rendered.one("PodDisruptionBudget", "console")["spec"]["maxUnavailable"] == 1
    kinds = {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
    assert not [item for item in rendered.objects if item["kind"] in kinds]


def test_alerts_lead_to_it() -> None:
    """Each alert has its address, or its page's where one answers the alert; its pods are scraped like all others."""
    rendered = render(shape("console"))
    groups = [group for item in rendered.all("PrometheusRule") for group in item["spec"]["groups"]]
    links = {rule["annotations"].get("console_url") for group in groups for rule in group["rules"] if "alert" in rule}
    (expression,) = rendered.one("PodMonitor", "")["spec"]["selector"]["matchExpressions"]

    assert all(link.startswith("https://console.example.com") for link in links)
    assert {link.removeprefix("https://console.example.com") for link in links} == {
        "",
        "/backfill",
        "/dead?group={{ $labels.group }}",
        "/dead?group={{ $labels.group }}&reason=poison",
        "/groups/{{ $labels.group }}",
        "/quarantine",
        "/subscriptions",
    }
    assert not [rule for group in groups for rule in group["rules"] if "console_path" in rule.get("annotations", {})]
    assert "console" in expression["values"]


def test_a_route_of_a_gateway_leads_to_it() -> None:
    """With an HTTPRoute every path of its host leads to its Service."""
    route = {"httpRoute": {"enabled": True, "parentRefs": [{"name": "inner"}], "hostnames": ["console.example.com"]}}
    spec = render(merged(TOKENS, {"console": route})).one("HTTPRoute", "console")["spec"]

    assert spec["hostnames"] == ["console.example.com"]
    assert spec["rules"][0]["backendRefs"] == [{"name": "shop-salesloft-webhooks-console", "port": 80}]


IMPOSSIBLE: list[tuple[str, Values, list[str]]] = [
    ("console-for-all", {"console": {"enabled": True}}, ["console.enabled", "console.auth"]),
    (
        "console-without-roles",
        {"console": {"enabled": True, "auth": "proxy"}},
        ["console.auth=proxy", "console.roles.existingSecret"],
    ),
    (
        "console-believes-a-path",
        {"console": {"enabled": True, "auth": "proxy", "roles": {"existingSecret": "r"}}},
        ["console.auth=proxy", "console.proxy.jwksUrl", "console.proxy.existingSecret"],
    ),
    (
        "console-without-audience",
        {
            "console": {
                "enabled": True,
                "auth": "proxy",
                "roles": {"existingSecret": "r"},
                "proxy": {"jwksUrl": "https://a.example.com/keys", "issuer": "https://a.example.com"},
            }
        },
        ["console.proxy.jwksUrl", "console.proxy.audience"],
    ),
    (
        "console-without-tokens",
        {"console": {"enabled": True, "auth": "token"}},
        ["console.auth=token", "console.tokens.existingSecret"],
    ),
    (
        "console-ingress-without-auth",
        {"console": {"enabled": True, "ingress": {"enabled": True, "hosts": ["console.example.com"]}}},
        ["console.enabled", "console.auth"],
    ),
    (
        "console-without-host",
        merged(shape("console"), {"console": {"ingress": {"hosts": []}}}),
        ["console.ingress.enabled", "console.ingress.hosts"],
    ),
    (
        "console-on-the-webhooks-host",
        merged(shape("console"), {"receiver": {"ingress": {"enabled": True, "hosts": ["console.example.com"]}}}),
        ["console.ingress.hosts", "receiver.ingress.hosts"],
    ),
    ("no-auth-at-all", {"console": {"enabled": True, "auth": "none"}}, ["schema", "auth"]),
]


@pytest.mark.parametrize(("values", "names"), [case[1:] for case in IMPOSSIBLE], ids=[case[0] for case in IMPOSSIBLE])
def test_a_console_that_anybody_could_use_is_refused(values: Values, names: list[str]) -> None:
    """What would let people in unproven, or beside the webhook, is refused with the names of what is wrong."""
    message = refusal(values)

    assert all(name in message for name in names), message
