"""The tables of the activity and crm groups.

Types are spelled out, not imported from `schema`: a migration must do tomorrow what it did today.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "activities",
        sa.Column("event_id", sa.String(512), primary_key=True),
        sa.Column("event_type", sa.String(128), nullable=False),
        sa.Column("person_id", sa.BigInteger),
        sa.Column("user_id", sa.BigInteger),
        sa.Column("resource_id", sa.BigInteger),
        sa.Column("occurred_at", moment, nullable=False),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
    )
    op.create_index("ix_activities_person_id_occurred_at", "activities", ["person_id", "occurred_at"])
    op.create_index("ix_activities_event_type_occurred_at", "activities", ["event_type", "occurred_at"])
    op.create_table(
        "contacts",
        sa.Column("person_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("deleted_at", moment),
        sa.Column("email_address", sa.String(320)),
        sa.Column("first_name", sa.Text),
        sa.Column("last_name", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("phone", sa.Text),
        sa.Column("company", sa.Text),
        sa.Column("crm_id", sa.Text),
        sa.Column("owner_id", sa.BigInteger),
        sa.Column("bounced_address", sa.String(320)),
        sa.Column("bounced_at", moment),
        sa.Column(
            "email_invalid",
            sa.Boolean,
            sa.Computed("coalesce(lower(email_address) = lower(bounced_address), false)", persisted=True),
        ),
    )
    op.create_index("ix_contacts_email_address", "contacts", ["email_address"])


def downgrade() -> None:
    """Drop both tables, with everything in them."""
    op.drop_table("contacts")
    op.drop_table("activities")
