"""A bulletin is after storing what it was before."""

from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from controller.operations.review_bulletin import edit_bulletin
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.storage import bulletins
from controller.storage.database import MIGRATIONS, open_database
from tests.controller.office import NOW, TEXT, Office


def test_all_editors_are_remembered_and_nothing_else_changes(office: Office) -> None:
    draft = submit_bulletin(office.database, Written({"vi": TEXT}), "An", NOW)
    for editor in ("Chi", "Dung", "Chi"):
        edit_bulletin(office.database, draft.id, {"vi": TEXT}, editor, NOW)

    with office.database.read() as session:
        kept = bulletins.load(session, draft.id)

    assert kept.editors == ("Dung", "Chi")
    assert replace(kept, editors=()) == draft


def test_bulletins_of_an_older_database_are_found_by_their_words(tmp_path: Path) -> None:
    path = tmp_path / "loalang.sqlite3"
    engine = sa.create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            sa.text(
                "insert into bulletin (id, title, kind, topic, state, author, created_ms,"
                " valid_until_ms, editors) values ('a', 'Tiêm chủng', 'thuong', 'y_te', 'draft',"
                " 'An', 1, 2, '[]')"
            )
        )
        connection.execute(
            sa.text("insert into script (bulletin_id, language, text) values ('a', 'vi', 'Đăk Hà')")
        )
    engine.dispose()

    database = open_database(f"sqlite:///{path}", path)

    with database.read() as session:
        (found,) = bulletins.newest(session, holding=[" tiem", " dak"])
        assert (found.id, found.unit) == ("a", None)
        assert bulletins.newest(session, holding=[" lao"]) == []
    database.close()
