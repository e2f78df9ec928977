"""Shapes of carts in the JSON API."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from audio_library.cart import CartWords
from controller.api.shapes import Id, Language, Shape
from controller.operations.carts import ShownCart
from controller.operations.make_cart import Making
from controller.storage.instants import to_utc

Words = Annotated[str, Field(max_length=2_000)]


class CartOut(Shape):
    """A reusable clip: ident, chime, greeting, closing words, a piece of a collection."""

    id: str
    """Id of the clip."""
    name: str
    """What templates say: `greeting`, `chime_opening`, the name of a collection."""
    unit: str | None
    """Id of the unit whose clip it is; null: it comes with the program."""
    unit_name: str
    """Name of that unit; empty: it comes with the program."""
    language: str
    """Tag of its language; `zxx`: it holds no words."""
    title: str
    """What people call it."""
    source: str
    """Whose sound it is and by whose leave."""
    duration_ms: int
    """Its length."""
    bytes: int
    """Size of its file."""
    sha256: str
    """Hash of its file."""
    url: str
    """Where it is heard."""
    added_by: str
    """Who brought it or asked for it."""
    added_at: AwareDatetime
    """When it came to stand here."""

    @staticmethod
    def of(shown: ShownCart) -> "CartOut":
        """From the table."""
        cart = shown.cart
        return CartOut(
            id=cart.id,
            name=cart.name,
            unit=cart.unit_id,
            unit_name=shown.unit,
            language=cart.language,
            title=cart.title,
            source=cart.source,
            duration_ms=shown.duration_ms,
            bytes=shown.bytes,
            sha256=cart.asset_sha256,
            url=f"/audio/{cart.asset_sha256}.opus",
            added_by=cart.added_by,
            added_at=to_utc(cart.added_ms),
        )


class MakingOut(Shape):
    """A cart that is being made, or could not be made."""

    name: str
    """What it will be called in templates."""
    unit: str | None
    """Id of the unit that it is for; null: for everybody."""
    language: str
    """Tag of its language; `zxx`: it holds no words."""
    state: str
    """waiting, working, failed or stopped."""
    vi: str | None
    """Why it failed, in Vietnamese."""
    en: str | None
    """The same in English."""

    @staticmethod
    def of(making: Making) -> "MakingOut":
        """From the work item."""
        return MakingOut(
            name=making.name,
            unit=making.unit_id,
            language=making.language,
            state=making.state,
            vi=making.vi,
            en=making.en,
        )


class CartsOut(Shape):
    """What stands on the shelf, and what is still to come to it."""

    carts: list[CartOut]
    """Clips that nobody removed, by name."""
    making: list[MakingOut]
    """What is being made, or could not be."""


class GreetingIn(Shape):
    """In which language a unit greets, and its own words for it."""

    unit: Id
    """The unit that greets: id, official code or name."""
    language: Language = "vi"
    """Tag of the language."""
    greeting: Words | None = None
    """Own words with `{commune}` in them; only Vietnamese has others."""
    closing: Words | None = None
    """Own words for the end, as for `greeting`."""


class GreetingOut(Shape):
    """Words that are being made into a cart."""

    name: str
    """`greeting` or `closing`."""
    language: str
    """Tag of the language."""
    spoken: str
    """As it will be heard."""

    @staticmethod
    def of(words: CartWords) -> "GreetingOut":
        """From the domain."""
        return GreetingOut(name=words.kind.value, language=words.language, spoken=words.spoken)
