"""What 0.1.0 stored and no database should hold: NUL and halves of surrogate pairs in text, versions in the future.

PostgreSQL's `details` become JSONB, which takes none of that and can be indexed. The table is rewritten under a lock:
workers wait for it, and a row that 0.1.0 writes during a roll-out is converted by PostgreSQL itself.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ROWS = 500
_LONGEST_ADDRESS = 320


def upgrade() -> None:
    """Clean the rows, then change the column's type."""
    connection = op.get_bind()
    embedded = connection.dialect.name == "sqlite"
    _clean_details(connection, embedded=embedded)
    if embedded:
        _clean_addresses(connection)
    else:
        op.alter_column(
            "activities",
            "details",
            existing_type=sa.JSON(),
            type_=postgresql.JSONB(),
            existing_nullable=False,
            postgresql_using="details::jsonb",
        )
    _thaw(connection, embedded=embedded)


def downgrade() -> None:
    """Back to JSON; what was cleaned stays clean."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column(
            "activities",
            "details",
            existing_type=postgresql.JSONB(),
            type_=sa.JSON(),
            existing_nullable=False,
            postgresql_using="details::json",
        )


def _clean_details(connection: sa.Connection, *, embedded: bool) -> None:
    # Both are written as escapes; most rows that are looked at hold whole pairs, which are escapes as well.
    holds = "instr({0}, '{1}')" if embedded else "position('{1}' in CAST({0} AS text))"
    suspect = " OR ".join(f"{holds.format('details', escape)} > 0" for escape in (r"\u0000", r"\ud"))
    page = sa.text(
        f"SELECT event_id, CAST(details AS text) FROM activities WHERE event_id > :last AND ({suspect}) "  # noqa: S608
        "ORDER BY event_id LIMIT :rows"
    )
    change = sa.text(
        f"UPDATE activities SET details = {':details' if embedded else 'CAST(:details AS json)'} "  # noqa: S608 - ours
        "WHERE event_id = :event_id"
    )
    last = ""
    while rows := connection.execute(page, {"last": last, "rows": _ROWS}).all():
        for event_id, details in rows:
            before = json.loads(details)
            if (after := _clean(before)) != before:
                connection.execute(change, {"event_id": event_id, "details": json.dumps(after)})
        last = rows[-1][0]


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_clean(name): _clean(each) for name, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list) else value


def _clean_addresses(connection: sa.Connection) -> None:
    # PostgreSQL has refused such rows.
    for column in ("email_address", "bounced_address"):
        cleaned = f"substr(replace({column}, char(0), ''), 1, {_LONGEST_ADDRESS})"
        connection.execute(
            sa.text(f"UPDATE contacts SET {column} = {cleaned} WHERE {column} <> {cleaned}")  # noqa: S608 - ours
        )


def _thaw(connection: sa.Connection, *, embedded: bool) -> None:
    # No real version was ever newer than these, so the next one must win, whatever its time.
    soon = "datetime('now', '+5 minutes')" if embedded else "now() + interval '5 minutes'"
    never = "'1970-01-01 00:00:00.000000'" if embedded else "'1970-01-01 00:00:00+00'"
    for column in ("updated_at", "bounced_at"):
        connection.execute(
            sa.text(f"UPDATE contacts SET {column} = {never} WHERE {column} > {soon}")  # noqa: S608 - ours
        )
