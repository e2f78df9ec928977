"""Boxes in care: how they are, what is set for them, orders from whoever mends them."""

from fastapi import APIRouter

from controller.api.box_shapes import (
    BoxOrderOut,
    BoxOut,
    DiagnoseIn,
    DiagnosisOut,
    PolicyIn,
    PolicyOut,
    ToneIn,
)
from controller.api.shapes import Id
from controller.doors import Given, Signed
from controller.operations.diagnose import (
    BoxOrder,
    diagnose,
    reboot,
    show_diagnosis,
    show_order,
    stop,
    tell_box,
    tone,
)
from controller.operations.services import Services
from controller.operations.set_box_policy import set_policy, show_policy
from controller.operations.show_boxes import show_box, show_boxes
from controller.operations.sign_in import Person

at = APIRouter(tags=["boxes"])


@at.get("/boxes")
def get_boxes(given: Given, who: Signed) -> list[BoxOut]:
    """Every box that stands somewhere, by village."""
    with given.database.read() as session:
        return [BoxOut.of(shown) for shown in show_boxes(session, given.clock())]


@at.get("/boxes/{device}")
def get_box(device: Id, given: Given, who: Signed) -> BoxOut:
    """One box as it is now."""
    with given.database.read() as session:
        return BoxOut.of(show_box(session, device, given.clock()))


@at.get("/boxes/{device}/policy")
def get_policy(device: Id, given: Given, who: Signed) -> PolicyOut:
    """What is set for a box; defaults where nobody set anything."""
    with given.database.read() as session:
        return PolicyOut.of(show_policy(session, device))


@at.put("/boxes/{device}/policy")
def put_policy(device: Id, form: PolicyIn, given: Given, who: Signed) -> PolicyOut:
    """Change what the form names; the box is told at once."""
    change = form.change(who.name)
    return PolicyOut.of(
        set_policy(
            given.database, given.authority, given.rules, device, change, who.name, given.clock()
        )
    )


@at.post("/boxes/{device}/tone", status_code=202)
def post_tone(device: Id, form: ToneIn, given: Given, who: Signed) -> BoxOrderOut:
    """Sound a test tone at one box; never in quiet hours."""
    return _told(given, device, tone(form.seconds, form.gain_db), who)


@at.post("/boxes/{device}/stop", status_code=202)
def post_stop(device: Id, given: Given, who: Signed) -> BoxOrderOut:
    """Stop what sounds at one box now."""
    return _told(given, device, stop(), who)


@at.post("/boxes/{device}/reboot", status_code=202)
def post_reboot(device: Id, given: Given, who: Signed) -> BoxOrderOut:
    """Have the machine of a box started anew, once nothing sounds."""
    return _told(given, device, reboot(), who)


@at.post("/boxes/{device}/diagnose", status_code=202)
def post_diagnose(device: Id, form: DiagnoseIn, given: Given, who: Signed) -> BoxOrderOut:
    """Have a box look at all its parts; what it finds is at `diagnosis`."""
    return _told(given, device, diagnose(form.lines), who)


@at.get("/boxes/{device}/diagnosis")
def get_diagnosis(device: Id, given: Given, who: Signed) -> DiagnosisOut:
    """What the box found when it looked at itself last."""
    with given.database.read() as session:
        return DiagnosisOut.of(show_diagnosis(session, device))


@at.get("/boxes/{device}/commands/{command}")
def get_command(device: Id, command: Id, given: Given, who: Signed) -> BoxOrderOut:
    """What became of an order to one box."""
    with given.database.read() as session:
        return BoxOrderOut.of(show_order(session, device, command))


def _told(given: Services, device: str, body: BoxOrder, who: Person) -> BoxOrderOut:
    now = given.clock()
    return BoxOrderOut.of(tell_box(given.database, given.authority, device, body, who.name, now))
