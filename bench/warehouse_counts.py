"""What DuckDB counts in a warehouse, against the ids that were acknowledged."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb

from bench.traffic import PEOPLE, event_id
from salesloft_webhooks.handlers.builtin.warehouse.layout import MANIFEST, typed_manifest

KIB = 1 << 10
VIEW = "QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY received_at) = 1"


class Counts:
    """The warehouse in the folder `warehouse`, and what is acknowledged of it; use as ``with``.

    Args:
        folder: Where the warehouse is, and where the list of ids is put.
        events: How many were acknowledged; the number n is about the person n modulo `PEOPLE`.
    """

    def __init__(self, folder: Path, events: int) -> None:
        self._warehouse = folder / "warehouse"
        ids = folder / "acknowledged.csv"
        ids.write_text("".join(f"{event_id(0, number)},{number % PEOPLE}\n" for number in range(events)))
        self._database = duckdb.connect()
        columns = "{'event_id': 'VARCHAR', 'person': 'INTEGER'}"
        self._database.execute(
            f"CREATE TABLE known AS SELECT * FROM read_csv('{ids}', header = false, columns = {columns})"  # noqa: S608
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._database.close()

    def erase(self, persons: Sequence[int]) -> None:
        """From now on no event of theirs may be there."""
        self._database.execute("DELETE FROM known WHERE person BETWEEN ? AND ?", [persons[0], persons[-1]])

    def by_view(self) -> bool:
        """Whether the view over all files has what is acknowledged."""
        files = f"read_parquet('{self._warehouse}/events/*/*/*.parquet')"
        ((rows, kept),) = self._database.sql(f"SELECT count(*), count(DISTINCT filename) FROM {files}").fetchall()  # noqa: S608
        print(f"{rows:,} rows in {kept:,} files", flush=True)
        return self._verdict("by the view", f"SELECT event_id FROM {files} {VIEW}")  # noqa: S608

    def by_manifest(self) -> bool:
        """Whether the files that the manifest names have what is acknowledged, each once."""
        return self._verdict("by the manifest", f"SELECT event_id FROM {self._named(MANIFEST)}")  # noqa: S608

    def typed(self) -> bool:
        """The same of the typed table of people."""
        named = self._named(typed_manifest("people"))
        return self._verdict("by the typed table", f"SELECT _event_id AS event_id FROM {named}")  # noqa: S608

    def says_the_same(self) -> bool:
        """Whether typed columns are what the bodies say; of a field without a column (`about`) what `_others` has."""
        query = (
            f"SELECT count(*) FROM {self._named(typed_manifest('people'))} typed "  # noqa: S608
            f"JOIN {self._named(MANIFEST)} events ON typed._event_id = events.event_id "
            "WHERE typed.id IS DISTINCT FROM (body->>'id')::BIGINT "
            "OR typed.email_address IS DISTINCT FROM body->>'email_address' "
            "OR typed.account.id IS DISTINCT FROM (body->'account'->>'id')::BIGINT "
            "OR typed.updated_at IS DISTINCT FROM (body->>'updated_at')::TIMESTAMPTZ "
            "OR typed._others->>'about' IS DISTINCT FROM body->>'about'"
        )
        ((different,),) = self._database.sql(query).fetchall()
        print(f"DuckDB compares typed columns with bodies: {different:,} row(s) differ: {not different}", flush=True)
        return not different

    def _named(self, manifest: str) -> str:
        """The rows of the files that a manifest names, in SQL; how many and how large they are is printed."""
        named = (self._warehouse / manifest).read_text().split()
        size = sum(Path(each).stat().st_size for each in named) // KIB
        print(f"{manifest} names {len(named)} file(s) of {size:,} KiB", flush=True)
        return f"read_parquet({named!r})"

    def _verdict(self, how: str, query: str) -> bool:
        """Whether the rows of a query are exactly the acknowledged events, each once."""
        sql = (
            f"WITH rows AS ({query}) SELECT (SELECT count(*) FROM known), (SELECT count(*) FROM rows), "  # noqa: S608
            "(SELECT count(DISTINCT event_id) FROM rows), "
            "(SELECT count(*) FROM known ANTI JOIN rows USING (event_id)), "
            "(SELECT count(*) FROM rows ANTI JOIN known USING (event_id))"
        )
        ((known, counted, different, missing, foreign),) = self._database.sql(sql).fetchall()
        right = (counted, different, missing, foreign) == (known, known, 0, 0)
        twice = counted - different
        print(
            f"DuckDB {how}: {counted:,} of {known:,} events, {missing:,} missing, {twice:,} twice: {right}", flush=True
        )
        return bool(right)
