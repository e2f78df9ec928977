"""Trust and alerts: root-signed words, certificates, pairing, runs; alerts and their steps."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("origin_device_id", sa.String(), nullable=True),
        sa.Column("hazard", sa.String(), nullable=False),
        sa.Column("raised_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ended_why", sa.String(), nullable=True),
        sa.Column("reviewed_by", sa.String(), nullable=True),
        sa.Column("reviewed_ms", sa.BigInteger(), nullable=True),
        sa.Column("review", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_alert_raised_ms", "alert", ["raised_ms"])
    op.create_index("ix_alert_state", "alert", ["state"])

    op.create_table(
        "alert_step",
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "device_id", "version", "status", "round"),
    )
    op.create_index("ix_alert_step_received_ms", "alert_step", ["received_ms"])

    op.create_table(
        "signed_word",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("said_sha256", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("issued_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "alert_audience",
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("cluster_id", sa.String(), nullable=False),
        sa.Column("cluster_name", sa.String(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("silenced", sa.String(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"],
            ["alert.id"],
        ),
        sa.PrimaryKeyConstraint("alert_id", "device_id"),
    )
    op.create_table(
        "alert_version",
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("areas", sa.JSON(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("sentence", sa.JSON(), nullable=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.Column("spoken", sa.JSON(), nullable=False),
        sa.Column("repeat_s", sa.Integer(), nullable=False),
        sa.Column("siren_s", sa.Integer(), nullable=False),
        sa.Column("max_play_s", sa.Integer(), nullable=False),
        sa.Column("issued_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("ordered_by", sa.String(), nullable=False),
        sa.Column("authorised_by", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("supersedes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"],
            ["alert.id"],
        ),
        sa.PrimaryKeyConstraint("alert_id", "version"),
    )
    op.create_table(
        "box_run",
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("boot", sa.BigInteger(), nullable=False),
        sa.Column("conn", sa.BigInteger(), nullable=False),
        sa.Column("hardware", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("first_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["device.id"],
        ),
        sa.PrimaryKeyConstraint("device_id", "run"),
    )
    op.create_index("ix_box_run_last", "box_run", ["device_id", "last_ms"])

    op.create_table(
        "certificate",
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("not_before_ms", sa.BigInteger(), nullable=False),
        sa.Column("not_after_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.Column("revoked_why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["device.id"],
        ),
        sa.PrimaryKeyConstraint("serial"),
    )
    op.create_index("ix_certificate_device_id", "certificate", ["device_id"])
    op.create_index("ix_certificate_not_after_ms", "certificate", ["not_after_ms"])

    op.create_table(
        "clip_page",
        sa.Column("languages", sa.String(), nullable=False),
        sa.Column("page_sha256", sa.String(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("languages"),
    )
    op.create_table(
        "hazard_clip",
        sa.Column("hazard", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("asset_sha256", sa.String(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_sha256"],
            ["asset.sha256"],
        ),
        sa.PrimaryKeyConstraint("hazard", "language"),
    )
    op.create_table(
        "pairing",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("cluster_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_ms", sa.BigInteger(), nullable=True),
        sa.Column("device_id", sa.String(), nullable=True),
        sa.Column("placement", sa.String(), nullable=False),
        sa.Column("certificate", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster_id"],
            ["cluster.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_pairing_state", "pairing", ["state"])

    op.create_table(
        "agent_bundle",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("machine", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("brought_by", sa.String(), nullable=False),
        sa.Column("brought_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "roll_out",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"],
            ["agent_bundle.sha256"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_roll_out_state", "roll_out", ["state"])
    op.create_table(
        "roll_out_box",
        sa.Column("roll_out_id", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("command_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["device.id"],
        ),
        sa.ForeignKeyConstraint(
            ["roll_out_id"],
            ["roll_out.id"],
        ),
        sa.PrimaryKeyConstraint("roll_out_id", "device_id"),
    )

    op.add_column("as_run", sa.Column("source", sa.String(), nullable=False, server_default="plan"))
    op.add_column("as_run", sa.Column("alert_id", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_as_run_alert_id", "as_run", ["alert_id"])

    op.add_column("device", sa.Column("quarantined_ms", sa.BigInteger(), nullable=True))
    op.add_column(
        "device", sa.Column("quarantined_why", sa.String(), nullable=False, server_default="")
    )
    op.add_column("device", sa.Column("hardware", sa.String(), nullable=False, server_default=""))

    op.add_column(
        "playback_event", sa.Column("source", sa.String(), nullable=False, server_default="plan")
    )
    op.add_column(
        "playback_event", sa.Column("alert_id", sa.String(), nullable=False, server_default="")
    )
