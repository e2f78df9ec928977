"""Schedules: recurrence, templates, resolved days, readiness."""

import json
from datetime import date, datetime, time

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=True),
        sa.Column("cluster_id", sa.String(), nullable=True),
        sa.Column("vi", sa.String(), nullable=False),
        sa.Column("en", sa.String(), nullable=False),
        sa.Column("raised_ms", sa.BigInteger(), nullable=False),
        sa.Column("cleared_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_alarm_open", "alarm", ["cleared_ms", "kind", "key"], unique=False)

    op.create_table(
        "relay_source",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("why_unproved", sa.String(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("added_ms", sa.BigInteger(), nullable=False),
        sa.Column("removed_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "box_page",
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("local_date", sa.String(), nullable=False),
        sa.Column("source_sha256", sa.String(), nullable=False),
        sa.Column("page_sha256", sa.String(), nullable=True),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["device.id"],
        ),
        sa.PrimaryKeyConstraint("device_id", "local_date"),
    )
    op.create_table(
        "calendar_feed",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["unit.id"],
        ),
        sa.PrimaryKeyConstraint("token_sha256"),
    )
    op.create_table(
        "cart",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("asset_sha256", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("added_ms", sa.BigInteger(), nullable=False),
        sa.Column("removed_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["asset_sha256"],
            ["asset.sha256"],
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["unit.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_cart_name", "cart", ["name"], unique=False)
    op.create_index("ix_cart_unit_id", "cart", ["unit_id"], unique=False)

    op.create_table(
        "day_calendar",
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["unit.id"],
        ),
        sa.PrimaryKeyConstraint("unit_id"),
    )
    op.create_table(
        "priority_question",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("bulletins", sa.JSON(), nullable=False),
        sa.Column("session_ms", sa.BigInteger(), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("decide_by_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided", sa.JSON(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["unit.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_priority_question_decide_by_ms", "priority_question", ["decide_by_ms"], unique=False
    )
    op.create_index("ix_priority_question_unit_id", "priority_question", ["unit_id"], unique=False)

    op.create_table(
        "programme_change",
        sa.Column("programme_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
        ),
        sa.PrimaryKeyConstraint("programme_id", "sequence"),
    )
    op.create_table(
        "readiness_proof",
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("desired", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.JSON(), nullable=False),
        sa.Column("lacking", sa.JSON(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["device.id"],
        ),
        sa.PrimaryKeyConstraint("device_id"),
    )
    op.create_table(
        "zone_day",
        sa.Column("zone_id", sa.String(), nullable=False),
        sa.Column("local_date", sa.String(), nullable=False),
        sa.Column("said_sha256", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("planned_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["zone_id"],
            ["zone.id"],
        ),
        sa.PrimaryKeyConstraint("zone_id", "local_date"),
    )
    for column in ("latitude", "longitude"):
        op.add_column("cluster", sa.Column(column, sa.Float(), nullable=True))
    op.add_column(
        "cluster", sa.Column("places", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
    )
    for name, kind, given in (("set_by", sa.String(), "''"), ("set_ms", sa.BigInteger(), "0")):
        op.add_column(
            "airtime_rule",
            sa.Column(name, kind, nullable=False, server_default=sa.text(given)),
        )
    op.create_index("ix_programme_zone_zone_id", "programme_zone", ["zone_id"])
    op.create_index("ix_zone_cluster_cluster_id", "zone_cluster", ["cluster_id"])
    op.create_index("ix_bulletin_owner", "bulletin", ["unit_id", "state", "valid_until_ms"])
    op.create_index("ix_planned_play_of_box", "planned_play", ["device_id", "start_ms"])
    op.create_index(
        "ix_planned_play_of_bulletin", "planned_play", ["device_id", "bulletin_id", "start_ms"]
    )
    op.create_index("ix_outbox_topic", "outbox", ["topic", "sent_ms"])
    op.create_index("ix_work_item_due", "work_item", ["kind", "state", "due_ms"])
    # Planning is asked for by zone now.
    op.execute("DELETE FROM work_item WHERE kind = 'plan'")
    _programmes_recur()


def _programmes_recur() -> None:
    """Once and daily become a timing and a template; SQLite keeps its foreign keys this way."""
    for name, kind, default in (
        ("uid", sa.String(), ""),
        ("sequence", sa.Integer(), "0"),
        ("timing", sa.JSON(), "{}"),
        ("template", sa.JSON(), "{}"),
        ("enter", sa.String(), ""),
        ("leave", sa.String(), ""),
        ("fallback", sa.String(), ""),
        ("changed_by", sa.String(), ""),
        ("changed_ms", sa.BigInteger(), "0"),
    ):
        given = sa.text(f"'{default}'")
        column: sa.Column[object] = sa.Column(name, kind, nullable=False, server_default=given)
        op.add_column("programme", column)
    op.add_column("programme", sa.Column("duration_ms", sa.Integer(), nullable=True))
    connection = op.get_bind()
    for row in connection.execute(sa.text("SELECT * FROM programme")).mappings().all():
        named = connection.execute(_CHOSEN, {"id": row["id"]}).scalars().all()
        zones = connection.execute(_ZONES, {"id": row["id"]}).scalars().all()
        new = {
            "uid": f"{row['id']}@loalang",
            "timing": json.dumps(_timing(row)),
            "template": json.dumps(
                {"items": [{"kind": "chosen", "bulletin_ids": list(named), "gives_way": 0}]}
            ),
            "by": row["created_by"],
            "at": row["created_ms"],
            "id": row["id"],
        }
        connection.execute(_RECUR, new)
        body = {
            "title": row["title"],
            "rank": row["rank"],
            "timing": json.loads(new["timing"]),
            "template": json.loads(new["template"]),
            "duration_ms": None,
            "enter": "",
            "leave": "",
            "fallback": "",
            "quiet_ok": row["quiet_ok"],
            "zones": list(zones),
        }
        connection.execute(_FIRST_VERSION, new | {"body": json.dumps(body)})
    op.create_index("ix_programme_uid", "programme", ["uid"], unique=True)
    for gone in ("kind", "time_zone", "start_date", "wall_time", "until"):
        op.drop_column("programme", gone)


_CHOSEN = sa.text(
    "SELECT bulletin_id FROM programme_bulletin WHERE programme_id = :id ORDER BY position"
)
_ZONES = sa.text("SELECT zone_id FROM programme_zone WHERE programme_id = :id ORDER BY zone_id")
_RECUR = sa.text(
    "UPDATE programme SET uid = :uid, timing = :timing, template = :template,"
    " changed_by = :by, changed_ms = :at WHERE id = :id"
)
_FIRST_VERSION = sa.text(
    "INSERT INTO programme_change (programme_id, sequence, what, body, by, at_ms)"
    " VALUES (:id, 0, 'created', :body, :by, :at)"
)


def _timing(row: sa.RowMapping) -> dict[str, object]:
    start = datetime.combine(
        date.fromisoformat(row["start_date"]), time.fromisoformat(row["wall_time"])
    )
    daily = row["kind"] == "daily"
    return {
        "start": start.isoformat(),
        "time_zone": row["time_zone"],
        "rules": ["FREQ=DAILY"] if daily else [],
        "valid_until": row["until"] if daily else None,
    }
