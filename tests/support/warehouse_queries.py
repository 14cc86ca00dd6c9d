"""What DuckDB reads of a warehouse."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from salesloft_webhooks.handlers.builtin.warehouse.contents import folders
from salesloft_webhooks.handlers.builtin.warehouse.layout import MANIFEST, typed_manifest
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage

VIEW = "SELECT * FROM {} QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY received_at) = 1"
"""The view of docs/warehouse.md, of whatever has the rows."""


def rows_by_view(storage: Storage, folder: Path) -> list[str]:
    """The ids of the documented view over all files there are, in order."""
    paths = [file.path for files in folders(storage).values() for file in files]
    return _ids(storage, paths, folder, VIEW)


def rows_by_manifest(storage: Storage, folder: Path) -> list[str]:
    """The ids of all rows in the files that the manifest names, as they are."""
    return _ids(storage, _named(storage, MANIFEST), folder, "SELECT * FROM {}")


def typed_rows(storage: Storage, table: str, folder: Path, query: str) -> list[tuple[Any, ...]]:
    """What a query says of ``{}``: the files that the manifest of a typed table names."""
    paths = _named(storage, typed_manifest(table))
    return _asked(storage, paths, folder, query, ", union_by_name = true") if paths else []


def _named(storage: Storage, manifest: str) -> list[str]:
    lines = storage.read(manifest).to_pybytes().decode().splitlines()
    beginning = storage.address_of("")
    assert all(line.startswith(beginning) for line in lines)
    return [line.removeprefix(beginning) for line in lines]


def _ids(storage: Storage, paths: Sequence[str], folder: Path, query: str) -> list[str]:
    rows = _asked(storage, paths, folder, f"SELECT event_id FROM ({query}) ORDER BY 1") if paths else []  # noqa: S608
    return [event_id for (event_id,) in rows]


def _asked(
    storage: Storage, paths: Sequence[str], folder: Path, query: str, options: str = ""
) -> list[tuple[Any, ...]]:
    """DuckDB reads copies: its own way to S3 is an extension, which it would load from the internet."""
    copies = folder / "copies"
    copies.mkdir(exist_ok=True)
    copied = []
    for number, path in enumerate(paths):
        copy = copies / f"{number}.parquet"
        copy.write_bytes(memoryview(storage.read(path)))
        copied.append(str(copy))
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        return database.sql(query.format(f"read_parquet({copied!r}{options})")).fetchall()
