"""The ring of keys at a terminal, by the API of the running controller."""

import sys
from datetime import datetime
from typing import Any, Protocol

import typer

from controller.errors import ControllerError

STATES = {
    "signs": "đang ký / signs",
    "next": "kế tiếp / next",
    "retired": "thôi ký / retired",
    "granted": "đã cấp / granted",
    "expired": "hết hạn / expired",
    "revoked": "đã thu hồi / revoked",
}


class SignedIn(Protocol):
    """A signed-in user's way to the JSON API."""

    def get(self, path: str) -> Any: ...

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any: ...


def show(api: SignedIn) -> None:
    """One line a key, then what it may sign where."""
    _print(api.get("/keys"))


def change(api: SignedIn, path: str, form: dict[str, Any]) -> None:
    """Do it, asking for the recovery code if the root is locked; then show the ring."""
    try:
        shown = api.post(path, form)
    except ControllerError as e:
        if e.code != "root_locked" or not sys.stdin.isatty():
            raise
        shown = api.post(path, {**form, "passphrase": asked_code()})
    _print(shown)


def asked_code() -> str:
    """The recovery code, typed by a person."""
    typed: str = typer.prompt("Mã khôi phục / recovery code", hide_input=True)
    return typed


def _print(shown: dict[str, Any]) -> None:
    closed = "đang khoá / locked" if shown["locked"] else "mở / unlocked"
    print(f"Khoá gốc / root key: {shown['fingerprint']} – {closed}")
    told = f"{shown['told']}/{shown['boxes']}"
    print(f"Loa đã biết vòng khoá mới nhất / boxes that hold the newest set: {told}")
    for key in shown["keys"]:
        name = key["name"] or key["purpose"]
        ends = f"{datetime.fromisoformat(key['ends_at']).astimezone():%d/%m/%Y}"
        print(f"{key['kid']}\t{name}\t{STATES[key['state']]}\tđến / until {ends}")
        where = ", ".join(key["units"]) or "mọi nơi / everywhere"
        print(f"  ký / signs {', '.join(key['kinds'])}; {where}")
        if key["why"]:
            print(f"  {key['revoked_by']}: {key['why']}")
