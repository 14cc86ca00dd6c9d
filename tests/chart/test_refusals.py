"""Combinations that cannot work, and typos, are refused with the names of what is wrong."""

import json
from typing import Any

import pytest

from salesloft_webhooks.event_patterns import GRAMMAR
from salesloft_webhooks.settings import Settings
from tests.chart.rendering import CHART, Values, merged, refusal, render, shape

OUTSIDE: Values = {"valkey": {"enabled": False}, "redis": {"url": "redis://r:6379/0"}}
VAULT: Values = {"externalSecret": {"enabled": True, "secretStoreRef": {"name": "vault"}}}
OWNED = """
    ALERT_URLS CONSOLE_URL
    CONSOLE_AUDIENCE CONSOLE_AUTH CONSOLE_GRAFANA_URL CONSOLE_ISSUER CONSOLE_JWKS_URL CONSOLE_PORT
    CONSOLE_PROXY_SECRET_FILE CONSOLE_ROLES_FILE CONSOLE_TOKENS_FILE
    DATABASE_URL DATABASE_URL_FILE DRAIN_SECONDS DURABILITY ENCRYPT_BODIES GRACE_SECONDS HANDLERS_FILE
    NOTIFY_URLS NOTIFY_URLS_FILE OPS_PORT PARTITIONS PORT REDIS_CA_FILE
    LINK_SWAP_ALLOWED_HOSTS LINK_SWAP_ALLOW_PRIVATE_ADDRESSES LINK_SWAP_CONCURRENCY LINK_SWAP_EVENTS LINK_SWAP_HANDLER
    LINK_SWAP_ON_FAILURE LINK_SWAP_SECRET LINK_SWAP_SECRET_FILE LINK_SWAP_TIMEOUT_SECONDS LINK_SWAP_URL
    KUBECONFIG OPERATOR_API_URLS OPERATOR_LEASE_NAME OPERATOR_NAMESPACE
    REDIS_KEY_PREFIX REDIS_SENTINEL_PASSWORD REDIS_URL REDIS_URL_FILE SHUTDOWN_DELAY_SECONDS SOURCES_FILE SOURCE_PATH
    STORE_MAX_BYTES
    WORKER_CONCURRENCY WORKER_EVENTS WORKER_GROUP WORKER_HANDLERS WORKER_ORDERING WORKER_WHERE
"""
"""Settings with values of their own, or which a ConfigMap must not hold."""

