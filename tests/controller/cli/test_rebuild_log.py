import pytest
from sqlmodel import select

from controller.cli.rebuild_log import rebuild_log
from controller.errors import DatabaseInUse
from controller.operations.record_playback import Received, record_playback
from controller.settings import Settings
from controller.storage import tables
from controller.storage.database import open_database
from tests.controller.office import NOW, Office
from tests.controller.operations.test_record_playback import full_play


def test_a_lost_log_is_made_anew_from_what_boxes_reported(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    record_playback(office.database, [Received("d1", "s1", full_play(1, "p1"))], NOW)
    with office.database.write() as session:
        session.delete(session.exec(select(tables.AsRun)).one())
    office.database.close()
    settings = Settings(data_dir=office.folder)

    rebuild_log(settings)

    assert capsys.readouterr().out.startswith("1 ")
    database = open_database(settings.sqlalchemy_url(), settings.sqlite_path())
    with database.read() as session:
        assert session.exec(select(tables.AsRun)).one().outcome == "played"
    database.close()


def test_it_keeps_its_hands_off_a_running_controller(office: Office) -> None:
    with pytest.raises(DatabaseInUse):
        rebuild_log(Settings(data_dir=office.folder))
