"""Signing in and out."""

from fastapi import APIRouter, Request, Response

from controller.api.failures import refusals
from controller.api.shapes import SignedInAs, SignInForm
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
from controller.operations.sign_in import sign_in, sign_out


def router(doorkeeper: Doorkeeper) -> APIRouter:
    """Addresses for signing in and out."""
    at = APIRouter(prefix="/sessions", tags=["sessions"])

    @at.post("", status_code=201, responses=refusals(401, 403, 411, 413, 422, 429, 503, 507))
    def post_session(
        form: SignInForm, request: Request, response: Response, given: Given
    ) -> SignedInAs:
        """Sign in: sets a cookie, and gives the same token for use as a bearer."""
        refuse_foreign_origin(request)
        with doorkeeper.watching(form.name, request.client.host if request.client else ""):
            token = sign_in(given.database, form.name, form.password, given.clock())
        hand_over(token, response, secure=came_safely(request, given))
        return SignedInAs(name=form.name, token=token, time_zone=given.rules.time_zone)

    @at.delete("/current", status_code=204, responses=refusals(403, 411, 413, 503, 507))
    def delete_session(
        request: Request, response: Response, given: Given, who: MaybeSigned
    ) -> None:
        """Sign out; the token is worthless from now on."""
        token = token_of(request)
        if who is not None and token:
            refuse_foreign_origin(request)
            sign_out(given.database, token)
        response.delete_cookie(COOKIE, path="/")

    return at
