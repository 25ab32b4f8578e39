"""Runs the migrations on the connection that `express_sync.portal.store.migrating` passes."""

from alembic import context

from express_sync.portal.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
