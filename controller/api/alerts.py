"""Alerts: raise, update, end, watch and review them; and the clips that boxes hold of hazards."""

from typing import Annotated

from fastapi import APIRouter, Query

from controller.api.alert_shapes import (
    AlertChangeIn,
    AlertEndIn,
    AlertIn,
    AlertOut,
    AlertPreviewOut,
    AlertRaisedOut,
    AlertVersionOut,
    AlertWhole,
    BoardOut,
    ClipIn,
    ClipOut,
    HazardOut,
    ReviewIn,
)
from controller.api.shapes import Id, Language
from controller.doors import Given, Signed
from controller.fleet.hazards import hazards
from controller.operations.alert_board import alert_board, show_alerts, versions_of
from controller.operations.end_alert import end_alert
from controller.operations.hazard_clips import clear_clip, set_clip, show_clips
from controller.operations.prepare_alert import prepare_alert, preview
from controller.operations.raise_alert import Raised, load_alert, raise_alert
from controller.operations.review_alert import review_alert
from controller.operations.services import Services
from controller.operations.update_alert import preview_change, update_alert

at = APIRouter(tags=["alerts"])


@at.get("/hazards")
def get_hazards(who: Signed) -> list[HazardOut]:
    """Every hazard, the gravest first, with what is said of it by default."""
    return [HazardOut.of(each) for each in hazards().values()]


@at.get("/alerts")
def get_alerts(given: Given, who: Signed, standing: bool = False) -> list[AlertOut]:
    """All alerts that stand, and the last 200 that are over; the newest first."""
    with given.database.read() as session:
        return [AlertOut.of(row) for row in show_alerts(session, standing_only=standing)]


@at.post("/alerts/preview")
def post_alert_preview(form: AlertIn, given: Given, who: Signed) -> AlertPreviewOut:
    """What would be said, in each language, and where; nothing is sent."""
    with given.database.read() as session:
        ready = prepare_alert(session, form.order(), given.rules, given.clock())
        return AlertPreviewOut.of(preview(session, ready, given.rules, given.clock()))


@at.post("/alerts", status_code=201)
def post_alert(form: AlertIn, given: Given, who: Signed) -> AlertRaisedOut:
    """Raise an alert, or try one out; one person suffices."""
    raised = raise_alert(
        given.database, given.authority, form.order(), who.name, given.rules, given.clock()
    )
    return _raised(raised)


@at.get("/alerts/clips")
def get_clips(
    given: Given,
    who: Signed,
    language: Annotated[list[Language] | None, Query(max_length=18)] = None,
) -> list[ClipOut]:
    """What boxes hold of each hazard in these languages, by hazard; left out: Vietnamese."""
    with given.database.read() as session:
        return [ClipOut.of(clip) for clip in show_clips(session, tuple(language or ("vi",)))]


@at.put("/alerts/clips/{hazard}/{language}", status_code=204)
def put_clip(hazard: Id, language: Language, form: ClipIn, given: Given, who: Signed) -> None:
    """Have the sound of a cart heard for a hazard in one language, in place of phrases."""
    set_clip(given.database, hazard, language, form.cart, who.name, given.clock())


@at.delete("/alerts/clips/{hazard}/{language}", status_code=204)
def delete_clip(hazard: Id, language: Language, given: Given, who: Signed) -> None:
    """Back to phrases."""
    clear_clip(given.database, hazard, language, who.name, given.clock())


@at.get("/alerts/{alert_id}")
def get_alert(alert_id: Id, given: Given, who: Signed) -> AlertWhole:
    """One alert, with everything that was ordered of it."""
    return _whole(given, alert_id)


@at.get("/alerts/{alert_id}/board")
def get_board(alert_id: Id, given: Given, who: Signed) -> BoardOut:
    """Who has received it, who plays, who is silent and why; `alert` events tell when to ask."""
    with given.database.read() as session:
        return BoardOut.of(alert_board(session, alert_id, given.clock()))


@at.post("/alerts/{alert_id}/preview")
def post_update_preview(
    alert_id: Id, form: AlertChangeIn, given: Given, who: Signed
) -> AlertPreviewOut:
    """What an update would say, and where; nothing is sent."""
    with given.database.read() as session:
        ready = preview_change(session, alert_id, form.change(), given.rules, given.clock())
        return AlertPreviewOut.of(preview(session, ready, given.rules, given.clock()))


@at.post("/alerts/{alert_id}/update")
def post_update(alert_id: Id, form: AlertChangeIn, given: Given, who: Signed) -> AlertRaisedOut:
    """Say it anew: a new version, at which boxes stop the former one."""
    raised = update_alert(
        given.database,
        given.authority,
        alert_id,
        form.change(),
        who.name,
        given.rules,
        given.clock(),
    )
    return _raised(raised)


@at.post("/alerts/{alert_id}/end")
def post_end(alert_id: Id, form: AlertEndIn, given: Given, who: Signed) -> AlertWhole:
    """End it everywhere at once."""
    end_alert(
        given.database,
        given.authority,
        alert_id,
        form.reason,
        who.name,
        given.rules,
        given.clock(),
        all_clear=form.all_clear,
    )
    return _whole(given, alert_id)


@at.post("/alerts/{alert_id}/review")
def post_review(alert_id: Id, form: ReviewIn, given: Given, who: Signed) -> AlertWhole:
    """Keep what people say of it afterwards; due within 24 hours."""
    review_alert(given.database, alert_id, form.text, who.name, given.clock())
    return _whole(given, alert_id)


def _raised(raised: Raised) -> AlertRaisedOut:
    return AlertRaisedOut(id=raised.alert_id, version=raised.version, boxes=raised.boxes)


def _whole(given: Services, alert_id: str) -> AlertWhole:
    with given.database.read() as session:
        alert = load_alert(session, alert_id)
        versions = [AlertVersionOut.of(row) for row in versions_of(session, alert_id)]
        return AlertWhole(alert=AlertOut.of(alert), versions=versions)
