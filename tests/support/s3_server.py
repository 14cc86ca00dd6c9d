"""An S3 server: moto's, which speaks S3 over HTTP as Arrow and DuckDB know it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import uuid4

import boto3  # type: ignore[import-untyped]
from moto.server import ThreadedMotoServer

KEYS: Mapping[str, str] = {"access_key": "testing", "secret_key": "testing-secret"}


class S3Server:
    """A running server.

    Attributes:
        address: ``http://host:port``.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._client = boto3.client(
            "s3",
            endpoint_url=address,
            region_name="us-east-1",
            aws_access_key_id=KEYS["access_key"],
            aws_secret_access_key=KEYS["secret_key"],
        )

    def make_bucket(self, name: str) -> str:
        """A new bucket, whose name begins so; its address. All servers of a process have the same buckets."""
        own = f"{name}-{uuid4().hex}"
        self._client.create_bucket(Bucket=own)
        return f"s3://{own}"

    def section(self, url: str) -> dict[str, object]:
        """The section `warehouse` for files there."""
        return {"url": url, "s3": {"endpoint": self.address, "region": "us-east-1", **KEYS}}


@contextmanager
def new_s3_server() -> Iterator[S3Server]:
    """A server of one's own, on a free port."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield S3Server(f"http://{host}:{port}")
    finally:
        server.stop()
