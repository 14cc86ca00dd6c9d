"""A release as production has it: servers elsewhere, migrations, keys from Secrets of one's own, bodies encrypted."""

import time
from collections.abc import Iterator

import pytest

from salesloft_webhooks.broker.body_encryption import key_line
from tests.chart.rendering import Values, merged
from tests.kind import servers
from tests.kind.cluster import (
    SECRET,
    Release,
    apply,
    command,
    kubectl,
    pods,
    program,
    unfinished,
    wait_until_carried,
    wait_until_handled,
    wait_until_rolled_out,
)
from tests.kind.outsider import Sender
from tests.support.waiting import wait_until

NEXT = "the-next-secret"
OLD_LINE, NEW_LINE = key_line(), key_line()
BODY_KEYS = "/etc/salesloft-webhooks/body-keys/body-keys"
OURS: Values = {
    "source": {"keys": {}, "existingSecret": {"name": "our-keys", "webhookSecretKey": "envelope"}},
    "bodyKeys": {"existingSecret": "our-body-keys"},
    "doctor": {"enabled": True},
}


def set_keys(keys: str) -> None:
    """Change the Secret the keys come from."""
    apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "our-keys"}, "stringData": {"envelope": keys}})


def set_body_keys(*lines: str) -> None:
    """Change the file that encrypts bodies."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "our-body-keys"}}
    apply(secret | {"stringData": {"body-keys": "".join(f"{line}\n" for line in lines)}})


@pytest.fixture(scope="module")
def production(nothing_installed: None) -> Iterator[Release]:
    """The release with PostgreSQL and Valkey outside of it; a doctor looks at both before each pod."""
    servers.start()
    set_keys(SECRET)
    set_body_keys(OLD_LINE)
    release = Release()
    release.install(servers.values() | OURS)
    yield release
    release.install()
    servers.stop()
    kubectl("delete", "secret", "our-keys", "our-body-keys")


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
    servers.query("drop schema public cascade; create schema public")

    production.install(servers.values() | OURS)

    assert servers.query("select count(*) from contacts") == "0"
    assert {pod["metadata"]["name"] for pod in pods("worker")} == before
    assert "handled by activity" in production.test()


def test_the_key_of_bodies_is_changed_without_losing_any(production: Release) -> None:
    """As docs/security.md says: what the old key encrypted and what the new one does is handled; no pod is replaced."""
    names = everybody()
    command("groups", "pause", "activity", "--for", "10m")

    with Sender(rate=10) as sender:
        wait_until(lambda: encrypted(OLD_LINE), seconds=30, description="the old key encrypts")
        for lines in ((OLD_LINE, NEW_LINE), (NEW_LINE, OLD_LINE)):
            set_body_keys(*lines)
            wait_until_everybody_has(lines)
        wait_until(lambda: encrypted(NEW_LINE), seconds=30, description="the new key encrypts")
        waiting = unfinished()["activity"]
        command("groups", "resume", "activity")

    assert waiting > 0
    assert sender.result["failed"] == {}
    wait_until_handled()
    assert program("body-keys", "list")["plain"] == 0
    assert everybody() == names


def encrypted(line: str) -> bool:
    """Whether bodies of this key are in the store."""
    return bool(program("body-keys", "list")["bodies"].get(line.rpartition(" ")[2]))


def wait_until_everybody_has(lines: tuple[str, ...]) -> None:
    """Wait until each pod has this file of keys, and has looked at it."""
    # A pod that is touched is looked at by its node at once, and otherwise about once a minute.
    kubectl("annotate", "pods", *everybody(), f"touched={time.time()}", "--overwrite")
    text = "\n".join(lines)
    wait_until(
        lambda: all(kubectl("exec", each, "--", "cat", BODY_KEYS).strip() == text for each in everybody()),
        seconds=120,
        description="the file is there",
    )
    time.sleep(2)


def everybody() -> list[str]:
    """The names of all pods of ours that read or write bodies."""
    found = [pod for component in ("receiver", "worker") for pod in pods(component)]
    return sorted(pod["metadata"]["name"] for pod in found)


def test_a_pod_that_lacks_something_does_not_start(production: Release) -> None:
    """The doctor in it says what is wrong; those of before go on serving, and what is right replaces it."""
    before = {pod["metadata"]["name"] for pod in pods("receiver")}

    with Sender() as sender:
        too_much: Values = {"redis": {"durability": "replicas:1"}}
        production.install(merged(servers.values() | OURS, too_much), wait=False)
        wait_until(lambda: "asks for 1 replicas" in said(before), seconds=120, description="the doctor says it")
        serving = {pod["metadata"]["name"] for pod in pods("receiver") if pod["metadata"]["name"] in before}
        production.install(servers.values() | OURS)
        wait_until_rolled_out("receiver", pods=2)

    assert serving == before
    assert sender.result["failed"] == {}
    wait_until_handled()


def said(before: set[str]) -> str:
    """What the doctors of receivers say that have come since."""
    new = [pod["metadata"]["name"] for pod in pods("receiver") if pod["metadata"]["name"] not in before]
    return "".join(kubectl("logs", name, "--container=doctor", check=False) for name in new)


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