IMPOSSIBLE: list[tuple[str, Values, list[str]]] = [
    ("two-stores", {"redis": {"url": "redis://r:6379"}}, ["valkey.enabled", "redis.url"]),
    ("no-store", {"valkey": {"enabled": False}}, ["valkey.enabled", "redis.url"]),
    ("two-urls", merged(OUTSIDE, {"redis": {"existingSecret": {"name": "r"}}}), ["redis.url", "redis.existingSecret"]),
    (
        "two-vault-urls",
        merged(OUTSIDE, merged(VAULT, {"externalSecret": {"data": {"redis-url": {"key": "r"}}}})),
        ["externalSecret.data.redis-url", "redis.url"],
    ),
    (
        "clear-password",
        merged(OUTSIDE, {"redis": {"url": "redis://:secret@r:6379"}}),
        ["redis.url", "redis.passwordSecret"],
    ),
    (
        "no-password",
        merged(OUTSIDE, {"redis": {"url": "redis://:$(REDIS_PASSWORD)@r:6379"}}),
        ["$(REDIS_PASSWORD)", "redis.passwordSecret.name"],
    ),
    (
        "unused-password",
        merged(OUTSIDE, {"redis": {"passwordSecret": {"name": "x"}}}),
        ["redis.passwordSecret.name", "redis.url"],
    ),
    (
        "clear-database-password",
        {"database": {"url": "postgresql+asyncpg://u:secret@h/d"}},
        ["database.url", "database.passwordSecret"],
    ),
    ("no-replicas", {"redis": {"durability": "replicas:1"}}, ["redis.durability", "valkey.enabled"]),
    (
        "cluster-replicas",
        merged(OUTSIDE, {"redis": {"url": "redis+cluster://r:6379", "durability": "replicas:1"}}),
        ["redis.durability", "redis.url"],
    ),
    ("embedded-tls", {"redis": {"caSecret": {"name": "ca"}}}, ["redis.caSecret.name", "valkey.enabled"]),
    (
        "two-key-sources",
        {"source": {"keys": {"webhookSecret": "x"}, "existingSecret": {"name": "k", "webhookSecretKey": "w"}}},
        ["source.keys", "source.existingSecret.name"],
    ),
    (
        "vault-and-keys",
        merged(
            VAULT,
            {"source": {"keys": {"webhookSecret": "x"}}, "externalSecret": {"data": {"callback-token": {"key": "k"}}}},
        ),
        ["externalSecret.data", "source.keys"],
    ),
    ("no-entry", {"source": {"existingSecret": {"name": "k"}}}, ["existingSecret.name", "webhookSecretKey"]),
    (
        "no-secret",
        {"source": {"existingSecret": {"webhookSecretKey": "w"}}},
        ["webhookSecretKey", "existingSecret.name"],
    ),
    ("no-paths", {"sourcesFile": {"existingSecret": "s"}}, ["sourcesFile.existingSecret", "sourcesFile.paths"]),
    (
        "file-and-keys",
        {"sourcesFile": {"existingSecret": "s", "paths": ["/a"]}, "source": {"keys": {"webhookSecret": "x"}}},
        ["sourcesFile.existingSecret", "source.keys"],
    ),
    ("empty-vault", VAULT, ["externalSecret.enabled", "externalSecret.data"]),
    (
        "no-vault",
        {"externalSecret": {"enabled": True, "data": {"redis-url": {"key": "r"}}}, "valkey": {"enabled": False}},
        ["externalSecret.enabled", "externalSecret.secretStoreRef.name"],
    ),
    (
        "two-databases",
        {"database": {"url": "postgresql+asyncpg://h/d", "existingSecret": {"name": "d"}}},
        ["database.url", "database.existingSecret.name"],
    ),
    (
        "vault-and-database",
        merged(
            VAULT,
            {
                "database": {"url": "postgresql+asyncpg://h/d"},
                "externalSecret": {"data": {"database-url": {"key": "d"}}},
            },
        ),
        ["externalSecret.data.database-url", "database.url"],
    ),
    (
        "cut-off-requests",
        {"receiver": {"drainSeconds": 25}},
        ["receiver.drainSeconds", "receiver.terminationGracePeriodSeconds"],
    ),
    (
        "cut-off-handlers",
        {"workers": {"crm": {"graceSeconds": 30}}},
        ["workers.crm.graceSeconds", "workers.crm.terminationGracePeriodSeconds"],
    ),
    (
        "receiver-range",
        {"receiver": {"autoscaling": {"minReplicas": 5, "maxReplicas": 4}}},
        ["receiver.autoscaling.minReplicas", "receiver.autoscaling.maxReplicas"],
    ),
    (
        "worker-range",
        {"workers": {"crm": {"autoscaling": {"minReplicas": 11}}}},
        ["workers.crm.autoscaling.minReplicas", "workers.crm.autoscaling.maxReplicas"],
    ),
    ("no-hosts", {"receiver": {"ingress": {"enabled": True}}}, ["receiver.ingress.enabled", "receiver.ingress.hosts"]),
    (
        "no-gateway",
        {"receiver": {"httpRoute": {"enabled": True}}},
        ["receiver.httpRoute.enabled", "receiver.httpRoute.parentRefs"],
    ),
    ("no-handlers", {"workers": {"mine": {}}}, ["workers.mine", "workers.mine.handlers"]),
    (
        "no-prometheus",
        {"workers": {"notify": {"autoscaling": {"type": "keda"}}}},
        ["autoscaling.type=keda", "workers.notify.autoscaling.keda.serverAddress"],
    ),
    ("shared-sqlite", {"workers": {"crm": {"replicas": 2}}}, ["workers.crm.replicas", "database.url"]),
    (
        "scaled-sqlite",
        {"workers": {"crm": {"autoscaling": {"type": "hpa"}}}},
        ["workers.crm.autoscaling", "database.url"],
    ),
    ("tested-nowhere", {"test": {"group": "mine"}}, ["test.group", "workers.mine"]),
]

