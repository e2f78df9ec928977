"""What people say of an alert afterwards: was it right, was it heard, what is to be mended."""

from datetime import datetime

from controller.errors import ControllerError
from controller.fleet.alert_life import State
from controller.operations.raise_alert import load_alert, tell_alert
from controller.storage.database import Database
from controller.storage.instants import to_ms


def review_alert(database: Database, alert_id: str, text: str, by: str, now: datetime) -> None:
    """Keep the review; written once, after the alert is over.

    Raises `NotFound`, and ControllerError (alert_stands, alert_reviewed, alert_reason).
    """
    if not text.strip():
        raise ControllerError(
            "alert_reason",
            "Hãy ghi nhận xét: báo động có đúng không, có nghe rõ không, cần sửa gì.",
            "Write the review: was the alert right, was it heard, what is to be mended.",
        )
    with database.write() as session:
        alert = load_alert(session, alert_id)
        if not State(alert.state).over:
            raise ControllerError(
                "alert_stands",
                "Báo động còn hiệu lực. Hãy kết thúc trước, rồi ghi nhận xét.",
                "The alert still stands. End it first, then review it.",
            )
        if alert.reviewed_ms is not None:
            raise ControllerError(
                "alert_reviewed",
                f"{alert.reviewed_by} đã ghi nhận xét cho báo động này; nhận xét không sửa được.",
                f"{alert.reviewed_by} has reviewed this alert; a review is not changed.",
            )
        alert.review, alert.reviewed_by, alert.reviewed_ms = text.strip(), by, to_ms(now)
        session.add(alert)
        tell_alert(session, alert, to_ms(now), by=by, reviewed=True)
