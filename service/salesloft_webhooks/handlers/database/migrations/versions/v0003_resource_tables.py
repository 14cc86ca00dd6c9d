"""The tables of the groups `tables` (accounts, cadences, notes, tasks) and `events`.

Their names begin like no other's, because a database may have an application's own tables beside ours. Nothing that is
there is touched, so workers of before and of after write side by side, in either order.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_COLUMNS = {
    "salesloft_accounts": (
        "created_at moment, account_tier_id id, archived_at moment, city text, company_stage_id id, company_type text, "
        "conversational_name text, country text, counts json, creator_id id, crm_id text, crm_object_type text, "
        "crm_url text, custom_fields json, description text, do_not_contact flag, domain text, founded text, "
        "industry text, last_contacted_at moment, last_contacted_by_id id, last_contacted_person_id id, "
        "last_contacted_type text, linkedin_url text, locale text, name text, owner_id id, owner_crm_id text, "
        "phone text, postal_code text, revenue_range text, size text, state text, street text, tags json, "
        "twitter_handle text, user_relationships json, website text, others json"
    ),
    "salesloft_cadences": (
        "created_at moment, added_stage_id id, archived_at moment, bounced_stage_id id, cadence_framework_id id, "
        "cadence_function text, cadence_priority_id id, counts json, creator_id id, draft flag, "
        "external_identifier text, finished_stage_id id, groups json, name text, opt_out_link_included flag, "
        "owner_id id, remove_bounces_enabled flag, remove_replies_enabled flag, replied_stage_id id, shared flag, "
        "tags json, team_cadence flag, others json"
    ),
    "salesloft_notes": (
        "person_id id, created_at moment, associated_type text, associated_with_id id, call_id id, content text, "
        "user_id id, others json"
    ),
    "salesloft_tasks": (
        "person_id id, created_at moment, completed_at moment, completed_by_id id, created_by_user_id id, "
        "current_state text, description text, due_at moment, due_date text, remind_at moment, subject text, "
        "task_type text, user_id id, others json"
    ),
}
"""Beside the id, the version and when it was deleted: name and kind of each."""
_EVENTS = "salesloft_events"
_OF_PEOPLE = ("salesloft_notes", "salesloft_tasks")


def upgrade() -> None:
    """Create the tables."""
    moment = sa.DateTime(timezone=True)
    for table, columns in _COLUMNS.items():
        op.create_table(
            table,
            sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("updated_at", moment, nullable=False),
            sa.Column("deleted_at", moment),
            *_columns(columns),
        )
    for table in _OF_PEOPLE:
        op.create_index(f"ix_{table}_person_id", table, ["person_id"])
    op.create_table(
        _EVENTS,
        sa.Column("event_id", sa.String(512), primary_key=True),
        sa.Column("source", sa.String(128), primary_key=True),
        sa.Column("event_type", sa.String(128), nullable=False),
        sa.Column("received_at", moment, nullable=False),
        *_columns("created_at moment, updated_at moment, person_id id, user_id id, account_id id, resource_id id"),
        sa.Column("data", _json(), nullable=False),
        sa.Column("original", sa.Text),
    )
    op.create_index(f"ix_{_EVENTS}_received_at", _EVENTS, ["received_at"])
    op.create_index(f"ix_{_EVENTS}_person_id", _EVENTS, ["person_id"])


def downgrade() -> None:
    """Drop the tables, with everything in them."""
    for table in (_EVENTS, *reversed(_COLUMNS)):
        op.drop_table(table)


def _columns(written: str) -> Iterator[sa.Column[Any]]:
    types: dict[str, sa.types.TypeEngine[Any]] = {
        "id": sa.BigInteger(),
        "text": sa.Text(),
        "moment": sa.DateTime(timezone=True),
        "flag": sa.Boolean(),
        "json": _json(),
    }
    for each in written.split(", "):
        name, kind = each.split(" ")
        yield sa.Column(name, types[kind])


def _json() -> sa.types.TypeEngine[Any]:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
