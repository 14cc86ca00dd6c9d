"""Files in a folder, in S3-compatible storage or in Google's: listed, read, written whole, deleted.

What is written is there with all its bytes or not at all, whoever dies: a folder gets it by a rename, S3 and Google's
storage when an upload is complete. Everything is idempotent, and blocks: call it in a thread.
"""

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from msgspec import Struct
from pyarrow import fs

from salesloft_webhooks.errors import Unavailable
from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration

UNFINISHED = ".unfinished"
"""How names end of what a folder has before the rename."""
_AWS_ERROR = re.compile(r"AWS Error ([A-Z_]{3,40})")


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


@contextmanager
def _errors_of(deed: str) -> Iterator[None]:
    """Arrow's errors as `Unavailable`; their texts, which may have addresses in them, are left out."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as exc:
        kind = _AWS_ERROR.search(str(exc))
        reason = kind[1] if kind else (os.strerror(exc.errno) if isinstance(exc, OSError) and exc.errno else "failed")
    else:
        return
    # Raised outside the except block: the text of Arrow's error would be in the traceback.
    raise Unavailable(f"the warehouse cannot {deed}: {reason}", after=15)


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

    def check_reachable(self) -> None:
        """Look whether the bucket, or the folder or one that it can be made in, is there, and may be used.

        Raises:
            Unavailable: it is not.
        """
        if self.local:
            there = next(each for each in (Path(self._base), *Path(self._base).parents) if each.exists())
            if not there.is_dir() or not os.access(there, os.R_OK | os.W_OK | os.X_OK):
                raise Unavailable("the warehouse's folder cannot be written to", after=15)
            return
        with _errors_of("reach its bucket"):
            found = self._filesystem.get_file_info(self._base.partition("/")[0])
            self._filesystem.get_file_info(fs.FileSelector(self._base, allow_not_found=True))
        if found.type is not fs.FileType.Directory:
            raise Unavailable("the warehouse's bucket is not there, or its credentials may not look", after=15)

    def files(self, folder: str) -> list[StoredFile]:
        """All below a folder, at any depth, in the order of their paths; none if there is no such folder."""
        selector = fs.FileSelector(f"{self._base}/{folder}", recursive=True, allow_not_found=True)
        with _errors_of("list files"):
            infos = self._filesystem.get_file_info(selector)
        return sorted(self._stored(info) for info in infos if info.type is fs.FileType.File)

    def find(self, path: str) -> StoredFile | None:
        """The file at a path; None: there is none."""
        with _errors_of("look for a file"):
            info = self._filesystem.get_file_info(f"{self._base}/{path}")
        return self._stored(info) if info.type is fs.FileType.File else None

    def read(self, path: str) -> Any:
        """All bytes, as an Arrow buffer.

        Raises:
            FileNotFoundError: it is gone.
        """
        with _errors_of("read a file"), self._filesystem.open_input_file(f"{self._base}/{path}") as file:
            return file.read_buffer()

    def write(self, path: str, content: Any) -> None:
        """Store a whole file, also in place of another."""
        with _errors_of("write a file"):
            if self.local:
                self._write_locally(Path(self._base, path), content)
                return
            # One write: the stream completes the upload even if it is closed by an error in between.
            with self._filesystem.open_output_stream(f"{self._base}/{path}") as stream:
                stream.write(content)

    def delete(self, path: str) -> None:
        """The file is gone; it may have been before."""
        with _errors_of("delete a file"), suppress(FileNotFoundError):
            self._filesystem.delete_file(f"{self._base}/{path}")

    def _stored(self, info: Any) -> StoredFile:
        modified = cast("datetime | None", info.mtime) or datetime.now(UTC)
        return StoredFile(info.path.removeprefix(f"{self._base}/"), info.size, modified)

    def _write_locally(self, target: Path, content: Any) -> None:
        _make_folder(target.parent)
        unfinished = target.with_name(f".{uuid.uuid4().hex}{UNFINISHED}")
        with unfinished.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
        _sync(target.parent)


def _make_folder(folder: Path) -> None:
    """With its parents, each of which is on the disk by its name when this returns."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        _sync(each.parent)


def _sync(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_storage(configuration: WarehouseConfiguration) -> Storage:
    """The storage of an address; nothing is asked of it yet.

    Raises:
        Unavailable: its file system cannot be made.
    """
    parts = urlsplit(configuration.url)
    if parts.scheme == "file":
        folder = os.path.abspath(unquote(parts.path))  # noqa: PTH100 - of a text, for a text
        return Storage(fs.LocalFileSystem(), folder, folder, local=True)
    base = f"{parts.netloc}{unquote(parts.path)}".rstrip("/")
    with _errors_of("be opened"):
        filesystem = _s3(configuration) if parts.scheme == "s3" else fs.GcsFileSystem()
    return Storage(filesystem, base, f"{parts.scheme}://{base}", local=False)


def _s3(configuration: WarehouseConfiguration) -> Any:
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
    return fs.S3FileSystem(
        connect_timeout=5, request_timeout=20, **{name: value for name, value in wanted.items() if value}
    )
