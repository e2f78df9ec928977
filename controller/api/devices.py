"""Boxes taken in, moved and taken out of service; who did it is kept."""

from datetime import timedelta

from fastapi import APIRouter

from controller.api.device_shapes import (
    ApprovedOut,
    ApproveForm,
    DeviceOut,
    InvitationOut,
    InviteForm,
    MoveForm,
    PairingOut,
    WhyForm,
)
from controller.api.shapes import Id
from controller.doors import Given, Signed
from controller.operations.devices import confirm_hardware, move, retire, revoke, show_devices
from controller.operations.pairing import approve, invite, office_face, refuse, show_pairings

at = APIRouter(prefix="/devices", tags=["devices"])


@at.get("")
def get_devices(given: Given, who: Signed) -> list[DeviceOut]:
    """Every box that was ever taken in, those on duty first."""
    with given.database.read() as session:
        return [DeviceOut.of(shown) for shown in show_devices(session, given.clock())]


@at.post("/invitations", status_code=201)
def post_invitation(form: InviteForm, given: Given, who: Signed) -> InvitationOut:
    """Make a code by which one box may ask to be paired."""
    life = timedelta(minutes=form.minutes)
    face = office_face(given)
    made = invite(given.database, face, form.cluster, life, who.name, given.clock())
    return InvitationOut.of(made)


@at.get("/pairings")
def get_pairings(given: Given, who: Signed) -> list[PairingOut]:
    """Invitations that are not over, and the boxes that ask by them."""
    with given.database.read() as session:
        return [PairingOut.of(shown) for shown in show_pairings(session, given.clock())]


@at.post("/pairings/{pairing}/approve")
def post_approval(pairing: Id, form: ApproveForm, given: Given, who: Signed) -> ApprovedOut:
    """Take the waiting box in; it is told at once."""
    face = office_face(given, form.passphrase)
    device = approve(given.database, face, pairing, who.name, given.clock(), replace=form.replace)
    given.door.let_boxes_in()
    return ApprovedOut(device=device)


@at.post("/pairings/{pairing}/refuse", status_code=204)
def post_refusal(pairing: Id, given: Given, who: Signed) -> None:
    """Turn the waiting box away, or take back a code that no box has used."""
    refuse(given.database, pairing, who.name, given.clock())


@at.post("/{device}/move", status_code=204)
def post_move(device: Id, form: MoveForm, given: Given, who: Signed) -> None:
    """Let a box stand elsewhere from now on; it learns of it by itself."""
    authority = given.authority.unlocked(form.passphrase)
    move(
        given.database,
        authority,
        device,
        form.cluster,
        who.name,
        given.clock(),
        replace=form.replace,
    )
    given.door.let_boxes_in()


@at.post("/{device}/retire", status_code=204)
def post_retirement(device: Id, form: WhyForm, given: Given, who: Signed) -> None:
    """Take a box out of service; what it has reported stays."""
    retire(given.database, device, form.why, who.name, given.clock())
    given.door.let_boxes_in()


@at.post("/{device}/revoke", status_code=204)
def post_revocation(device: Id, form: WhyForm, given: Given, who: Signed) -> None:
    """Believe nothing more of a box, and let it in no more."""
    revoke(given.database, device, form.why, who.name, given.clock())
    given.door.let_boxes_in()


@at.post("/{device}/confirm", status_code=204)
def post_confirmation(device: Id, given: Given, who: Signed) -> None:
    """The machine of a box was changed on purpose."""
    confirm_hardware(given.database, device, who.name, given.clock())
