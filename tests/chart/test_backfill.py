"""The backfill's Deployment: off until asked for, with its credentials as files and a way out to SalesLoft alone."""

import pytest

from tests.chart.rendering import Values, merged, refusal, render, shape

BACKFILL: Values = {"backfill": {"enabled": True}, "salesloftApi": {"existingSecret": {"name": "api"}}}

IMPOSSIBLE: list[tuple[str, Values, list[str]]] = [
    (
        "backfill-without-credentials",
        {"backfill": {"enabled": True}},
        ["backfill.enabled", "salesloftApi.existingSecret"],
    ),
    (
        "backfill-with-two",
        {
            "backfill": {"enabled": True},
            "salesloftApi": {"existingSecret": {"name": "s", "clientSecretKey": "c"}},
        },
        ["salesloftApi.existingSecret.tokenKey", "salesloftApi.existingSecret.clientSecretKey"],
    ),
    (
        "backfill-with-none",
        {"backfill": {"enabled": True}, "salesloftApi": {"existingSecret": {"name": "s", "tokenKey": ""}}},
        ["backfill.enabled", "salesloftApi.existingSecret.tokenKey"],
    ),
    (
        "an-app-without-an-id",
        {
            "backfill": {"enabled": True},
            "salesloftApi": {"existingSecret": {"name": "s", "tokenKey": "", "clientSecretKey": "c"}},
        },
        ["salesloftApi.existingSecret.clientSecretKey", "salesloftApi.clientId"],
    ),
    (
        "no-way-to-the-api",
        {"salesloftApi": {"url": "https://salesloft.example.com:8443/v2"}},
        ["networkPolicy.salesloftApi.ports", "salesloftApi.url"],
    ),
]


def test_there_is_none_unasked() -> None:
    """It needs credentials that no trial has."""
    assert not [item for item in render().objects if item["metadata"]["name"].endswith("-backfill")]


def test_a_token_comes_as_a_file() -> None:
    """Which is read again when it changes; the variables name it, and hold nothing secret."""
    rendered = render(BACKFILL)

    environment = rendered.environment("backfill")
    (mount,) = [each for each in rendered.container("backfill")["volumeMounts"] if each["name"] == "salesloft-api"]
    (volume,) = rendered.one("Deployment", "backfill")["spec"]["template"]["spec"]["volumes"]
    assert environment["SALESLOFT_API_TOKEN_FILE"] == f"{mount['mountPath']}/token"
    assert mount["readOnly"] is True
    assert volume["secret"]["secretName"] == "api"
    assert volume["secret"]["items"] == [{"key": "token", "path": "token"}]
    assert "SALESLOFT_CLIENT_ID" not in environment


def test_a_private_app_has_an_id_and_a_file() -> None:
    """Its secret comes as a token would."""
    environment = render(shape("backfill")).environment("backfill")

    assert environment["SALESLOFT_CLIENT_ID"] == "an-invented-id"
    assert environment["SALESLOFT_CLIENT_SECRET_FILE"].endswith("/client-secret")
    assert "SALESLOFT_API_TOKEN_FILE" not in environment
    assert environment["BACKFILL_RESOURCES"] == "people,emails"


def test_it_is_the_role_by_its_name_alone() -> None:
    """So it starts without the command line's library."""
    assert render(BACKFILL).container("backfill")["args"] == ["backfill"]


def test_it_knows_which_subscriptions_are_ours() -> None:
    """By the path that deliveries come to, also where a file names several."""
    paths = {"sourcesFile": {"existingSecret": "s", "paths": ["/webhooks/emea", "/webhooks/apac"]}}

    assert render(merged(BACKFILL, {"source": {"path": "/here"}})).environment("backfill")["SOURCE_PATH"] == "/here"
    assert render(merged(BACKFILL, paths)).environment("backfill")["SOURCE_PATH"] == "/webhooks/emea"


def test_it_gets_out_to_the_api() -> None:
    """And to the store; in comes Prometheus only."""
    spec = render(BACKFILL).one("NetworkPolicy", "backfill")["spec"]

    ports = [[port["port"] for port in rule["ports"]] for rule in spec["egress"]]
    assert ports == [[53, 53], ["valkey"], [443]]
    assert [[port["port"] for port in rule["ports"]] for rule in spec["ingress"]] == [["ops"]]
    store = render(BACKFILL).one("NetworkPolicy", "valkey")["spec"]["ingress"][0]["from"]
    assert "backfill" in [peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for peer in store]


@pytest.mark.parametrize(("values", "names"), [case[1:] for case in IMPOSSIBLE], ids=[case[0] for case in IMPOSSIBLE])
def test_credentials_that_cannot_be_are_refused(values: Values, names: list[str]) -> None:
    """With the names of both values."""
    message = refusal(values)

    assert all(name in message for name in names)
