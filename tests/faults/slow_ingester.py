"""`python -m tests.faults.slow_ingester DATABASE`: an ingester that never comes to its commit.

Standard input is one JSON object a line: device, key, payload (base64url).
"""

import json
import sys
import threading
from base64 import urlsafe_b64decode
from datetime import UTC, datetime

from sqlalchemy import event

from controller.operations.read_reports import SealedReport, read_reports
from controller.operations.record_playback import record_playback
from controller.storage.database import Database
from edge_agent.contract.trust import public_from_text


def main() -> None:
    database = Database(f"sqlite:///{sys.argv[1]}")
    sealed = [
        SealedReport(
            each["device"], public_from_text(each["key"]), urlsafe_b64decode(each["sealed"])
        )
        for each in map(json.loads, sys.stdin)
    ]

    @event.listens_for(database.engine, "commit")
    def wait_for_the_end(_connection: object) -> None:
        print("before the commit", flush=True)
        threading.Event().wait()

    record_playback(database, read_reports(sealed), datetime.now(UTC))


if __name__ == "__main__":
    main()
