"""Signing in and out by plain forms, without any script."""

import re
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from controller.console.screen import Screen
from controller.doors import (
    COOKIE,
    Doorkeeper,
    Given,
    MaybeSigned,
    came_safely,
    hand_over,
    refuse_foreign_origin,
    token_of,
)
from controller.errors import ControllerError
from controller.operations.sign_in import sign_in, sign_out

SIGN_IN = "/dang-nhap"
LONGEST_NAME = 300
_BULLETIN_ID = re.compile(r"[a-z0-9]{1,40}")


def with_bulletin(address: str, tin: str) -> str:
    """An address of ours that leads to a bulletin; anything that is no id is left out."""
    return f"{address}?tin={tin}" if _BULLETIN_ID.fullmatch(tin) else address


def router(show: Screen, doorkeeper: Doorkeeper) -> APIRouter:
    """Addresses of the door; `tin` is the bulletin that a person wanted to see."""
    at = APIRouter(include_in_schema=False)

    @at.get(SIGN_IN)
    def get_sign_in(request: Request, who: MaybeSigned, tin: str = "") -> Response:
        """The form; whoever is signed in goes on to the page."""
        if who is not None:
            return RedirectResponse(with_bulletin("/", tin), 303)
        return show(request, "sign_in.html", name="", tin=tin, refusal=None)

    @at.post(SIGN_IN)
    def post_sign_in(
        request: Request,
        given: Given,
        name: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        tin: Annotated[str, Form()] = "",
    ) -> Response:
        """Sign in, or show why not with the name still there."""
        name = name[:LONGEST_NAME]
        try:
            refuse_foreign_origin(request)
            with doorkeeper.watching(name, request.client.host if request.client else ""):
                token = sign_in(given.database, name, password, given.clock())
        except ControllerError as refusal:
            return show(request, "sign_in.html", 401, name=name, tin=tin, refusal=refusal)
        answer = RedirectResponse(with_bulletin("/", tin), 303)
        hand_over(token, answer, secure=came_safely(request, given))
        return answer

    @at.post("/dang-xuat")
    def post_sign_out(request: Request, given: Given) -> Response:
        """Sign out; the session is worthless from now on."""
        refuse_foreign_origin(request)
        token = token_of(request)
        if token:
            sign_out(given.database, token)
        answer = RedirectResponse(SIGN_IN, 303)
        answer.delete_cookie(COOKIE, path="/")
        return answer

    return at
