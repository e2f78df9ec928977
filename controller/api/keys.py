"""The ring of keys: who may order the loudspeakers, and until when."""

from typing import Annotated

from fastapi import APIRouter, Path

from controller.api.key_shapes import GrantIn, KeysOut, RevokeIn, RotateIn
from controller.doors import Given, Signed
from controller.operations.keys import grant_key, revoke_key, rotate_keys, show_keys
from controller.operations.services import Services

at = APIRouter(tags=["keys"])

Kid = Annotated[str, Path(max_length=120)]


@at.get("/keys")
def get_keys(given: Given, who: Signed) -> KeysOut:
    """Every key with its state, and how many boxes know of the newest."""
    return _shown(given)


@at.post("/keys/rotate")
def post_rotate(form: RotateIn, given: Given, who: Signed) -> KeysOut:
    """Make the next keys; your name is kept with them."""
    authority = given.authority.unlocked(form.passphrase)
    now = given.clock()
    rotate_keys(given.database, authority, form.purposes, who.name, now, at_once=form.now)
    return _shown(given)


@at.post("/keys/grants")
def post_grant(form: GrantIn, given: Given, who: Signed) -> KeysOut:
    """Let a key of another office sign some kinds of message below some units."""
    authority = given.authority.unlocked(form.passphrase)
    grant_key(given.database, authority, form.asked, who.name, given.clock())
    return _shown(given)


@at.post("/keys/{kid}/revoke")
def post_revoke(kid: Kid, form: RevokeIn, given: Given, who: Signed) -> KeysOut:
    """Revoke a key; one of this office's own has a successor at once."""
    authority = given.authority.unlocked(form.passphrase)
    revoke_key(given.database, authority, kid, form.why, who.name, given.clock())
    return _shown(given)


def _shown(given: Services) -> KeysOut:
    with given.database.read() as session:
        return KeysOut.of(show_keys(session, given.authority, given.clock()))