TYPOS: list[tuple[str, Values, str]] = [
    ("top", {"recevier": {}}, "recevier"),
    ("nested", {"receiver": {"replica": 3}}, "replica"),
    ("worker", {"workers": {"crm": {"concurency": 3}}}, "concurency"),
    ("setting", {"config": {"LOG_LEVL": "debug"}}, "LOG_LEVL"),
    ("owned-setting", {"config": {"REDIS_URL": "redis://x"}}, "REDIS_URL"),
    ("group", {"workers": {"Crm": {}}}, "Crm"),
    ("latest", {"image": {"tag": "latest"}}, "tag"),
    ("type", {"receiver": {"replicas": "3"}}, "replicas"),
    ("scaling", {"workers": {"crm": {"autoscaling": {"type": "both"}}}}, "type"),
    ("to-zero", {"workerDefaults": {"autoscaling": {"minReplicas": 0}}}, "minReplicas"),
    ("own-label", {"commonLabels": {"app.kubernetes.io/name": "x"}}, "/commonLabels/app.kubernetes.io"),
    ("pattern", {"workers": {"crm": {"events": ["EMAIL.*"]}}}, "events"),
    ("sqlite-url", {"database": {"url": "sqlite:///x"}}, "url"),
]


@pytest.mark.parametrize(("values", "names"), [case[1:] for case in IMPOSSIBLE], ids=[case[0] for case in IMPOSSIBLE])
def test_an_impossible_combination_names_both_values(values: Values, names: list[str]) -> None:
    """Helm refuses it, and the message says which values contradict each other."""
    message = refusal(values)

    assert all(name in message for name in names), message


@pytest.mark.parametrize(("values", "name"), [case[1:] for case in TYPOS], ids=[case[0] for case in TYPOS])
def test_a_typo_is_refused(values: Values, name: str) -> None:
    """A name or value that means nothing is an error that names it, not silently a default."""
    message = refusal(values)

    assert "schema" in message
    assert name in message


def test_an_escaped_password_reference_is_allowed() -> None:
    """A URL whose password is the reference passes the check for passwords in the clear."""
    values = merged(
        OUTSIDE, {"redis": {"url": "rediss://user:$(REDIS_PASSWORD)@r:6379/0", "passwordSecret": {"name": "p"}}}
    )

    assert render(values).environment("receiver")["REDIS_URL"].startswith("rediss://user:$(REDIS_PASSWORD)@")


def schema() -> dict[str, Any]:
    """The chart's values schema."""
    loaded: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    return loaded


def test_the_chart_knows_every_setting() -> None:
    """`config` takes exactly those settings of the package that the chart does not set itself."""
    settings = {name.upper() for name in Settings.model_fields if not name.startswith("salesloft_")}

    allowed = set(schema()["definitions"]["settings"]["properties"])

    assert allowed == settings - set(OWNED.split())


def test_every_variable_is_a_setting() -> None:
    """Each variable that the chart sets is one the package or OpenTelemetry reads, or part of a URL."""
    settings = {name.upper() for name in Settings.model_fields}
    helpers = {"REDIS_PASSWORD", "DATABASE_PASSWORD", "POD_NAME"}

    for values in (
        {},
        merged(OUTSIDE, {"tracing": {"endpoint": "http://c:4317"}, "redis": {"caSecret": {"name": "c"}}}),
    ):
        for component in ("receiver", "link-swap", "worker-crm"):
            names = {
                name
                for name in render(merged(shape("link-swap"), values)).environment(component)
                if not name.startswith("OTEL_")
            }
            assert names <= settings | helpers


def test_the_schema_has_the_grammar_of_event_patterns() -> None:
    """The chart refuses exactly what the worker would refuse."""
    assert schema()["definitions"]["worker"]["properties"]["events"]["items"]["pattern"] == GRAMMAR


def test_the_schema_is_strict_everywhere() -> None:
    """Every object with named properties refuses others, but for what other charts read as well."""

    def check(node: Any, where: str) -> None:
        if isinstance(node, dict):
            if "properties" in node and node.get("type") == "object" and where != "/properties/global":
                assert node.get("additionalProperties") is False, where
            for key, value in node.items():
                check(value, f"{where}/{key}")
        elif isinstance(node, list):
            for index, value in enumerate(node):
                check(value, f"{where}/{index}")

    check(schema(), "")
