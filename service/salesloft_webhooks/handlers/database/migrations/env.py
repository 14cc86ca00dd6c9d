"""What Alembic runs: the migrations, on the connection `migrate` hands over, inside its transaction."""

from alembic import context

from salesloft_webhooks.handlers.database.resource_tables import RESOURCE_TABLES

metadata = RESOURCE_TABLES["account"].table.metadata  # all tables are in one, those of `schema` too

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
