"""The tables of the built-in handlers. What makes or changes them in a database is ``migrations/``, never this file."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Computed, DateTime, Index, MetaData, String, Table, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from salesloft_webhooks.handlers.database.storable_values import clean_json, clean_text, shorten_key


class UtcTime(TypeDecorator[datetime]):
    """A point in time, UTC with microseconds, that compares correctly in every database.

    SQLite has no time type: it stores text, whose order is that of time only when every value is in one zone.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; SQLite's text carries no zone."""
        if value is None:
            return None
        return value.astimezone(UTC).replace(tzinfo=None) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the base's name
        """Always with a zone."""
        if value is None:
            return None
        moment: datetime = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return moment


class LimitedText(TypeDecorator[str]):
    """Text of a limited length, cut to it in every database: PostgreSQL would refuse the row, SQLite keep it whole."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base's name
        """What every database can store."""
        return None if value is None else clean_text(value)[: self.length]


class KeyText(LimitedText):
    """Like a line; what differs stays different."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base's name
        """What every database can store."""
        return None if value is None else shorten_key(clean_text(value), self.length)


class UnlimitedText(TypeDecorator[str]):
    """Text of any length."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base's name
        """What every database can store."""
        return None if value is None else clean_text(value)


class JsonDocument(TypeDecorator[Any]):
    """JSON: JSONB in PostgreSQL, where a query on it never fails for what a row holds; text in SQLite."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type of this database."""
        kind = JSONB if dialect.name == "postgresql" else JSON
        return dialect.type_descriptor(kind(none_as_null=True))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 - the base's name
        """What every database can store."""
        return clean_json(value)


metadata = MetaData()

activities = Table(
    "activities",
    metadata,
    Column("event_id", KeyText(512), primary_key=True),
    Column("event_type", LimitedText(128), nullable=False),
    Column("person_id", BigInteger),
    Column("user_id", BigInteger),
    Column("resource_id", BigInteger),
    Column("occurred_at", UtcTime(), nullable=False),
    Column("received_at", UtcTime(), nullable=False),
    Column("details", JsonDocument, nullable=False),
    Index("ix_activities_person_id_occurred_at", "person_id", "occurred_at"),
    Index("ix_activities_event_type_occurred_at", "event_type", "occurred_at"),
)
"""One row per event, never changed. `details` are the fields `activity` selects for the event's type."""

events = Table(
    "salesloft_events",
    metadata,
    Column("event_id", KeyText(512), primary_key=True),
    Column("source", KeyText(128), primary_key=True),
    Column("event_type", LimitedText(128), nullable=False),
    Column("received_at", UtcTime(), nullable=False),
    Column("created_at", UtcTime()),
    Column("updated_at", UtcTime()),
    Column("person_id", BigInteger),
    Column("user_id", BigInteger),
    Column("account_id", BigInteger),
    Column("resource_id", BigInteger),
    Column("data", JsonDocument, nullable=False),
    Column("original", UnlimitedText),
    Index("ix_salesloft_events_received_at", "received_at"),
    Index("ix_salesloft_events_person_id", "person_id"),
)
"""One row per event of each source, never changed. `original` is the JSON's text where `data` cannot hold all of it."""

contacts = Table(
    "contacts",
    metadata,
    Column("person_id", BigInteger, primary_key=True, autoincrement=False),
    Column("updated_at", UtcTime(), nullable=False),
    Column("deleted_at", UtcTime()),
    Column("email_address", LimitedText(320)),
    Column("first_name", UnlimitedText),
    Column("last_name", UnlimitedText),
    Column("title", UnlimitedText),
    Column("phone", UnlimitedText),
    Column("company", UnlimitedText),
    Column("crm_id", UnlimitedText),
    Column("owner_id", BigInteger),
    Column("bounced_address", LimitedText(320)),
    Column("bounced_at", UtcTime()),
    # Derived, so that a new address is valid again without anybody having to think of it, and so that it makes no
    # difference whether the bounce or the person's update is handled first.
    Column(
        "email_invalid",
        Boolean,
        Computed("coalesce(lower(email_address) = lower(bounced_address), false)", persisted=True),
    ),
    Index("ix_contacts_email_address", "email_address"),
)
"""One row per person. `updated_at` is SalesLoft's: the version applied last. Bounces are kept beside, not in it."""
