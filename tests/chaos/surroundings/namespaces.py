"""Machines of our own on this machine: each is a network namespace with an address, all at one switch.

Nothing is done to the network of the machine itself, and nothing is left when the last process of a namespace has
ended: the namespaces have no names, a process holds each, and it ends with whoever made it.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.waiting import wait_until

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_LIBC = ctypes.CDLL(None, use_errno=True)
SUBNET = "10.77.0"
PROGRAMS = ("ip", "nsenter", "unshare", "setpriv", "sysctl")


def _enter(descriptor: int) -> None:
    if _LIBC.setns(descriptor, _NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "setns")


@dataclass
class Machine:
    """A network namespace.

    Attributes:
        name: For people.
        address: Of its network card.
        quiet_address: Another one, which no disturbance concerns.
        holder: The process that keeps it.
    """

    name: str
    address: str
    quiet_address: str
    holder: subprocess.Popen[bytes]

    @property
    def namespace(self) -> str:
        """Its file."""
        return f"/proc/{self.holder.pid}/ns/net"

    @property
    def prefix(self) -> tuple[str, ...]:
        """What a command begins with that shall run there; the process id stays that of the command."""
        return ("nsenter", f"--net={self.namespace}", "--")

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be there with this thread: its new sockets, and the processes that it starts, are on that machine."""
        with Path("/proc/thread-self/ns/net").open("rb") as home, Path(self.namespace).open("rb") as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(home.fileno())

    def run(self, *command: str) -> str:
        """Run a command there; what it prints."""
        done = subprocess.run([*self.prefix, *command], check=True, capture_output=True, text=True)
        return done.stdout

    def script(self, folder: Path, program: str) -> str:
        """A program that starts another one there, for those who take a path and no command line."""
        file = folder / f"{Path(program).name}-on-{self.name}"
        file.write_text(f'#!/bin/sh\nexec {" ".join(self.prefix)} {program} "$@"\n', "ascii")
        file.chmod(0o755)
        return str(file)


def absent() -> str | None:
    """Why there can be no machines here; None: there can."""
    if missing := [name for name in PROGRAMS if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")]:
        return f"NETWORK FAULTS ARE NOT TRIED: {', '.join(missing)} is not installed (.ci/servers)"
    if not Path("/dev/net/tun").exists():
        return "NETWORK FAULTS ARE NOT TRIED: there is no /dev/net/tun"
    done = subprocess.run(["unshare", "--net", "true"], check=False, capture_output=True, text=True)
    return f"NETWORK FAULTS ARE NOT TRIED: {done.stderr.strip()}" if done.returncode else None


@contextmanager
def machines(names: Sequence[str]) -> Iterator[dict[str, Machine]]:
    """Machines by their names, which all reach each other."""
    switch, found = _hold("switch", 99), {}
    try:
        switch.run("ip", "link", "add", "bridge", "type", "bridge")
        switch.run("ip", "link", "set", "bridge", "up")
        for number, name in enumerate(names, start=1):
            found[name] = _hold(name, number)
            _plug_in(found[name], switch, f"port{number}")
        yield found
    finally:
        for machine in (*found.values(), switch):
            machine.holder.kill()
            machine.holder.wait()


def _hold(name: str, number: int) -> Machine:
    # It ends when the process that started it does, whatever that dies of.
    holder = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"])
    machine, ours = (
        Machine(name, f"{SUBNET}.{number}", f"{SUBNET}.{number + 100}", holder),
        Path("/proc/self/ns/net").readlink(),
    )
    wait_until(lambda: Path(machine.namespace).readlink() != ours, description=f"{name} has a network")
    machine.run("ip", "link", "set", "lo", "up")
    return machine


def _plug_in(machine: Machine, switch: Machine, port: str) -> None:
    machine.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", port, "netns", str(switch.holder.pid))
    switch.run("ip", "link", "set", port, "master", "bridge", "up")
    for address in (machine.address, machine.quiet_address):
        machine.run("ip", "address", "add", f"{address}/24", "dev", "eth0")
    machine.run("ip", "link", "set", "eth0", "up")
