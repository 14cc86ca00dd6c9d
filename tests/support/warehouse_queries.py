"""What DuckDB reads of a warehouse."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from salesloft_webhooks.handlers.builtin.warehouse.contents import folders
from salesloft_webhooks.handlers.builtin.warehouse.layout import MANIFEST
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage

VIEW = "SELECT * FROM {} QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY received_at) = 1"
"""The view of docs/warehouse.md, of whatever has the rows."""


def rows_by_view(storage: Storage, folder: Path) -> list[str]:
    """The ids of the documented view over all files there are, in order."""
    paths = [file.path for files in folders(storage).values() for file in files]
    return _ids(storage, paths, folder, VIEW)


def rows_by_manifest(storage: Storage, folder: Path) -> list[str]:
    """The ids of all rows in the files that the manifest names, as they are."""
    lines = storage.read(MANIFEST).to_pybytes().decode().splitlines()
    beginning = storage.address_of("")
    assert all(line.startswith(beginning) for line in lines)
    return _ids(storage, [line.removeprefix(beginning) for line in lines], folder, "SELECT * FROM {}")


def _ids(storage: Storage, paths: Iterable[str], folder: Path, query: str) -> list[str]:
    """DuckDB reads copies: its own way to S3 is an extension, which it would load from the internet."""
    copies = folder / "copies"
    copies.mkdir(exist_ok=True)
    copied = []
    for number, path in enumerate(paths):
        copy = copies / f"{number}.parquet"
        copy.write_bytes(memoryview(storage.read(path)))
        copied.append(str(copy))
    if not copied:
        return []
    with duckdb.connect() as database:
        source = f"read_parquet({copied!r})"
        found = database.sql(f"SELECT event_id FROM ({query.format(source)}) ORDER BY 1").fetchall()  # noqa: S608
    return [event_id for (event_id,) in found]
