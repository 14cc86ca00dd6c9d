"""Nothing is lost while pods come and go: every delivery is answered, and every answered delivery is handled."""

import time

import pytest

from tests.kind.cluster import (
    PATIENCE,
    RELEASE,
    Release,
    entries,
    kubectl,
    pods,
    wait_until_handled,
    wait_until_rolled_out,
)
from tests.kind.outsider import Sender


def test_a_roll_out_of_receivers_refuses_no_delivery(release: Release) -> None:
    """While both receivers are replaced under traffic, each delivery is answered properly at its first attempt."""
    before = entries()

    with Sender() as sender:
        kubectl("rollout", "restart", f"deployment/{RELEASE}-receiver")
        wait_until_rolled_out("receiver", pods=2)

    assert not sender.result["failed"]
    wait_until_handled()
    assert entries() - before == sender.result["sent"]


def test_an_upgrade_and_a_rollback_lose_nothing(release: Release) -> None:
    """A changed setting rolls all of our pods, a rollback does so again, and every delivery is answered and handled."""
    before = entries()

    with Sender() as sender:
        release.install({"config": {"LOG_LEVEL": "debug"}})
        release.helm("rollback", RELEASE, "--wait", "--timeout=3m")
        wait_until_rolled_out("receiver", pods=2)

    assert not sender.result["failed"]
    wait_until_handled()
    assert entries() - before == sender.result["sent"]


def test_killed_workers_lose_nothing(release: Release) -> None:
    """Workers that are killed without warning, again and again, leave their events to their successors."""
    before = entries()

    with Sender() as sender:
        for _ in range(4):
            kubectl("delete", "pods", "--selector=app.kubernetes.io/component=worker", "--force", "--grace-period=0")
            time.sleep(4)

    wait_until_handled()
    assert entries() - before == sender.result["sent"]


def test_a_drained_node_keeps_the_service(release: Release) -> None:
    """Draining the node of a receiver respects the budget: every delivery is answered at its first attempt."""
    before, node = entries(), pods("receiver")[0]["spec"]["nodeName"]

    with Sender() as sender:
        try:
            kubectl(
                "drain",
                node,
                "--ignore-daemonsets",
                "--delete-emptydir-data",
                PATIENCE,
                "--pod-selector=app.kubernetes.io/component=receiver",
            )
            wait_until_rolled_out("receiver", pods=2)
        finally:
            kubectl("uncordon", node)

    assert not sender.result["failed"]
    wait_until_handled()
    assert entries() - before == sender.result["sent"]


@pytest.mark.parametrize("grace", ["", "--force --grace-period=0"])
def test_a_restart_of_valkey_loses_nothing(release: Release, grace: str) -> None:
    """While the only server restarts, politely or not, SalesLoft's retries bring each delivery all the same."""
    before = entries()

    with Sender(retries=3) as sender:
        time.sleep(3)
        kubectl("delete", "pod", f"{RELEASE}-valkey-0", *grace.split())

    assert not sender.result["lost"]
    wait_until_handled()
    assert entries() - before == sender.result["sent"]
