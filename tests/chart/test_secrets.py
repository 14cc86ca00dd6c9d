"""Where keys, passwords and addresses come from."""

import base64

import pytest

from salesloft_webhooks.dialects import KeyKind, key_kinds
from tests.chart.rendering import PREFIX, Object, Values, merged, render, shape


def decoded(secret: Object) -> dict[str, str]:
    """The contents of a Secret."""
    return {entry: base64.b64decode(value).decode() for entry, value in secret["data"].items()}


def key_files(values: Values) -> dict[str, tuple[str, str]]:
    """The receiver's key variables: Secret and entry behind each file."""
    rendered = render(values)
    pod = rendered.one("Deployment", "receiver")["spec"]["template"]["spec"]
    secret = next(volume["secret"] for volume in pod["volumes"] if volume["name"] == "keys")
    paths = {f"/etc/salesloft-webhooks/keys/{item['path']}": item["key"] for item in secret["items"]}
    return {
        name: (secret["secretName"], paths[value])
        for name, value in rendered.environment("receiver").items()
        if name.startswith("SALESLOFT_")
    }


def names(kind: KeyKind) -> tuple[str, str]:
    """What the chart calls a kind of key: its entry in Secrets, and its value."""
    first, *rest = kind.setting.removeprefix("SALESLOFT_").lower().split("_")
    return "-".join((first, *rest)), first + "".join(map(str.capitalize, rest))


def test_a_trial_generates_its_keys() -> None:
    """With no key given, two long ones are generated, differ, survive an uninstall and reach the receiver."""
    secret = render().one("Secret", "keys")
    keys = decoded(secret)

    assert set(keys) == {"webhook-secret", "callback-secret"}
    assert len(set(keys.values())) == 2
    assert min(map(len, keys.values())) >= 32
    assert secret["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert key_files({}) == {
        "SALESLOFT_WEBHOOK_SECRET_FILE": (f"{PREFIX}-keys", "webhook-secret"),
        "SALESLOFT_CALLBACK_SECRET_FILE": (f"{PREFIX}-keys", "callback-secret"),
    }


@pytest.mark.parametrize("kind", key_kinds(), ids=lambda kind: kind.name)
def test_a_given_key_is_the_only_one(kind: KeyKind) -> None:
    """A given key of any dialect is stored as it is, none is generated beside it, and only its variable is set."""
    entry, value = names(kind)
    values: Values = {"source": {"keys": {value: "new,old"}}}

    secret = render(values).one("Secret", "keys")

    assert decoded(secret) == {entry: "new,old"}
    assert "annotations" not in secret["metadata"]
    assert list(key_files(values)) == [f"{kind.setting}_FILE"]


@pytest.mark.parametrize("kind", key_kinds(), ids=lambda kind: kind.name)
def test_every_key_may_be_in_an_existing_secret_or_a_vault(kind: KeyKind) -> None:
    """Keys of any dialect reach the receiver from either, under the variable of their kind."""
    entry, value = names(kind)
    existing: Values = {"source": {"existingSecret": {"name": "mine", f"{value}Key": "e"}}}
    vault = {"enabled": True, "secretStoreRef": {"name": "s"}, "data": {entry: {"key": "k"}}}

    assert key_files(existing) == {f"{kind.setting}_FILE": ("mine", "e")}
    assert key_files({"externalSecret": vault}) == {f"{kind.setting}_FILE": (f"{PREFIX}-external", entry)}


def test_an_existing_secret_is_mounted_as_files() -> None:
    """Keys of an existing Secret are files, which are re-read when it changes, and the chart makes no Secret."""
    values: Values = {"source": {"existingSecret": {"name": "mine", "callbackTokenKey": "token"}}}

    assert key_files(values) == {"SALESLOFT_CALLBACK_TOKEN_FILE": ("mine", "token")}
    assert [item["metadata"]["name"] for item in render(values).all("Secret")] == [f"{PREFIX}-valkey"]


def test_a_vault_provides_every_secret() -> None:
    """With External Secrets the release has no Secret of its own and every consumer reads the fetched one."""
    rendered = render(shape("external-secrets"))
    fetched = rendered.one("ExternalSecret", "external")

    keys = {item["secretKey"] for item in fetched["spec"]["data"]}

    assert keys == {"webhook-secret", "callback-secret", "redis-url", "database-url"}
    assert rendered.all("Secret") == []
    assert fetched["spec"]["target"]["name"] == f"{PREFIX}-external"
    assert rendered.environment("receiver")["REDIS_URL"]["secretKeyRef"] == {
        "name": f"{PREFIX}-external",
        "key": "redis-url",
    }
    assert rendered.environment("worker-crm")["DATABASE_URL"]["secretKeyRef"]["key"] == "database-url"
    assert {secret for secret, _ in key_files(shape("external-secrets")).values()} == {f"{PREFIX}-external"}


