"""The store's login, in parts: each from another Secret, what changes as files that are re-read."""

import pytest

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
