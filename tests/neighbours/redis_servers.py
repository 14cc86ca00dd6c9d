"""Sentinel and Redis Cluster in the cluster's namespace outside of the release, on volumes, with passwords."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.chart.rendering import Object, Values
from tests.kind.cluster import OUTSIDE, PATIENCE, apply, kubectl, objects
from tests.kind.servers import IMAGE, PASSWORD
from tests.support.waiting import wait_until

SERVICE = "main"
SENTINELS_PASSWORD = "battery-staple"
# A server keeps its configuration on its volume: Sentinel writes there whose replica it is now.
_SERVER = f"""
name=$HOSTNAME.redis.{OUTSIDE}.svc.cluster.local
if [ ! -e /data/redis.conf ]; then
  cat > /data/redis.conf <<.
dir /data
appendonly yes
requirepass {PASSWORD}
masterauth {PASSWORD}
replica-announce-ip $name
repl-diskless-sync-delay 0
.
  [ $HOSTNAME = redis-0 ] || echo "replicaof redis-0.redis.{OUTSIDE}.svc.cluster.local 6379" >> /data/redis.conf
fi
exec valkey-server /data/redis.conf
"""
_SENTINEL = f"""
[ -e /data/sentinel.conf ] || cat > /data/sentinel.conf <<.
port 26379
dir /data
requirepass {SENTINELS_PASSWORD}
sentinel sentinel-pass {SENTINELS_PASSWORD}
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $HOSTNAME.sentinel.{OUTSIDE}.svc.cluster.local
sentinel monitor {SERVICE} redis-0.redis.{OUTSIDE}.svc.cluster.local 6379 2
sentinel auth-pass {SERVICE} {PASSWORD}
sentinel down-after-milliseconds {SERVICE} 2000
sentinel failover-timeout {SERVICE} 10000
.
exec valkey-server /data/sentinel.conf --sentinel
"""
_NODE = f"""
exec valkey-server --dir /data --appendonly yes --requirepass {PASSWORD} --masterauth {PASSWORD} --cluster-enabled yes \
  --cluster-node-timeout 2000 --cluster-announce-ip $POD_IP --repl-diskless-sync-delay 0
"""


def _servers(name: str, count: int, port: int, command: str) -> list[Object]:
    """A StatefulSet on volumes with its headless Service."""
    container = {
        "name": "server",
        "image": IMAGE,
        "command": ["bash", "-ec", command],
        "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
        "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 1},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "100Mi"}}},
    }
    pod = {"securityContext": {"fsGroup": 999}, "terminationGracePeriodSeconds": 1, "containers": [container]}
    spec = {
        "serviceName": name,
        "replicas": count,
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
        "volumeClaimTemplates": [claim],
    }
    # Those that are not ready have names, too: they have to find each other before.
    service = {"clusterIP": "None", "publishNotReadyAddresses": True, "selector": {"app": name}}
    metadata = {"name": name}
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service | {"ports": [{"port": port}]}},
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": spec},
    ]


def start() -> None:
    """Three servers that three Sentinels watch, and beside them a Redis Cluster of three primaries with a replica each.

    At the end all of them know each other, and every slot has its primary.
    """
    servers = (("redis", 3, 6379, _SERVER), ("sentinel", 3, 26379, _SENTINEL), ("cluster", 6, 6379, _NODE))
    apply(*(each for row in servers for each in _servers(*row)), namespace=OUTSIDE)
    contents = {"password": PASSWORD, "sentinel": SENTINELS_PASSWORD}
    apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "servers"}, "stringData": contents})
    for name, *_ in servers:
        kubectl("rollout", "status", f"statefulset/{name}", PATIENCE, namespace=OUTSIDE)
    addresses = [
        f"{pod['status']['podIP']}:6379" for pod in objects("pods", "--selector=app=cluster", namespace=OUTSIDE)
    ]
    ask("cluster-0", "--cluster", "create", *addresses, "--cluster-replicas", "1", "--cluster-yes")
    wait_until(cluster_is_whole, seconds=90, description="every slot has a primary and each primary a replica")
    wait_until(lambda: _known() == ("2", "2"), seconds=90, description="the Sentinels know each other and the replicas")


def stop() -> None:
    """Remove all of them and their volumes."""
    names = ("redis", "sentinel", "cluster")
    kubectl("delete", "statefulset,service", *names, "--cascade=foreground", namespace=OUTSIDE)
    kubectl("delete", "persistentvolumeclaim", "--all", namespace=OUTSIDE)
    kubectl("delete", "secret", "servers")


def ask(pod: str, *command: str, port: int = 6379, password: str = PASSWORD) -> str:
    """What `valkey-cli` in a pod prints; nothing while the pod is not there."""
    call = ("valkey-cli", "-p", str(port), "-a", password, "--no-auth-warning", *command)
    return kubectl("exec", pod, "--", *call, namespace=OUTSIDE, check=False).strip()


@contextmanager
def lost(pod: str) -> Iterator[None]:
    """Without a pod, which ended at once and is not started again before the end, as when its node is lost."""
    nodes = "--selector=kubernetes.io/os=linux"
    kubectl("cordon", nodes)
    try:
        kubectl("delete", "pod", pod, "--grace-period=0", "--force", namespace=OUTSIDE)
        yield
    finally:
        kubectl("uncordon", nodes)
    kubectl("rollout", "status", f"statefulset/{pod.rpartition('-')[0]}", PATIENCE, namespace=OUTSIDE)


def primary(asked: str = "sentinel-1") -> str:
    """The pod that Sentinel calls the primary."""
    answer = ask(asked, "sentinel", "get-master-addr-by-name", SERVICE, port=26379, password=SENTINELS_PASSWORD)
    return answer.partition(".")[0]


def cluster_is_whole() -> bool:
    """Whether every node knows three primaries with a replica each, in step, and all slots are served."""
    rows = ask("cluster-0", "cluster", "nodes").splitlines()
    states = [row.split()[2].replace("myself,", "") for row in rows]
    linked = all(row.split()[7] == "connected" for row in rows)
    ok = "cluster_state:ok" in ask("cluster-0", "cluster", "info")
    return ok and linked and sorted(states) == ["master"] * 3 + ["slave"] * 3


def cluster_primaries(asked: str = "cluster-0") -> set[str]:
    """The pods that are primaries."""
    addresses = {
        row.split()[1].partition(":")[0]
        for row in ask(asked, "cluster", "nodes").splitlines()
        if "master" in row and "fail" not in row
    }
    pods = objects("pods", "--selector=app=cluster", namespace=OUTSIDE)
    return {pod["metadata"]["name"] for pod in pods if pod["status"].get("podIP") in addresses}


def values(url: str, **redis: object) -> Values:
    """What a release says to use them."""
    there = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": OUTSIDE}}}]
    login = {"passwordSecret": {"name": "servers"}}
    return {
        "valkey": {"enabled": False},
        "redis": {"url": url} | login | redis,
        "networkPolicy": {"redis": {"to": there, "ports": [6379, 26379]}},
    }


def hosts(name: str, count: int, port: int) -> str:
    """Their addresses, as `REDIS_URL` wants them."""
    return ",".join(f"{name}-{number}.{name}.{OUTSIDE}:{port}" for number in range(count))


def _known() -> tuple[str, ...]:
    words = ask("sentinel-0", "sentinel", "master", SERVICE, port=26379, password=SENTINELS_PASSWORD).split("\n")
    state = dict(zip(words[::2], words[1::2], strict=False))
    return tuple(state.get(name, "") for name in ("num-slaves", "num-other-sentinels"))
