"""Audio library"""

import sqlalchemy as sa
from alembic import op

from audio_library.writing.search_key import haystack

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "keeping_rule",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind"),
    )
    op.create_table(
        "listening_answer",
        sa.Column("voice", sa.String(), nullable=False),
        sa.Column("listener", sa.String(), nullable=False),
        sa.Column("sentence", sa.Integer(), nullable=False),
        sa.Column("heard", sa.String(), nullable=False),
        sa.Column("native", sa.Boolean(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("voice", "listener", "sentence"),
    )
    op.create_table(
        "phrase",
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("phrase", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("language", "phrase"),
    )
    op.create_table(
        "phrase_order",
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("language", "sentence"),
    )
    op.create_table(
        "phrase_page",
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("page_sha256", sa.String(), nullable=True),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("language"),
    )
    op.create_table(
        "purge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "subject", "at_ms"),
    )
    with op.batch_alter_table("purge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_purge_at_ms"), ["at_ms"], unique=False)

    op.create_table(
        "reader",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("consent", sa.String(), nullable=False),
        sa.Column("consent_by", sa.String(), nullable=False),
        sa.Column("consent_ms", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        sa.Column("withdrawn_why", sa.String(), nullable=True),
        sa.Column("withdrawn_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "voice_preference",
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("voices", sa.JSON(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("language"),
    )
    op.create_table(
        "lexicon_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("written", sa.String(), nullable=False),
        sa.Column("spoken", sa.String(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("added_ms", sa.BigInteger(), nullable=False),
        sa.Column("removed_by", sa.String(), nullable=True),
        sa.Column("removed_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["unit.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("lexicon_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lexicon_entry_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "speech_custom",
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("dialect", sa.String(), nullable=True),
        sa.Column("reader_vouches", sa.Boolean(), nullable=True),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["unit.id"],
        ),
        sa.PrimaryKeyConstraint("unit_id"),
    )
    op.create_table(
        "take",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("spoken_sha256", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("bulletin_id", sa.String(), nullable=True),
        sa.Column("phrase", sa.String(), nullable=True),
        sa.Column("reader_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("original_name", sa.String(), nullable=False),
        sa.Column("sound_sha256", sa.String(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("measured", sa.JSON(), nullable=False),
        sa.Column("brought_by", sa.String(), nullable=False),
        sa.Column("brought_ms", sa.BigInteger(), nullable=False),
        sa.Column("heard_by", sa.String(), nullable=True),
        sa.Column("heard_ms", sa.BigInteger(), nullable=True),
        sa.Column("released_by", sa.String(), nullable=True),
        sa.Column("released_ms", sa.BigInteger(), nullable=True),
        sa.Column("vouched", sa.Boolean(), nullable=False),
        sa.Column("taken_back_by", sa.String(), nullable=True),
        sa.Column("taken_back_why", sa.String(), nullable=True),
        sa.Column("taken_back_ms", sa.BigInteger(), nullable=True),
        sa.Column("refused_by", sa.String(), nullable=True),
        sa.Column("refused_why", sa.String(), nullable=True),
        sa.Column("refused_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["reader_id"],
            ["reader.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("take", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_take_bulletin_id"), ["bulletin_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_take_reader_id"), ["reader_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_take_spoken_sha256"), ["spoken_sha256"], unique=False)
        batch_op.create_index(batch_op.f("ix_take_state"), ["state"], unique=False)

    # A batch would copy and drop the table, which SQLite refuses where scripts refer to it.
    op.execute("alter table bulletin add column unit_id varchar references unit (id)")
    words = op.create_table(
        "bulletin_words",
        sa.Column("bulletin_id", sa.String(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bulletin_id"],
            ["bulletin.id"],
        ),
        sa.PrimaryKeyConstraint("bulletin_id"),
    )
    texts: dict[str, list[str]] = {}
    connection = op.get_bind()
    for bulletin_id, title in connection.execute(sa.text("select id, title from bulletin")):
        texts[bulletin_id] = [title]
    for bulletin_id, text in connection.execute(sa.text("select bulletin_id, text from script")):
        texts[bulletin_id].append(text)
    folded = [{"bulletin_id": i, "folded": haystack("\n".join(t))} for i, t in texts.items()]
    op.bulk_insert(words, folded)


def downgrade() -> None:
    op.drop_table("bulletin_words")
    with op.batch_alter_table("bulletin", schema=None) as batch_op:
        batch_op.drop_column("unit_id")

    with op.batch_alter_table("take", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_take_state"))
        batch_op.drop_index(batch_op.f("ix_take_spoken_sha256"))
        batch_op.drop_index(batch_op.f("ix_take_reader_id"))
        batch_op.drop_index(batch_op.f("ix_take_bulletin_id"))

    op.drop_table("take")
    op.drop_table("speech_custom")
    with op.batch_alter_table("lexicon_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lexicon_entry_unit_id"))

    op.drop_table("lexicon_entry")
    op.drop_table("voice_preference")
    op.drop_table("reader")
    with op.batch_alter_table("purge", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_purge_at_ms"))

    op.drop_table("purge")
    op.drop_table("phrase_page")
    op.drop_table("phrase_order")
    op.drop_table("phrase")
    op.drop_table("listening_answer")
    op.drop_table("keeping_rule")
