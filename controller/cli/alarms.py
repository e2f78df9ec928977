"""`loalang alarms`: what a person must look at before it is heard."""

from datetime import datetime
from typing import Annotated, Any, Protocol

import typer

from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in


class SignedIn(Protocol):
    """A signed-in user's way to the JSON API."""

    def get(self, path: str) -> Any: ...


def alarms(
    recent: Annotated[
        bool, typer.Option("--recent", help="Cả việc đã hết trong ngày / also what ended.")
    ] = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Báo động: máy nào chưa sẵn sàng phát / which boxes are not ready for air."""
    list_alarms(signed_in(url, user, password), recent=recent)


def list_alarms(api: SignedIn, *, recent: bool) -> None:
    """Three lines each: since when, then the words in Vietnamese and in English."""
    found = api.get("/alarms" + ("?recent=true" if recent else ""))
    for alarm in found:
        ended = alarm["cleared_at"]
        over = f" – hết / over {_local(ended)}" if ended else ""
        print(f"{_local(alarm['raised_at'])}{over}\t{alarm['device'] or ''}")
        print(f"  {alarm['vi']}\n  {alarm['en']}")
    if not found:
        print("Không có báo động / no alarms.")


def _local(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone():%H:%M %d/%m/%Y}"
