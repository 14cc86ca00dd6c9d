"""Rows that hold the newest version of something: which version wins is decided inside the statement that writes it.

``ON CONFLICT DO UPDATE ... WHERE`` the stored version is not newer. A check before the write would let two workers pass
it together. Of two versions with the same time, a deletion wins, in either order. Only the columns that a change says
something about are touched: a deletion may carry nothing but an id.

A table of such rows has a key of one column, `updated_at` (the version applied last) and `deleted_at`.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Boolean, Table, and_, bindparam, case, or_

from salesloft_webhooks.handlers.database.transactions import Database


def states(column: str) -> str:
    """The parameter that says whether a change says anything about a column."""
    return f"states_{column}"


def save_newest(database: Database, table: Table, columns: Collection[str]) -> Any:
    """The statement that brings a row to a version, unless it has a newer one.

    Args:
        database: In whose dialect.
        table: Which.
        columns: Those that a change may say something about. Parameters are these, `states` of each of them, the key,
            `updated_at`, and `deleted_at`, which is null unless the version is a deletion.
    """
    insert = database.insert(table)
    new, old = insert.excluded, table.c
    # One statement whatever is stated, so that all rows of a batch can be written in one order: two processes that lock
    # the same rows crosswise would deadlock.
    stated = {name: case((bindparam(states(name), type_=Boolean), new[name]), else_=old[name]) for name in columns}
    return insert.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={"updated_at": new.updated_at, "deleted_at": new.deleted_at, **stated},
        where=or_(
            old.updated_at < new.updated_at,
            and_(
                old.updated_at == new.updated_at,
                or_(old.deleted_at.is_(None), new.deleted_at.is_not(None)),
            ),
        ),
    )
