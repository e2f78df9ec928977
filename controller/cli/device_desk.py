"""What `loalang devices` shows, prints and asks."""

import html
import sys
from collections.abc import Callable
from datetime import datetime
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, Protocol

import typer

from controller.errors import ControllerError
from controller.mqtt.broker_files import write_private

CONFIG = "/etc/loalang/agent.toml"
STATES = {
    "on_duty": "đang dùng / on duty",
    "in_store": "không ở đâu / stands nowhere",
    "quarantined": "CÁCH LY / IN QUARANTINE",
    "revoked": "đã thu hồi / revoked",
    "retired": "đã nghỉ / retired",
    "open": "chưa máy nào dùng mã / no box yet",
    "asked": "CHỜ DUYỆT / WAITS",
    "approved": "đã duyệt, chờ máy nhận / approved",
}


class SignedIn(Protocol):
    """A signed-in user's way to the JSON API."""

    def get(self, path: str) -> Any: ...

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any: ...


def show(api: SignedIn) -> None:
    """Boxes that wait with what to compare, then every box, a line each."""
    for one in api.get("/devices/pairings"):
        machine = " ".join(filter(None, (one["model"], one["box_name"], one["agent"])))
        print(f"{one['id']}\t{STATES[one['state']]}\t{one['name']}\tđến / until {_at(one)}")
        if one["fingerprint"]:
            print(f"    dấu / fingerprint: {one['fingerprint']}    {machine}")
    for box in api.get("/devices"):
        until = box["certificate_until"]
        papers = f"chứng chỉ đến / certificate until {_day(until)}" if until else ""
        print("\t".join((box["device"], STATES[box["state"]], box["name"], papers, box["why"])))


def invite(api: SignedIn, cluster: str, minutes: int, sheet: Path | None) -> None:
    """Make a code; print it, the line to type, and a QR code where a person looks at it."""
    made = api.post("/devices/invitations", {"cluster": cluster, "minutes": minutes})
    print(f"{made['cluster']}: mã / code  {made['code']}   đến / until {_at(made)}")
    print(f"Gõ trên máy / type on the box:\n  {line_of(made)}")
    print(f"Duyệt / approve: loalang devices list; loalang devices approve {made['id']}")
    if sys.stdout.isatty():
        print(_drawn(line_of(made)))
    if sheet is not None:
        write_private(sheet, sheet_of(made))
        print(f"Tờ in, giữ kín / sheet to print, keep it private: {sheet}")


def approve(api: SignedIn, code: str, *, replace: bool) -> None:
    """Approve after the fingerprint was compared; asks before another box has to leave."""
    waiting = {one["id"]: one for one in api.get("/devices/pairings")}
    one = waiting.get(code.upper())
    if one is not None:
        print(f"{one['name']}: dấu / fingerprint {one['fingerprint']}    {one['model']}")
    done = _with_leave(
        lambda form: api.post(f"/devices/pairings/{code}/approve", form), replace=replace
    )
    print(f"Đã duyệt / approved: {done['device']}")


def move(api: SignedIn, device: str, cluster: str, *, replace: bool) -> None:
    """Move a box; asks before another box has to leave."""
    _with_leave(
        lambda form: api.post(f"/devices/{device}/move", {"cluster": cluster, **form}),
        replace=replace,
    )
    print(f"{device} → {cluster}")


def line_of(made: dict[str, Any]) -> str:
    """What is typed on the box, and what the QR code and a file on its boot partition say."""
    return f"loalang-agent pair {made['address']} {made['code']} --config {CONFIG}"


def sheet_of(made: dict[str, Any]) -> str:
    """A page to print: the code, its QR code, and what to do."""
    import segno

    drawn = BytesIO()
    segno.make(line_of(made), error="m").save(drawn, kind="svg", scale=5, xmldecl=False)
    place, line = html.escape(made["cluster"]), html.escape(line_of(made))
    return f"""<!doctype html>
<html lang="vi"><meta charset="utf-8"><title>Ghép nối – {place}</title>
<style>body {{ font: 16px sans-serif; margin: 2cm; max-width: 17cm }}
b.code {{ font: bold 28px monospace; letter-spacing: 2px }}
code {{ overflow-wrap: anywhere }}</style>
<h1>{place}</h1>
<p><b class="code">{html.escape(made["code"])}</b></p>
<p>Mã dùng một lần, đến / counts once, until <b>{_at(made)}</b>. Giữ kín / keep it private.</p>
{drawn.getvalue().decode()}
<ol>
<li>Trên máy, gõ / on the box, type: <code>{line}</code><br>
hoặc ghi dòng đó vào tệp / or write that line into the file <code>loalang-pair.txt</code>,
phân vùng khởi động của thẻ / boot partition of the card.</li>
<li>Đọc dấu mà máy hiện cho văn phòng / read the fingerprint that it shows to the office.</li>
<li>Văn phòng so rồi duyệt / the office compares and approves:
<code>loalang devices approve {html.escape(made["id"])}</code></li>
</ol>
</html>
"""


def _with_leave(call: Callable[[dict[str, Any]], Any], *, replace: bool) -> Any:
    """Call with what a person allows on the way: that a box leaves, the code of a locked root."""
    form: dict[str, Any] = {"replace": replace}
    while True:
        try:
            return call(form)
        except ControllerError as e:
            if e.code == "cluster_taken" and not form["replace"] and sys.stdin.isatty():
                print(e)
                form["replace"] = typer.confirm("Cho máy cũ nghỉ / retire it?", abort=True)
            elif e.code == "root_locked" and "passphrase" not in form and sys.stdin.isatty():
                print(e)
                form["passphrase"] = typer.prompt("Mã khôi phục / recovery code", hide_input=True)
            else:
                raise


def _drawn(text: str) -> str:
    import segno

    out = StringIO()
    segno.make(text, error="m").terminal(out, compact=True)
    return out.getvalue()


def _at(shown: dict[str, Any]) -> str:
    return f"{datetime.fromisoformat(shown['expires_at']).astimezone():%H:%M %d/%m/%Y}"


def _day(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone():%d/%m/%Y}"
