"""Ways between machines on which packets are lost, late or stopped, in one direction or in both.

Not every kernel has netem. Here a process of ours is the wire: for the time of a disturbance the packets of one machine
for another leave by a TUN device instead of the network card, and come out of the other's, later, some, or none. The
connections notice nothing else. What is not disturbed goes through the kernel at its full speed.
"""

import asyncio
import fcntl
import os
import random
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.chaos.surroundings.namespaces import Machine

_SET_INTERFACE, _PACKETS_WITHOUT_HEAD = 0x400454CA, 0x1001  # TUNSETIFF, IFF_TUN | IFF_NO_PI
_LARGEST, _AT_ONCE = 65_536, 100
DEVICE = "wire"


@dataclass(frozen=True)
class Disturbance:
    """What happens to packets on their way.

    Attributes:
        lost: The share that never arrives: 1 for all.
        late_seconds: How much later the others arrive.
    """

    lost: float = 0.0
    late_seconds: float = 0.0


CUT = Disturbance(lost=1.0)


@dataclass
class Wires:
    """The wires between some machines.

    Attributes:
        machines: By name.
        carried: Packets that came through a wire.
        stopped: Packets that did not.
    """

    machines: Mapping[str, Machine]
    carried: int = 0
    stopped: int = 0
    _ends: dict[str, int] = field(default_factory=dict)
    _now: dict[tuple[bytes, bytes], Disturbance] = field(default_factory=dict)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def disturb(self, source: str, target: str, how: Disturbance) -> None:
        """From now on, packets from one machine to another meet this; the other direction stays as it is."""
        here, there = self.machines[source], self.machines[target]
        self._now[_packed(here), _packed(there)] = how
        here.run("ip", "route", "replace", there.address, "dev", DEVICE, "src", here.address)

    def between(self, one: str, other: str, how: Disturbance) -> None:
        """The same in both directions."""
        self.disturb(one, other, how)
        self.disturb(other, one, how)

    def heal(self) -> None:
        """End all disturbances; what is still on its way arrives when it would have."""
        for source, target in tuple(self._now):
            machine = next(each for each in self.machines.values() if _packed(each) == source)
            machine.run("ip", "route", "del", ".".join(map(str, target)), "dev", DEVICE)
        self._now.clear()

    def _open(self, machine: Machine) -> None:
        with machine.entered():
            end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(end, _SET_INTERFACE, struct.pack("16sH22x", DEVICE.encode(), _PACKETS_WITHOUT_HEAD))
        self._ends[machine.address] = end
        # What comes by the wire is answered by the network card if only one direction is disturbed.
        machine.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", f"net.ipv4.conf.{DEVICE}.rp_filter=0")
        machine.run("ip", "link", "set", DEVICE, "up")
        self._loop.add_reader(end, self._carry, end)

    def _carry(self, end: int) -> None:
        with suppress(BlockingIOError):  # there is no more
            for _ in range(_AT_ONCE):
                self._send(os.read(end, _LARGEST))

    def _send(self, packet: bytes) -> None:
        how = self._now.get((packet[12:16], packet[16:20]), Disturbance())
        if random.random() < how.lost:
            self.stopped += 1
            return
        self.carried += 1
        self._loop.call_later(how.late_seconds, self._deliver, packet)

    def _deliver(self, packet: bytes) -> None:
        end = self._ends.get(".".join(map(str, packet[16:20])))
        if end is not None:
            os.write(end, packet)


def _packed(machine: Machine) -> bytes:
    return bytes(map(int, machine.address.split(".")))


@contextmanager
def wired(machines: Mapping[str, Machine]) -> Iterator[Wires]:
    """Give each machine an end; nothing is disturbed yet."""
    wires = Wires(machines)
    for machine in machines.values():
        wires._open(machine)
    thread = threading.Thread(target=wires._loop.run_forever, name="wires", daemon=True)
    thread.start()
    try:
        yield wires
    finally:
        wires._loop.call_soon_threadsafe(wires._loop.stop)
        thread.join()
        for end in wires._ends.values():
            wires._loop.remove_reader(end)
            os.close(end)
        wires._loop.close()
