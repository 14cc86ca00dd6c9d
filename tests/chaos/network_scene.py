"""Machines with a network of their own between them: sender, receivers, workers, and a store with its replica."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.scenes import Scene, Surroundings
from tests.chaos.surroundings.namespaces import SUBNET, Machine, absent, machines
from tests.chaos.surroundings.relays import Relay, relay
from tests.chaos.surroundings.wires import Wires, wired
from tests.support.postgres import PROGRAMS, new_postgres
from tests.support.receiver_process import ReceiverProcess
from tests.support.servers import Server, engines, free_port
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

SENDER, RECEIVER, WORKER, STORE, REPLICA = NAMES = ("sender", "receiver", "worker", "store", "replica")
DATABASE = "database"


@dataclass
class Networks:
    """What is where.

    Attributes:
        machines: By name.
        relays: The ways into each.
        wires: Between them.
    """

    machines: dict[str, Machine]
    relays: dict[str, Relay]
    wires: Wires

    def start_server(self, name: str, folder: Path, options: dict[str, str]) -> Server:
        """A server on a machine, which the others reach at its address; the tests at the same port of loopback."""
        folder.mkdir()
        program = self.machines[name].script(folder, engines()["valkey"])
        server = Server(program, folder, {"bind": "0.0.0.0", "protected-mode": "no", **options})
        self.relays[name].expose(server.port)
        return server.start()

    def place(self, role: ReceiverProcess | WorkerProcess) -> None:
        """Let a role run on its machine."""
        name = RECEIVER if isinstance(role, ReceiverProcess) else WORKER
        role.prefix = self.machines[name].prefix
        role.settings["HOST"] = "0.0.0.0"
        self.relays[name].expose(role.ops_port)
        if isinstance(role, ReceiverProcess):
            self.relays[name].expose(role.port)

    def deliver_to(self, receiver: ReceiverProcess) -> int:
        """A port of loopback from where it goes on, from the sender's machine to the receivers'."""
        port, address = free_port(), (self.machines[RECEIVER].address, receiver.port)
        self.relays[SENDER].carry(port, lambda: address)
        return port


@contextmanager
def _networks(folder: Path, names: Sequence[str] = NAMES) -> Iterator[Surroundings]:
    options = {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "repl-diskless-sync-delay": "0",
        "repl-ping-replica-period": "1",
        "repl-timeout": "5",
    }
    with ExitStack() as stack:
        found = stack.enter_context(machines(names))
        wires = stack.enter_context(wired(found))
        relays = {name: stack.enter_context(relay(machine)) for name, machine in found.items()}
        parts = Networks(found, relays, wires)
        servers = {name: parts.start_server(name, folder / name, options) for name in (STORE, REPLICA)}
        for server in servers.values():
            stack.callback(server.stop, kill=True)
        with servers[REPLICA].client() as client:
            client.replicaof(found[STORE].address, servers[STORE].port)
        wait_until(lambda: _in_step(servers[STORE]), seconds=30, description="the replica is in step")
        url = f"redis://{found[STORE].address}:{servers[STORE].port}/0"
        look = f"redis://{found[STORE].quiet_address}:{servers[STORE].port}/0"
        yield Surroundings(
            url, look, {"DURABILITY": "replicas:1"}, parts=parts, place=parts.place, deliver_to=parts.deliver_to
        )


def _in_step(server: Server) -> bool:
    with server.client() as client:
        said = client.info("replication")
    return bool(said["connected_slaves"] == 1 and said["slave0"]["state"] == "online")


@contextmanager
def _with_database(folder: Path) -> Iterator[Surroundings]:
    with _networks(folder, (*NAMES, DATABASE)) as surroundings, new_postgres() as postgres:
        parts: Networks = surroundings.parts
        machine = parts.machines[DATABASE]
        with (postgres.directory / "data/pg_hba.conf").open("a", encoding="ascii") as who_may_connect:
            who_may_connect.write(f"host all all {SUBNET}.0/24 trust\n")
        postgres.options["listen_addresses"] = "*"
        with machine.entered():
            postgres.start()
            url = postgres.create_migrated_database("effects")
        parts.relays[DATABASE].expose(postgres.port)
        surroundings.settings |= {
            "DATABASE_URL": url.replace("127.0.0.1", machine.address),
            "WORKER_HANDLERS": "tests.chaos.database_witness:router",
        }
        yield surroundings


SCENES = [
    Scene(
        "networks",
        "`DURABILITY=replicas:1` on a primary and a replica; they, the sender, the receivers and the workers each on a "
        "machine (network namespace) of their own",
        _networks,
        absent() or "",
    ),
    Scene(
        "networks database",
        "as `networks`, with a row in a PostgreSQL of a machine of its own as the effect",
        _with_database,
        absent() or ("" if PROGRAMS else "PostgreSQL is not installed"),
    ),
]
