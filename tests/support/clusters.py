"""Real clusters: three primaries that share the slots, each with or without a replica."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType

from tests.support.servers import Server, engines, free_port
from tests.support.waiting import wait_until

SLOTS = 16_384
PRIMARIES = 3


@contextmanager
def started_cluster(
    directory: Path,
    *,
    replicas: int = 0,
    password: str | None = None,
    engine: str = "valkey",
    options: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[list[Server]]:
    """Primaries first, then as many replicas: the replica of node 0 is node 3, and so on."""
    login = {"requirepass": password, "masterauth": password} if password else {}
    with ExitStack() as stack:
        nodes = [
            _node(directory / f"node-{number}", stack, engines()[engine], {**login, **options})
            for number in range(PRIMARIES * (1 + replicas))
        ]
        for number, node in enumerate(nodes):
            with node.client() as client:
                if number < PRIMARIES:
                    first, last = number * SLOTS // PRIMARIES, (number + 1) * SLOTS // PRIMARIES - 1
                    client.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
                client.execute_command("CLUSTER MEET", "127.0.0.1", nodes[0].port, nodes[0].options["cluster-port"])
        for node in nodes:
            _wait(node, "the cluster is whole", len(nodes))
        for number, node in enumerate(nodes[PRIMARIES:]):
            with node.client() as client, nodes[number % PRIMARIES].client() as primary:
                client.execute_command("CLUSTER REPLICATE", primary.execute_command("CLUSTER MYID"))
        for node in nodes[PRIMARIES:]:
            # A primary calls a replica online while that still loads what it was sent, and has nothing yet.
            wait_until(lambda node=node: _in_step(node), seconds=30, description="the replica is in step")  # type: ignore[misc]
        yield nodes


def _node(directory: Path, stack: ExitStack, program: str, more: Mapping[str, str]) -> Server:
    directory.mkdir()
    options = {
        "cluster-enabled": "yes",
        "cluster-port": str(free_port()),
        "cluster-node-timeout": "2000",
        "repl-diskless-sync-delay": "0",
        **more,
    }
    node = Server(program, directory, options).start()
    stack.callback(node.stop, kill=True)
    return node


def _wait(node: Server, what: str, known: int) -> None:
    wait_until(lambda: _whole(node, known), seconds=20, description=what)


def _whole(node: Server, known: int) -> bool:
    with node.client() as client:
        info = client.execute_command("CLUSTER INFO")
        return bool(info["cluster_state"] == "ok" and info["cluster_known_nodes"] == str(known))


def _in_step(replica: Server) -> bool:
    with replica.client() as client:
        return bool(client.info("replication")["master_link_status"] == "up")
