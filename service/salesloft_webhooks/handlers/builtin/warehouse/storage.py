"""Files in a folder, in S3-compatible storage or in Google's: listed, read, written whole, deleted.

What is written is there with all its bytes or not at all, whoever dies: a folder gets it by a rename, S3 and Google's
storage when an upload is complete. Everything is idempotent, and blocks: call it in a thread.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from msgspec import Struct
from pyarrow import fs

from salesloft_webhooks.errors import Unavailable
from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.local_files import check_folder, write_whole
from salesloft_webhooks.handlers.builtin.warehouse.storage_errors import translated

RETRY_SECONDS = 15
"""Arrow's own for Google's storage are fifteen minutes."""


class StoredFile(Struct, frozen=True, order=True):
    """A file that is there.

    Attributes:
        path: Below the warehouse's address.
        size: Bytes.
        modified: When it was written, by the storage's clock.
    """

    path: str
    size: int
    modified: datetime

    @property
    def folder(self) -> str:
        """Of the path all but the name."""
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


class Storage:
    """Made by `open_storage`.

    Args:
        filesystem: Arrow's.
        base: The path of the warehouse in it.
        address: The same as others write it, a path for a folder.
        local: Whether it is a folder.

    Attributes:
        local: The same.
    """

    def __init__(self, filesystem: Any, base: str, address: str, *, local: bool) -> None:
        self._filesystem = filesystem
        self._base = base
        self._address = address
        self.local = local

    def address_of(self, path: str) -> str:
        """As DuckDB and others are given it."""
        return f"{self._address}/{path}"

    @translated("be reached")
    def check_reachable(self) -> None:
        """Look whether the folder or bucket is there, and lets us list what is in it.

        Raises:
            Unavailable: it is not.
        """
        if self.local:
            check_folder(Path(self._base))
        elif not self._filesystem.get_file_info(fs.FileSelector(self._base, allow_not_found=True)):
            bucket = self._base.partition("/")[0]
            # Nothing there, or no bucket. Who may not ask for the bucket itself finds that out by the first write.
            with suppress(OSError):
                if self._filesystem.get_file_info(bucket).type is fs.FileType.NotFound:
                    raise Unavailable("the warehouse's bucket is not there", after=15)

    @translated("list files")
    def files(self, folder: str) -> list[StoredFile]:
        """All below a folder ('': everything), at any depth, in the order of their paths; none if it is not there."""
        below = f"{self._base}/{folder}" if folder else self._base
        selector = fs.FileSelector(below, recursive=True, allow_not_found=True)
        infos = self._filesystem.get_file_info(selector)
        return sorted(self._stored(info) for info in infos if info.type is fs.FileType.File)

    @translated("look for a file")
    def find(self, path: str) -> StoredFile | None:
        """The file at a path; None: there is none."""
        info = self._filesystem.get_file_info(f"{self._base}/{path}")
        return self._stored(info) if info.type is fs.FileType.File else None

    @translated("read a file", may_be_missing=True)
    def read(self, path: str) -> Any:
        """All bytes, as an Arrow buffer.

        Raises:
            FileNotFoundError: it is gone.
        """
        if self._filesystem.type_name == "gcs":
            # Of a file there (not of a stream) Arrow asks the storage while it keeps the interpreter's lock: the worker
            # would stand still for as long as the storage takes.
            with self._filesystem.open_input_stream(f"{self._base}/{path}", compression=None) as stream:
                return pa.py_buffer(stream.read())
        with self._filesystem.open_input_file(f"{self._base}/{path}") as file:
            return file.read_buffer()

    @translated("write a file")
    def write(self, path: str, content: Any) -> None:
        """Store a whole file, also in place of another."""
        if self.local:
            write_whole(Path(self._base), path, content)
            return
        # One write: the stream completes the upload even if it is closed by an error in between.
        with self._filesystem.open_output_stream(f"{self._base}/{path}") as stream:
            stream.write(content)

    @translated("delete a file")
    def delete(self, path: str) -> None:
        """The file is gone; it may have been before."""
        with suppress(FileNotFoundError):
            self._filesystem.delete_file(f"{self._base}/{path}")

    def _stored(self, info: Any) -> StoredFile:
        modified = cast("datetime | None", info.mtime) or datetime.now(UTC)
        return StoredFile(info.path.removeprefix(f"{self._base}/"), info.size, modified)


@translated("be opened")
def open_storage(configuration: WarehouseConfiguration) -> Storage:
    """The storage of an address; nothing is asked of it yet.

    Raises:
        Unavailable: its file system cannot be made.
    """
    parts = urlsplit(configuration.url)
    path = unquote(parts.path).rstrip("/")
    if parts.scheme == "file":
        return Storage(fs.LocalFileSystem(), path, path, local=True)
    base = f"{parts.netloc}{path}"
    if parts.scheme == "s3":
        filesystem = fs.S3FileSystem(**_s3_options(configuration))
    else:
        filesystem = fs.GcsFileSystem(**_gcs_options(configuration))
    return Storage(filesystem, base, f"{parts.scheme}://{base}", local=False)


def _gcs_options(configuration: WarehouseConfiguration) -> Mapping[str, Any]:
    gcs = configuration.gcs
    endpoint = urlsplit(gcs.endpoint) if gcs.endpoint else None
    wanted = {
        "anonymous": gcs.anonymous,
        "scheme": endpoint.scheme if endpoint else None,
        "endpoint_override": endpoint.netloc if endpoint else None,
    }
    given = {name: value for name, value in wanted.items() if value}
    return {**given, "retry_time_limit": timedelta(seconds=RETRY_SECONDS)}


def _s3_options(configuration: WarehouseConfiguration) -> Mapping[str, Any]:
    s3 = configuration.s3
    endpoint = urlsplit(s3.endpoint) if s3.endpoint else None
    wanted = {
        "region": s3.region,
        "access_key": s3.access_key and s3.access_key.get_secret_value(),
        "secret_key": s3.secret_key and s3.secret_key.get_secret_value(),
        "role_arn": s3.role_arn,
        "scheme": endpoint.scheme if endpoint else None,
        "endpoint_override": endpoint.netloc if endpoint else None,
    }
    given = {name: value for name, value in wanted.items() if value}
    retries = fs.AwsStandardS3RetryStrategy(max_attempts=2)
    return {**given, "connect_timeout": 5, "request_timeout": RETRY_SECONDS, "retry_strategy": retries}
