"""The store's login, in parts: each from another Secret, what changes as files that are re-read."""

import pytest

from salesloft_webhooks.broker.rights import Role
from tests.chart.rendering import Values, merged, refusal, render, shape

FOLDER = "/etc/salesloft-webhooks"


@pytest.mark.parametrize("component", ["receiver", "worker-crm"])
def test_each_part_comes_from_its_own_secret(component: str) -> None:
    """User, password, certificates and the sentinels' login are taken from where the values say, in every role."""
    rendered = render(shape("redis-parts"))
    environment = rendered.environment(component)
    pod = rendered.one("Deployment", component)["spec"]["template"]["spec"]
    volumes = {volume["name"]: volume.get("secret") for volume in pod["volumes"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}

    assert environment["REDIS_USERNAME"] == {"secretKeyRef": {"name": "redis-user", "key": "username"}}
    assert environment["REDIS_SENTINEL_USERNAME"] == "watcher"
    for setting, path, secret, key in (
        ("REDIS_CA_FILE", "redis-ca/ca.crt", "redis-ca", "ca.crt"),
        ("REDIS_PASSWORD_FILE", "redis-login/password", "redis-token", "token"),
        ("REDIS_CLIENT_CERT_FILE", "redis-client/tls.crt", "redis-client", "tls.crt"),
        ("REDIS_CLIENT_KEY_FILE", "redis-client/tls.key", "redis-client", "tls.key"),
        ("REDIS_SENTINEL_PASSWORD_FILE", "redis-sentinel/password", "sentinel-login", "password"),
    ):
        folder, _, file = path.partition("/")
        assert environment[setting] == f"{FOLDER}/{path}"
        assert mounts[folder] == f"{FOLDER}/{folder}"
        assert volumes[folder]["secretName"] == secret
        assert {"key": key, "path": file} in volumes[folder]["items"]


IMPOSSIBLE: list[tuple[str, Values, list[str]]] = [
    ("embedded", {"redis": {"passwordFileSecret": {"name": "p"}}}, ["redis.passwordFileSecret.name", "valkey.enabled"]),
    (
        "two-passwords",
        merged(
            shape("redis-parts"),
            {"redis": {"url": "rediss+sentinel://:$(REDIS_PASSWORD)@s:26379/primary", "passwordSecret": {"name": "p"}}},
        ),
        ["redis.passwordFileSecret.name", "redis.passwordSecret.name"],
    ),
    (
        "no-sentinel",
        merged(shape("redis-parts"), {"redis": {"url": "rediss://r:6379"}}),
        ["redis.sentinel.username", "redis.url"],
    ),
    (
        "no-tls",
        merged(shape("redis-parts"), {"redis": {"url": "redis+sentinel://s:26379/primary/0"}}),
        ["redis.clientCertificateSecret.name", "redis.url"],
    ),
]


@pytest.mark.parametrize(("values", "names"), [case[1:] for case in IMPOSSIBLE], ids=[case[0] for case in IMPOSSIBLE])
def test_a_login_that_cannot_work_is_refused(values: Values, names: list[str]) -> None:
    """Parts that contradict each other are refused with the names of both."""
    message = refusal(values)

    assert all(name in message for name in names), message


COMPONENTS = {
    "receiver": "receiver",
    "worker-crm": "worker",
    "worker-notify": "worker",
    "backfill": "backfill",
    "operator": "operator",
    "console": "console",
}
"""Whose user each Deployment logs in as."""


@pytest.mark.parametrize("component", COMPONENTS)
def test_each_role_may_have_a_user_of_its_own(component: str) -> None:
    """User and password come from that role's Secret, and no pod has another's."""
    rendered = render(shape("redis-users"))
    secret = f"redis-{COMPONENTS[component]}"
    environment = rendered.environment(component)
    pod = rendered.one("Deployment", component)["spec"]["template"]["spec"]
    volumes = {volume["name"]: volume.get("secret") for volume in pod["volumes"]}

    assert environment["REDIS_USERNAME"] == {"secretKeyRef": {"name": secret, "key": "username"}}
    assert environment["REDIS_PASSWORD_FILE"] == f"{FOLDER}/redis-login/password"
    assert volumes["redis-login"]["secretName"] == secret
    assert volumes["redis-login"]["items"] == [{"key": "password", "path": "password"}]
    others = {f"redis-{role}" for role in Role} - {secret}
    assert [name for name in others if f"'{name}'" in str(pod)] == []


@pytest.mark.parametrize(
    ("values", "names"),
    [
        pytest.param(
            {"redis": {"users": {"worker": ""}}}, ["redis.users.backfill", "redis.users.worker"], id="missing"
        ),
        pytest.param({"redis": {"users": {"console": ""}}}, ["redis.users.console"], id="no console's"),
        pytest.param({"redis": {"usernameSecret": {"name": "u"}}}, ["redis.usernameSecret.name"], id="another user"),
        pytest.param({"redis": {"url": "redis://somebody@redis:6379"}}, ["redis.url"], id="a login in the address"),
        pytest.param({"valkey": {"enabled": True}, "redis": {"url": ""}}, ["valkey.enabled"], id="embedded"),
    ],
)
def test_users_that_cannot_work_are_refused(values: Values, names: list[str]) -> None:
    """All that run have one, and no other login stands beside."""
    message = refusal(merged(shape("redis-users"), values))

    assert "redis.users." in message
    assert all(name in message for name in names), message
