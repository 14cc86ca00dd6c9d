"""Real servers that answer everything and refuse to write, each way there is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.servers import REFUSING_ON_PURPOSE, Server
from tests.support.waiting import wait_until


@dataclass(frozen=True)
class Refusal:
    """A way to refuse.

    Attributes:
        code: What the server's words begin with.
        begin: Makes it refuse.
        end: Makes it accept again.
    """

    code: str
    begin: Callable[[Server, Any], None]
    end: Callable[[Server, Any], None]


def _fail_to_save(server: Server, client: Any) -> None:
    (server.directory / "dump.rdb").mkdir()  # in the way of the file
    client.config_set("save", "3600 1")
    client.bgsave()
    wait_until(lambda: client.info()["rdb_last_bgsave_status"] == "err", description="the snapshot fails")


def _save(server: Server, client: Any) -> None:
    (server.directory / "dump.rdb").rmdir()
    client.bgsave()
    wait_until(lambda: client.info()["rdb_last_bgsave_status"] == "ok", description="the snapshot succeeds")


def allow(client: Any, *rules: str) -> None:
    """Change what every user of a server may do: each role has its own."""
    REFUSING_ON_PURPOSE.add(client.connection_pool.connection_kwargs["port"])
    for user in client.acl_users():
        client.execute_command("ACL SETUSER", user, *rules)


def _allow(*rules: str) -> Callable[[Server, Any], None]:
    return lambda _, client: allow(client, *rules)


def _set(name: str, value: str) -> Callable[[Server, Any], None]:
    return lambda _, client: client.config_set(name, value)


REFUSALS = {
    "out of memory": Refusal("OOM", _set("maxmemory", "1"), _set("maxmemory", "0")),
    "too few replicas": Refusal("NOREPLICAS", _set("min-replicas-to-write", "1"), _set("min-replicas-to-write", "0")),
    "no right to add": Refusal("NOPERM", _allow("-xadd"), _allow("+xadd")),
    "no right to hash": Refusal("NOPERM", _allow("-hset"), _allow("+hset")),
    "no right to run scripts": Refusal("NOPERM", _allow("-evalsha", "-eval"), _allow("+evalsha", "+eval")),
    "no right to the keys": Refusal("NOPERM", _allow("resetkeys", "~other:*"), _allow("allkeys")),
    "no right to write": Refusal("NOPERM", _allow("resetkeys", "%R~*"), _allow("allkeys")),
    "no snapshots": Refusal("MISCONF", _fail_to_save, _save),
    "a replica": Refusal(
        "READONLY",
        lambda _, client: client.replicaof("127.0.0.1", 1),
        lambda _, client: client.replicaof("NO", "ONE"),
    ),
}
