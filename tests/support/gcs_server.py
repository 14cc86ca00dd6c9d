"""A server that speaks Google Cloud Storage's protocol over HTTP as Arrow knows it: gcp-storage-emulator's."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from pyarrow import fs

from tests.support.servers import free_port
from tests.support.waiting import wait_until


class GcsServer:
    """A running server.

    Attributes:
        address: ``http://host:port``.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        host = address.partition("://")[2]
        self._client = fs.GcsFileSystem(anonymous=True, scheme="http", endpoint_override=host, project_id="ours")

    def make_bucket(self, name: str) -> str:
        """A new bucket, whose name begins so; its address."""
        own = f"{name}-{uuid4().hex}"
        self._client.create_dir(own)
        return f"gs://{own}"

    def section(self, url: str) -> dict[str, object]:
        """The section `warehouse` for files there."""
        return {"url": url, "gcs": {"endpoint": self.address, "anonymous": True}}


@contextmanager
def new_gcs_server() -> Iterator[GcsServer]:
    """A server of one's own, in a process of its own: Arrow asks it while no other thread of this one may run."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "gcp_storage_emulator",
        "start",
        "--host=127.0.0.1",
        f"--port={port}",
        "--in-memory",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: is_open(port), description="the server listens")
            yield GcsServer(f"http://127.0.0.1:{port}")
        finally:
            process.kill()


def is_open(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
