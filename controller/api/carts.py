"""Carts: what stands on the shelf, bring a clip, greet in a unit's own name, remove."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request

from audio_library.cart import WORDLESS, Spoken
from controller.api.cart_shapes import CartOut, CartsOut, GreetingIn, GreetingOut, MakingOut
from controller.api.shapes import Id
from controller.api.upload import SOUND_BODY, uploaded
from controller.doors import Given, Signed
from controller.operations.add_cart import add_cart, check_cart
from controller.operations.carts import NewCart, load_cart, remove_cart, show_carts
from controller.operations.find_unit import find_unit
from controller.operations.make_cart import greet, making_carts
from controller.operations.services import Services
from controller.storage.lexicons import units_above

at = APIRouter(tags=["carts"])

Short = Annotated[str, Query(max_length=300)]
Long = Annotated[str, Query(max_length=1_000)]


@at.get("/carts")
def get_carts(
    given: Given, who: Signed, unit: Annotated[str | None, Query(max_length=120)] = None
) -> CartsOut:
    """Every clip that nobody removed; with a unit those that it may hear, its own and above.

    A unit is named by its id, its official code or its name.
    """
    with given.database.read() as session:
        units = None if unit is None else units_above(session, find_unit(session, unit))
        return CartsOut(
            carts=[CartOut.of(shown) for shown in show_carts(session, units)],
            making=[MakingOut.of(making) for making in making_carts(session, units)],
        )


@at.post("/carts", status_code=201, openapi_extra=SOUND_BODY)
async def post_cart(
    request: Request,
    given: Given,
    who: Signed,
    name: Id,
    unit: Id,
    source: Long,
    language: Annotated[str, Query(max_length=20)] = WORDLESS,
    title: Short = "",
    file: Short = "",
) -> CartOut:
    """Bring a clip of a unit; the body is the sound file, 15 minutes at most.

    It is made as loud as everything else. `source` says whose sound it is and who agreed that it
    airs. Of a greeting, closing, ident or chime it takes the
    place of the unit's older one in that language; under any other name it joins a collection.
    The same file brought again changes nothing.
    """
    new = NewCart(name, unit, language, title, source)
    asked = await asyncio.to_thread(_checked, given, new, file)
    room = given.recordings
    async with uploaded(request, room.scratch) as path, room.turns:
        cart_id = await asyncio.to_thread(
            partial(
                add_cart,
                given.database,
                given.store,
                given.clips,
                asked,
                path,
                who.name,
                given.clock(),
            )
        )
    return await asyncio.to_thread(_one, given, cart_id)


@at.post("/carts/greetings", status_code=202)
def post_greetings(form: GreetingIn, given: Given, who: Signed) -> list[GreetingOut]:
    """Make a unit's greeting and closing words in a voice; they take the place of older ones."""
    texts = {Spoken.GREETING: form.greeting, Spoken.CLOSING: form.closing}
    own = {kind: text for kind, text in texts.items() if text}
    with given.database.read() as session:
        unit = find_unit(session, form.unit)
    words = greet(given.database, unit, form.language, who.name, given.clock(), own)
    return [GreetingOut.of(each) for each in words]


@at.delete("/carts/{cart_id}", status_code=204)
def delete_cart(cart_id: Id, given: Given, who: Signed) -> None:
    """Take a clip out of every coming session; what was heard of it stays on record."""
    remove_cart(given.database, cart_id, who.name, given.clock())


def _checked(given: Services, new: NewCart, file: str) -> NewCart:
    with given.database.read() as session:
        unit = find_unit(session, new.unit_id or "")
    return check_cart(given.database, replace(new, unit_id=unit), file)


def _one(given: Services, cart_id: str) -> CartOut:
    with given.database.read() as session:
        return CartOut.of(load_cart(session, cart_id))
