"""What Alembic runs: the migrations, on the connection `migrate` hands over, inside its transaction."""

from alembic import context

from salesloft_webhooks.handlers.database.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
