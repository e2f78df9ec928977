"""Alarms: what a person must look at before it is heard."""

from fastapi import APIRouter

from controller.api.alarm_shapes import AlarmOut
from controller.doors import Given, Signed
from controller.operations.alarms import show_alarms
from controller.storage.instants import to_ms

at = APIRouter(tags=["alarms"])


@at.get("/alarms")
def get_alarms(given: Given, who: Signed, recent: bool = False) -> list[AlarmOut]:
    """What is wrong now, the newest first; with `recent` also what ended within a day."""
    with given.database.read() as session:
        found = show_alarms(session, to_ms(given.clock()), recent=recent)
        return [AlarmOut.of(alarm) for alarm in found]
