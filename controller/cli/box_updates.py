"""`loalang devices update`: a new version for boxes, a few first."""

from pathlib import Path
from typing import Annotated, Any

import typer

from controller.cli.api_client import Api
from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in
from controller.errors import ControllerError

STATES = {
    "running": "đang gửi / running",
    "held": "TẠM DỪNG, cần người xem / HELD, somebody has to look",
    "done": "xong / done",
    "stopped": "đã dừng / stopped",
}


def update(
    bundle: Annotated[
        Path | None, typer.Option(help="Gói của make-bundle.sh / bundle to send.")
    ] = None,
    to: Annotated[str, typer.Option(help="Máy, hoặc đơn vị / box or unit.")] = "",
    share: Annotated[str, typer.Option(help="Bao nhiêu máy đi trước / who goes first.")] = "10%",
    stop: Annotated[str, typer.Option(metavar="MÃ", help="Dừng đợt này / stop this one.")] = "",
    resume: Annotated[str, typer.Option(metavar="MÃ", help="Cho chạy tiếp / go on.")] = "",
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Gửi phiên bản mới cho máy, hoặc xem đã đến đâu / send a version, or see how far it is."""
    api = signed_in(url, user, password)
    if stop or resume:
        state = "stopped" if stop else "running"
        show(api.post(f"/roll-outs/{stop or resume}", {"state": state}))
    elif bundle is not None:
        show(send(api, bundle, to, share))
    else:
        for roll_out in api.get("/roll-outs"):
            show(roll_out)


def send(api: Api, bundle: Path, to: str, share: str) -> Any:
    """Bring a bundle and begin its way to boxes; raises `ControllerError`."""
    percent = share.removesuffix("%")
    if not to or not percent.isdigit() or not 1 <= int(percent) <= 100:
        raise ControllerError(
            "bad_roll_out",
            "Hãy ghi --to MÁY hoặc ĐƠN VỊ, và --share từ 1% đến 100%.",
            "Give --to BOX or UNIT, and --share from 1% to 100%.",
        )
    kept = api.upload("/agent-bundles", bundle, lambda _sent, _size: None)
    print(f"loalang-agent {kept['version']} ({kept['machine']}): {kept['sha256']}")
    form = {"bundle": kept["sha256"], "to": to, "share_percent": int(percent)}
    return api.post("/roll-outs", form)


def show(roll_out: Any) -> None:
    """Print how far a version has come."""
    bundle, boxes = roll_out["bundle"], roll_out["boxes"]
    done = sum(box["state"] == "done" for box in boxes)
    print(
        f"{roll_out['id']}\t{bundle['version']} → {roll_out['to']}\t{done}/{len(boxes)}\t"
        f"{STATES[roll_out['state']]}"
    )
    if roll_out["why"]:
        print(f"  ! {roll_out['why']}")
    for box in boxes:
        first = " (đi trước / first)" if box["first"] else ""
        why = f": {box['reason']}" if box["reason"] else ""
        print(f"  {box['device']}\t{box['state']}{first}{why}")
