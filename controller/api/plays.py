"""Playing at once, and stopping what sounds."""

from fastapi import APIRouter

from controller.api.shapes import PlayIn, PlayOut, StopIn
from controller.doors import Given, Signed
from controller.operations.play_now import PlayOrder, play_now, stop_now

at = APIRouter(prefix="/plays", tags=["plays"])


@at.post("", status_code=202)
def post_play(form: PlayIn, given: Given, who: Signed) -> PlayOut:
    """Have an approved bulletin played now by every loudspeaker of a unit."""
    asked = PlayOrder(form.bulletin, form.unit, form.language, form.quiet_ok)
    ordered = play_now(
        given.database, given.authority, asked, who.name, given.clock(), given.rules.time_zone
    )
    return PlayOut(command=ordered.command_id, devices=list(ordered.devices))


@at.post("/stop", status_code=202)
def post_stop(form: StopIn, given: Given, who: Signed) -> PlayOut:
    """Stop what sounds now in a unit, or only the play of one cue or command."""
    command = stop_now(
        given.database, given.authority, form.unit, form.cue, who.name, given.clock()
    )
    return PlayOut(command=command, devices=[])
