"""Boxes: what a person set for each, its last diagnosis, what an ear and its disk noticed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "box_policy",
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"]),
        sa.PrimaryKeyConstraint("device_id"),
    )
    op.create_table(
        "box_diagnosis",
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("command_id", sa.String(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"]),
        sa.PrimaryKeyConstraint("device_id"),
    )
    for table in ("playback_event", "as_run"):
        heard = sa.Column("heard", sa.String(), nullable=False, server_default="unknown")
        op.add_column(table, heard)
        op.add_column(table, sa.Column("heard_dbfs", sa.Float(), nullable=True))
    delay = sa.Column("delay_ms", sa.Integer(), nullable=False, server_default="0")
    op.add_column("playback_event", delay)
    for name in ("boot", "mono_ms"):
        column = sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
        op.add_column("readiness_proof", column)
    losses = sa.Column("losses", sa.JSON(), nullable=False, server_default="[]")
    op.add_column("reported_state", losses)
    op.add_column("reported_state", sa.Column("disk_errors_known", sa.BigInteger(), nullable=True))
    claims = sa.Column("claims", sa.Integer(), nullable=False, server_default="0")
    op.add_column("work_item", claims)
    op.create_index("ix_as_run_cue_of_box", "as_run", ["device_id", "cue_id"])
