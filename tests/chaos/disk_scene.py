"""Disks that become full, or slow."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.chaos.scenes import Scene, Surroundings
from tests.chaos.surroundings import slow_disks
from tests.support.full_disks import small_disk
from tests.support.servers import Server, engines

MEGABYTES = 192
REWRITTEN = {"auto-aof-rewrite-min-size": "24mb"}
"""So that the log of a long trial does not fill the disk by itself."""


def _small(durability: str, policy: str) -> Callable[[Path], AbstractContextManager[Surroundings]]:
    @contextmanager
    def opened(folder: Path) -> Iterator[Surroundings]:
        with small_disk(folder / "disk", MEGABYTES) as disk:
            options = {"appendonly": "yes", "appendfsync": policy, **REWRITTEN}
            server = Server(engines()["valkey"], disk.folder, options).start()
            try:
                yield Surroundings(server.url, server.url, {"DURABILITY": durability}, server, disk)
            finally:
                server.stop(kill=True)

    return opened


@contextmanager
def _slow(folder: Path) -> Iterator[Surroundings]:
    server = Server(engines()["valkey"], folder, {"appendonly": "yes", "appendfsync": "always"}).start()
    try:
        yield Surroundings(server.url, server.url, {"DURABILITY": "fsync"}, server)
    finally:
        server.stop(kill=True)


_NO_ROOT = "" if os.getuid() == 0 else "only root mounts a disk"
SCENES = [
    Scene("small disk", "as `fsync`, on a small disk", _small("fsync", "always"), _NO_ROOT),
    Scene("small disk everysec", "as `everysec`, on a small disk", _small("memory", "everysec"), _NO_ROOT),
    Scene("slow disk", "as `fsync`, on a disk that can be slow (strace)", _slow, slow_disks.absent() or ""),
]
