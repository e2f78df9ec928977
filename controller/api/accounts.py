"""Accounts: a name and a password of their own for everybody who works here."""

from fastapi import APIRouter

from controller.api.shapes import Shape, Short
from controller.doors import Given, Signed
from controller.operations.add_account import add_account

at = APIRouter(tags=["accounts"])


class AccountIn(Shape):
    """A person who is to sign in."""

    name: Short
    """The name that they sign in with, and under which their work is kept."""


class AccountMade(Shape):
    """A new account."""

    name: str
    """The name that they sign in with."""
    password: str
    """Shown this once; only its hash is kept."""


@at.post("/accounts", status_code=201)
def post_account(form: AccountIn, given: Given, who: Signed) -> AccountMade:
    """Add a person; only the first account may."""
    name, password = add_account(given.database, form.name, who.name, given.clock())
    return AccountMade(name=name, password=password)
