"""Alembic environment: the connection is handed in by `storage.database.migrate`."""

from alembic import context

from controller.storage import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.Unit.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
