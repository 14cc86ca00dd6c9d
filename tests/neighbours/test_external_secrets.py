"""The keys come from a vault: the External Secrets Operator fetches them, and the next ones when the vault has them."""

import time
from collections.abc import Iterator

import pytest

from tests.kind.cluster import SECRET, Release, apply, kubectl, pods, wait_until_carried, wait_until_handled
from tests.kind.outsider import Sender

pytestmark = pytest.mark.neighbour("external-secrets")
NEXT = "the-next-secret"
FROM_THE_VAULT = {
    "source": {"keys": {}},
    "externalSecret": {
        "enabled": True,
        "refreshInterval": "2s",
        "secretStoreRef": {"name": "vault"},
        "data": {"webhook-secret": {"key": "envelope"}},
    },
}


def set_vault(keys: str) -> None:
    """Change what the vault holds."""
    provider = {"fake": {"data": [{"key": "envelope", "value": keys}]}}
    apply(
        {
            "apiVersion": "external-secrets.io/v1",
            "kind": "ClusterSecretStore",
            "metadata": {"name": "vault"},
            "spec": {"provider": provider},
        }
    )


@pytest.fixture
def release() -> Iterator[Release]:
    """The release, with its key in the vault."""
    set_vault(SECRET)
    release = Release()
    release.install(FROM_THE_VAULT)
    yield release
    release.uninstall()
    kubectl("delete", "clustersecretstore", "vault")
    kubectl("delete", "secret,persistentvolumeclaim", "--all")


@pytest.mark.usefixtures("release")
def test_a_key_is_rotated_in_the_vault_while_deliveries_come() -> None:
    """First the vault has both keys, then the new one only: no delivery is refused for it, and no pod replaced."""
    names = {pod["metadata"]["name"] for pod in pods("receiver")}

    with Sender(rate=20) as old:
        set_vault(f"{NEXT},{SECRET}")
        wait_until_carried(f"{NEXT},{SECRET}")
    with Sender(rate=20, secret=NEXT) as new:
        set_vault(NEXT)
        wait_until_carried(NEXT)
    with Sender(rate=20) as late:
        time.sleep(1)

    assert (old.result["failed"], new.result["failed"]) == ({}, {})
    assert late.result["failed"] == {"401": late.result["sent"]}
    assert {pod["metadata"]["name"] for pod in pods("receiver")} == names
    wait_until_handled()
