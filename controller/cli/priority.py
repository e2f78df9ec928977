"""`loalang priority`: which of several ưu tiên bulletins goes first."""

from datetime import datetime
from typing import Annotated, Any, Protocol
from urllib.parse import quote, urlencode

import typer

from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in

app = typer.Typer(no_args_is_help=True, help="Thứ tự tin ưu tiên / order of priority bulletins.")


class SignedIn(Protocol):
    """A signed-in user's way to the JSON API."""

    def get(self, path: str) -> Any: ...
    def post(self, path: str, body: dict[str, Any] | None = None) -> Any: ...


@app.command("list")
def show(
    unit: Annotated[str | None, typer.Option(help="Mã hay tên xã / commune.")] = None,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Việc chờ quyết định, gấp nhất trước / what waits for a decision, most urgent first."""
    list_questions(signed_in(url, user, password), unit)


@app.command()
def decide(
    question: Annotated[str, typer.Argument(help="Mã, như `priority list` in / id.")],
    bulletins: Annotated[
        list[str], typer.Argument(metavar="BẢN-TIN…", help="Theo thứ tự phát / in their order.")
    ],
    again: Annotated[
        bool, typer.Option("--again", help="Đổi điều người khác đã quyết / decide once more.")
    ] = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Quyết định bản tin nào phát trước / decide which goes first."""
    decide_order(signed_in(url, user, password), question, bulletins, again=again)


def list_questions(api: SignedIn, unit: str | None) -> None:
    """Some lines each: id, commune, session and what was decided; then the bulletins in order."""
    found = api.get("/priority-questions" + (f"?{urlencode({'unit': unit})}" if unit else ""))
    for question in found:
        _print(question)
    if not found:
        print("Không có gì chờ quyết định / nothing waits for a decision.")


def decide_order(api: SignedIn, question: str, bulletins: list[str], *, again: bool) -> None:
    """Decide, and print the order that holds."""
    path = f"/priority-questions/{quote(question, safe='')}/decision"
    _print(api.post(path, {"order": bulletins, "again": again}))


def _print(question: dict[str, Any]) -> None:
    session, limit = _local(question["session"]), _local(question["decide_by"])
    match question["decided_by"]:
        case None if question["moot"]:
            state = "không còn gì phải chọn / nothing left to decide"
        case None:
            state = f"trước / before {limit}"
        case "":
            state = "hết giờ, theo mặc định / the time limit decided"
        case by:
            state = f"{by}, {_local(question['decided_at'])}"
    print(f"{question['id']}\t{question['unit_name']}\t{session}\t{state}")
    for place, bulletin in enumerate(question["order"], start=1):
        print(f"  {place}. {bulletin['id']}\t{bulletin['title']}")


def _local(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone():%H:%M %d/%m/%Y}"
