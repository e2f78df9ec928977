"""What every command takes that asks a running controller: where it is, and who asks."""

import os
import time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from controller.cli.api_client import Api

Url = Annotated[str, typer.Option(help="Bộ điều khiển / controller.")]
User = Annotated[str, typer.Option(help="Tên đăng nhập / account.")]
Password = Annotated[
    str,
    typer.Option(
        prompt="Mật khẩu / password",
        hide_input=True,
        envvar="LOALANG_PASSWORD",
        help="Mật khẩu / password.",
    ),
]
HERE, OFFICER = "http://127.0.0.1:8077", "quantri"


def signed_in(url: str, user: str, password: str) -> "Api":
    """Sign in, and show times as they are at the loudspeakers, wherever this terminal stands.

    Raises `ControllerError` in the controller's words, or that none answers.
    """
    from controller.cli.api_client import Api

    api = Api(url)
    api.sign_in(user, password)
    # An office of an older version does not say it.
    if api.time_zone:
        os.environ["TZ"] = api.time_zone
        time.tzset()
    return api
