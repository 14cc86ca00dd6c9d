"""What is spent in a stretch of time: CPU of our processes and of servers, commands, bytes on the network."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import psutil
from tests.support.servers import Server


@dataclass
class Spent:
    """What was spent between two looks.

    Attributes:
        process: CPU seconds of our processes.
        server: CPU seconds of the servers.
        commands: Commands that the servers ran, those inside scripts too.
        received: Bytes that the servers received.
        sent: Bytes that they sent.
    """

    process: float
    server: float
    commands: int
    received: int
    sent: int

    def per(self, events: int) -> dict[str, float]:
        """Microseconds, commands and bytes of one event."""
        return {
            "process_us": round(self.process / events * 1e6, 1),
            "server_us": round(self.server / events * 1e6, 1),
            "commands": round(self.commands / events, 3),
            "received_bytes": round(self.received / events),
            "sent_bytes": round(self.sent / events),
        }


def look(servers: list[Server], pids: list[int]) -> Spent:
    """What has been spent so far."""
    spent = Spent(sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids), 0.0, 0, 0, 0)
    for server in servers:
        with server.client() as client:
            cpu, stats = client.info("cpu"), client.info("stats")
        spent.server += cpu["used_cpu_user"] + cpu["used_cpu_sys"]
        spent.commands += stats["total_commands_processed"]
        spent.received += stats["total_net_input_bytes"]
        spent.sent += stats["total_net_output_bytes"]
    return spent


@contextmanager
def spending(servers: list[Server], pids: list[int]) -> Iterator[Spent]:
    """What the block spends; filled when it is left."""
    before = look(servers, pids)
    spent = Spent(0.0, 0.0, 0, 0, 0)
    yield spent
    for name, value in asdict(look(servers, pids)).items():
        setattr(spent, name, value - getattr(before, name))