@pytest.mark.parametrize("component", ["receiver", "worker-crm"])
def test_the_embedded_server_is_reached_with_its_password(component: str) -> None:
    """The URL names the chart's Service, and its password comes from the Secret that the server uses."""
    rendered = render()

    environment = rendered.environment(component)
    server = rendered.container("valkey", "StatefulSet")["env"][0]

    assert environment["REDIS_URL"] == f"redis://:$(REDIS_PASSWORD)@{PREFIX}-valkey:6379/0"
    assert environment["REDIS_PASSWORD"] == server["valueFrom"]
    assert environment["DURABILITY"] == "fsync"


def test_the_password_is_defined_before_the_url_that_uses_it() -> None:
    """Kubernetes expands only variables that stand earlier in the list."""
    for values in ({}, shape("sentinel")):
        names = [entry["name"] for entry in render(values).container("receiver")["env"]]

        assert names.index("REDIS_PASSWORD") < names.index("REDIS_URL")


def test_an_external_url_takes_its_password_from_a_secret() -> None:
    """The password is expanded into the URL by Kubernetes, so no manifest holds it; the CA is a file."""
    rendered = render(shape("sentinel"))

    environment = rendered.environment("receiver")
    mounts = {mount["name"]: mount["mountPath"] for mount in rendered.container("receiver")["volumeMounts"]}

    assert "$(REDIS_PASSWORD)" in environment["REDIS_URL"]
    assert environment["REDIS_PASSWORD"]["secretKeyRef"] == {"name": "redis-login", "key": "redis-password"}
    assert environment["REDIS_CA_FILE"] == mounts["redis-ca"] + "/ca.crt"
    assert "DURABILITY" not in environment


def test_a_whole_url_may_come_from_a_secret() -> None:
    """An existing Secret provides the URL, and there is neither a server nor a password of the chart's."""
    rendered = render(shape("cluster"))

    assert rendered.environment("worker-crm")["REDIS_URL"] == {"secretKeyRef": {"name": "redis-cluster", "key": "url"}}
    assert rendered.environment("worker-crm")["PARTITIONS"] == "8"
    assert rendered.all("StatefulSet") == []


def test_large_numbers_stay_numbers() -> None:
    """A million is written as such and not in scientific notation, which the settings refuse."""
    config = {"BACKLOG_LIMIT": 1_000_000, "BACKOFF_BASE_SECONDS": 0.5}

    environment = render({"config": config, "workers": {"crm": {"config": config}}}).environment("worker-crm")

    assert (environment["BACKLOG_LIMIT"], environment["BACKOFF_BASE_SECONDS"]) == ("1000000", "0.5")


def test_a_changed_setting_rolls_the_pods() -> None:
    """Pods carry a checksum of the shared settings; it changes with them and with nothing else."""

    def checksum(values: Values) -> str:
        template = render(values).one("Deployment", "receiver")["spec"]["template"]
        result: str = template["metadata"]["annotations"]["checksum/config"]
        return result

    assert checksum({"config": {"LOG_LEVEL": "debug"}}) != checksum({})
    assert checksum({"receiver": {"replicas": 3}}) == checksum({})


def test_a_restart_of_the_server_needs_a_reason() -> None:
    """The single server's pod template changes with its configuration, not with the workers' settings."""

    def template(values: Values) -> Object:
        result: Object = render(values).one("StatefulSet", "valkey")["spec"]["template"]
        return result

    assert template({"config": {"LOG_LEVEL": "debug"}, "commonAnnotations": {"a": "b"}}) == template({})
    assert template({"valkey": {"maxMemory": "300mb"}}) != template({})


def test_the_server_keeps_what_it_acknowledged() -> None:
    """The embedded server writes to disk before it answers, never evicts, and its volume outlives it."""
    rendered = render()
    spec = rendered.one("StatefulSet", "valkey")["spec"]

    lines = rendered.one("ConfigMap", "valkey")["data"]["valkey.conf"].splitlines()

    assert {"appendonly yes", "appendfsync always", "maxmemory-policy noeviction"} <= set(lines)
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert spec["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] == "2Gi"


def test_a_password_of_ones_own_replaces_the_generated_one() -> None:
    """With an existing Secret none is generated, and server and clients read the same entry."""
    values = merged({}, {"valkey": {"auth": {"existingSecret": {"name": "mine", "key": "pw"}}}})

    rendered = render(values)

    expected = {"secretKeyRef": {"name": "mine", "key": "pw"}}
    assert rendered.environment("worker-notify")["REDIS_PASSWORD"] == expected
    assert rendered.container("valkey", "StatefulSet")["env"][0]["valueFrom"] == expected
    assert [item["metadata"]["name"] for item in rendered.all("Secret")] == [f"{PREFIX}-keys"]


def test_the_database_is_what_its_operator_says() -> None:
    """A Secret as CloudNativePG makes it, with the whole address as `uri`, serves workers and migrations alike."""
    rendered = render({"database": {"existingSecret": {"name": "events-app", "key": "uri"}}})
    (migrations,) = rendered.one("Job", "migrations")["spec"]["template"]["spec"]["containers"]
    job = {entry["name"]: entry.get("valueFrom") for entry in migrations["env"]}
    source = {"secretKeyRef": {"name": "events-app", "key": "uri"}}

    assert rendered.environment("worker-crm")["DATABASE_URL"] == source
    assert job["DATABASE_URL"] == source
    assert not rendered.all("PersistentVolumeClaim")
