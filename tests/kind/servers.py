"""PostgreSQL and Valkey as a production release meets them: in another namespace, with passwords."""

from tests.chart.rendering import Object, Values
from tests.kind.cluster import NAMESPACE, OUTSIDE, PATIENCE, apply, kubectl

IMAGE = "valkey/valkey:9.0"
"""Made by `.ci/cluster/run`; it has both servers."""
PASSWORD = "correct-horse"
DATABASE = "events"
_POSTGRES = f"""
initdb --pgdata=/data/db --username=app --auth=trust > /data/log
echo "host all all all scram-sha-256" >> /data/db/pg_hba.conf
postgres --single -D /data/db postgres <<< "ALTER USER app PASSWORD '{PASSWORD}'" >> /data/log
postgres --single -D /data/db postgres <<< "CREATE DATABASE {DATABASE}" >> /data/log
exec postgres -D /data/db --listen_addresses="*" --unix_socket_directories=/data
"""


def _server(name: str, port: int, command: list[str]) -> list[Object]:
    labels = {"app": name}
    container = {
        "name": name,
        "image": IMAGE,
        "command": command,
        "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 1},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    spec = {
        "containers": [container],
        "securityContext": {"fsGroup": 999},
        "terminationGracePeriodSeconds": 1,
        "volumes": [{"name": "data", "emptyDir": {}}],
    }
    return [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"selector": labels, "ports": [{"port": port}]},
        },
    ]


def start() -> None:
    """Start both, and make the Secrets with their passwords in the release's namespace."""
    apply(
        *_server("postgres", 5432, ["bash", "-ec", _POSTGRES]),
        *_server("redis", 6379, ["valkey-server", "--requirepass", PASSWORD, "--dir", "/data", "--appendonly", "yes"]),
        namespace=OUTSIDE,
    )
    password = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "servers"},
        "stringData": {"password": PASSWORD},
    }
    apply(password)
    kubectl("wait", "pod/postgres", "pod/redis", "--for=condition=Ready", PATIENCE, namespace=OUTSIDE)


def stop() -> None:
    """Remove them."""
    kubectl("delete", "pod,service", "postgres", "redis", namespace=OUTSIDE)
    kubectl("delete", "secret", "servers", namespace=NAMESPACE)


def values() -> Values:
    """What a release says to use them, and nothing else."""
    there = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": OUTSIDE}}}]
    return {
        "valkey": {"enabled": False},
        "redis": {"url": f"redis://:$(REDIS_PASSWORD)@redis.{OUTSIDE}:6379/0", "passwordSecret": {"name": "servers"}},
        "database": {
            "url": f"postgresql+asyncpg://app:$(DATABASE_PASSWORD)@postgres.{OUTSIDE}/{DATABASE}",
            "passwordSecret": {"name": "servers"},
        },
        "networkPolicy": {"redis": {"to": there}, "database": {"to": there}},
    }


def query(statement: str) -> str:
    """What PostgreSQL answers, without decoration."""
    command = (
        "psql",
        "--host=/data",
        "--username=app",
        DATABASE,
        "--tuples-only",
        "--no-align",
        "--command",
        statement,
    )
    return kubectl("exec", "postgres", "--", *command, namespace=OUTSIDE).strip()
