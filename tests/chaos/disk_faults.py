"""Faults of the store's disk."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.fault import Fault
from tests.chaos.live import Live
from tests.chaos.surroundings.slow_disks import slow_disk
from tests.support.full_disks import Disk

SLOW_SECONDS = 1.0


@contextmanager
def disk_full(live: Live) -> Iterator[None]:
    """Fill the disk; at the end there is room again, and the server starts if it has ended."""
    disk: Disk = live.surroundings.parts
    server = live.surroundings.only_server
    disk.fill(leave_bytes=0)
    try:
        yield
    finally:
        disk.empty()
        if server.ended:
            server.start()


@contextmanager
def fsync_slow(live: Live) -> Iterator[None]:
    """Let each fsync take a second."""
    with slow_disk(live.surroundings.only_server.pid, SLOW_SECONDS):
        yield


FAULTS = [
    Fault(
        "disk full",
        "The disk is full. With `appendfsync always` the server ends at the first write that does not fit, else it "
        "refuses to write.",
        disk_full,
        "after 5 s there is room again; a server that has ended is started",
        lasts=5.0,
        scenes=("small disk", "small disk everysec"),
    ),
    Fault(
        "fsync slow",
        f"Each fsync of the server takes {SLOW_SECONDS:.0f} s.",
        fsync_slow,
        "the disk is as fast as before after 8 s",
        lasts=8.0,
        scenes=("slow disk",),
    ),
]
