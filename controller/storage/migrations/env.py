"""Alembic environment: the connection is handed in by `storage.database.migrate`."""

from alembic import context
from sqlmodel import SQLModel

from controller.storage import (  # noqa: F401 (they register themselves)
    alert_tables,
    box_tables,
    library_tables,
    schedule_tables,
    tables,
    trust_tables,
    update_tables,
)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
