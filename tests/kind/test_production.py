"""A release as production has it: servers elsewhere, migrations, keys from a Secret of one's own."""

import time
from collections.abc import Iterator

import pytest

from tests.kind import servers
from tests.kind.cluster import SECRET, Release, apply, kubectl, pods, wait_until_carried, wait_until_handled
from tests.kind.outsider import Sender

NEXT = "the-next-secret"
KEYS = {"source": {"keys": {}, "existingSecret": {"name": "our-keys", "webhookSecretKey": "envelope"}}}


def set_keys(keys: str) -> None:
    """Change the Secret the keys come from."""
    apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "our-keys"}, "stringData": {"envelope": keys}})


@pytest.fixture(scope="module")
def production() -> Iterator[Release]:
    """The release with PostgreSQL and Valkey outside of it."""
    servers.start()
    set_keys(SECRET)
    release = Release()
    release.install(servers.values() | KEYS)
    yield release
    release.uninstall()
    servers.stop()
    kubectl("delete", "secret", "our-keys")


def test_deliveries_end_up_in_the_database(production: Release) -> None:
    """The schema was made by the install, and every delivery is a row, through policies that name both servers."""
    with Sender() as sender:
        time.sleep(3)

    assert not sender.result["failed"]
    wait_until_handled()
    # Fifty people are updated again and again: the last state of each is kept.
    assert servers.query("select count(*) from contacts") == str(min(50, sender.result["sent"]))


def test_an_upgrade_migrates_the_database_first(production: Release) -> None:
    """Tables that an upgrade finds missing are there when it ends, although no pod had to be replaced."""
    before = {pod["metadata"]["name"] for pod in pods("worker")}
    servers.query("drop table activities, contacts, alembic_version")

    production.install(servers.values() | KEYS)

    assert servers.query("select count(*) from contacts") == "0"
    assert {pod["metadata"]["name"] for pod in pods("worker")} == before
    assert "handled by activity" in production.test()


def test_keys_are_rotated_without_losing_a_delivery(production: Release) -> None:
    """As operations.md says: first both keys are taken, then the new one only. No pod is replaced for it."""
    names = {pod["metadata"]["name"] for pod in pods("receiver")}

    with Sender() as old:
        set_keys(f"{NEXT},{SECRET}")
        wait_until_carried(f"{NEXT},{SECRET}")
    with Sender(secret=NEXT) as new:
        set_keys(NEXT)
        wait_until_carried(NEXT)
    with Sender() as late:
        time.sleep(1)

    assert not old.result["failed"]
    assert not new.result["failed"]
    assert late.result["failed"] == {"401": late.result["sent"]}
    assert {pod["metadata"]["name"] for pod in pods("receiver")} == names
