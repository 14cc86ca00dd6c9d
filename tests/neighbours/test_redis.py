"""Redis as large installations have it: its pods die while deliveries come, and nothing that was answered is lost."""

from collections.abc import Iterator

import pytest

from tests.kind.cluster import Release, entries, wait_until_handled
from tests.kind.outsider import Sender
from tests.neighbours import redis_servers
from tests.support.waiting import wait_until

pytestmark = pytest.mark.neighbour("redis")
PERSISTENT = 5
"""How often a sender repeats, 15 s apart: longer than what a failover takes on a busy machine."""


@pytest.fixture(scope="module")
def servers() -> Iterator[Release]:
    """Sentinel and a Cluster, and a release that was told of none of them yet."""
    redis_servers.start()
    release = Release()
    yield release
    release.uninstall()
    redis_servers.stop()


@pytest.fixture
def beside_sentinel(servers: Release) -> None:
    """A release on three servers that three Sentinels watch: two have each delivery before it is answered."""
    url = f"redis+sentinel://:$(REDIS_PASSWORD)@{redis_servers.hosts('sentinel', 3, 26379)}/{redis_servers.SERVICE}/0"
    login = {"passwordSecret": {"name": "servers", "key": "sentinel"}}
    servers.install(redis_servers.values(url, sentinel=login, durability="replicas:1"))


@pytest.fixture
def beside_cluster(servers: Release) -> None:
    """A release on a Redis Cluster of three primaries and three replicas, with a stream on each primary."""
    url = f"redis+cluster://:$(REDIS_PASSWORD)@{redis_servers.hosts('cluster', 6, 6379)}"
    servers.install(redis_servers.values(url, partitions=6))


@pytest.mark.usefixtures("beside_sentinel")
def test_two_primaries_and_a_sentinel_die() -> None:
    """Sentinels of a password of their own lead to each new primary; every delivery that got its 200 is handled."""
    stored = entries()
    with Sender(rate=20, retries=PERSISTENT) as sender:
        for _ in range(2):
            before = redis_servers.primary()
            with redis_servers.lost(before):
                wait_until(
                    lambda before=before: redis_servers.primary() not in {before, ""},  # type: ignore[misc]
                    seconds=120,
                    description="there is another primary",
                )
            with redis_servers.lost("sentinel-0"):
                pass
            wait_until(in_step, seconds=90, description="both others are its replicas again")

    assert sender.result["lost"] == {}
    assert entries() - stored == sender.result["sent"]
    wait_until_handled()


@pytest.mark.usefixtures("beside_cluster")
def test_every_primary_of_a_cluster_dies_in_turn() -> None:
    """Replicas take over the slots, one after the other; every delivery that got its 200 is handled.

    Nobody promises that: a cluster's primary answers before its replica has the write. It sends both at once, though,
    and what is sent arrives when the process is killed, unlike when the machine loses its power.
    """
    stored, first = entries(), redis_servers.cluster_primaries()

    with Sender(rate=20, retries=PERSISTENT) as sender:
        for pod in sorted(first):
            other = next(iter({"cluster-0", "cluster-1"} - {pod}))
            with redis_servers.lost(pod):
                wait_until(
                    lambda pod=pod, other=other: taken_over(pod, other),  # type: ignore[misc]
                    seconds=120,
                    description="its replica has taken over",
                )
            wait_until(redis_servers.cluster_is_whole, seconds=90, description="the cluster is whole again")

    assert redis_servers.cluster_primaries() != first
    assert sender.result["lost"] == {}
    assert entries() - stored == sender.result["sent"]
    wait_until_handled()


def taken_over(pod: str, asked: str) -> bool:
    """Whether three primaries serve all slots, and this pod is none of them."""
    primaries = redis_servers.cluster_primaries(asked)
    return len(primaries) == 3 and pod not in primaries


def in_step() -> bool:
    """Whether the primary has both others as replicas."""
    answer = redis_servers.ask(redis_servers.primary(), "info", "replication")
    return answer.count("state=online") == 2
