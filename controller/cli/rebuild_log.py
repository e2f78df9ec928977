"""`loalang rebuild-log`: the as-run log anew from the events, with the controller stopped."""

from controller.operations.record_playback import rebuild_as_run
from controller.settings import Settings
from controller.storage.database import open_database
from controller.wiring import utc_now


def rebuild_log(settings: Settings) -> None:
    """Rebuild and say how many plays there are; raises `DatabaseInUse`."""
    database = open_database(settings.sqlalchemy_url(), settings.sqlite_path())
    try:
        plays = rebuild_as_run(database, utc_now())
    finally:
        database.close()
    print(f"{plays} lần phát / plays")
