"""The airtime law of a unit."""

from fastapi import APIRouter

from controller.api.airtime_shapes import AirtimeLawBody, AirtimeOut, ForecastOut
from controller.doors import Given, Signed
from controller.operations.airtime_law import drop_law, forecast, set_law, show_law
from controller.operations.find_unit import find_unit

at = APIRouter(tags=["airtime"])


@at.get("/units/{unit_id}/airtime")
def get_airtime(unit_id: str, given: Given, who: Signed) -> AirtimeOut:
    """The law that holds in a unit, who set it, and what the coming 14 days have against it."""
    now = given.clock()
    with given.database.read() as session:
        held = show_law(session, find_unit(session, unit_id), given.rules, now)
        return AirtimeOut.of(held, forecast(session, held.unit_id, held.law, given.rules, now))


@at.post("/units/{unit_id}/airtime/check")
def check_airtime(unit_id: str, form: AirtimeLawBody, given: Given, who: Signed) -> ForecastOut:
    """What the coming 14 days would have against a law; keeps nothing."""
    law = form.law()
    with given.database.read() as session:
        found = find_unit(session, unit_id)
        return ForecastOut.of(forecast(session, found, law, given.rules, given.clock()))


@at.put("/units/{unit_id}/airtime")
def put_airtime(unit_id: str, form: AirtimeLawBody, given: Given, who: Signed) -> AirtimeOut:
    """Set a unit's own law; its zones are planned again, and what it forbids is listed."""
    law, now = form.law(), given.clock()
    with given.database.read() as session:
        found = find_unit(session, unit_id)
        against = forecast(session, found, law, given.rules, now)
    held = set_law(given.database, found, law, who.name, now, given.rules)
    return AirtimeOut.of(held, against)


@at.delete("/units/{unit_id}/airtime")
def delete_airtime(unit_id: str, given: Given, who: Signed) -> AirtimeOut:
    """Take a unit's own law away: that of the unit above holds again."""
    with given.database.read() as session:
        found = find_unit(session, unit_id)
    return AirtimeOut.of(drop_law(given.database, found, who.name, given.clock(), given.rules))
