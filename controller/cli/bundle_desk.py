"""What `loalang bundle` does with the files of a stick."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlencode

from controller.cli.api_client import Api
from controller.errors import ControllerError
from edge_agent.contract import stick as layout
from edge_agent.contract.types import MAX_PAYLOAD_BYTES

NOTHING_TAKEN = 1
_CHUNK = 2**20
_SAME_BY_NAME = ("audio/", "pages/")
"""Files that are named by their hash: what is there in its full size need not be copied."""


def make(api: Api, folder: Path, chosen: Mapping[str, Sequence[str]]) -> None:
    """Write a bundle for the chosen boxes below `folder`; raises `ControllerError`, OSError."""
    if not folder.is_dir():
        raise _no_folder(folder)
    root = root_of(folder)
    print("đang gom ở bộ điều khiển… / packing at the controller…", flush=True)
    with tempfile.TemporaryDirectory(prefix="loalang-") as aside:
        file = Path(aside) / "loalang.zip"
        path = f"/boxes/bundle.zip?{urlencode(chosen, doseq=True)}"
        told = api.fetch(path, file, Percent("tải / fetched"))
        with zipfile.ZipFile(file) as packed:
            members = [m for m in packed.infolist() if not m.is_dir()]
            for done, member in enumerate(members, 1):
                _unpack(packed, member, root)
                if done % 50 == 0 or done == len(members):
                    print(f"{done}/{len(members)} tệp / files", flush=True)
    print(
        f"Xong: {told.get('x-loalang-boxes', '?')} hộp loa, {len(members)} tệp ở {root}. "
        "Hãy tháo USB an toàn rồi mang đi.\n"
        f"Done: {told.get('x-loalang-boxes', '?')} boxes, {len(members)} files in {root}. "
        "Unmount the stick and carry it."
    )
    lacking = told.get("x-loalang-lacking", "0")
    if lacking != "0":
        print(
            f"! {lacking} tệp âm thanh chưa có ở bộ điều khiển / "
            f"{lacking} audio files are not at the controller yet"
        )


def take(api: Api, folder: Path) -> int:
    """Send what boxes wrote below `folder`, and leave receipts there; gives the exit code."""
    root = root_of(folder)
    reports = list(_reports(root))
    if not reports:
        raise ControllerError(
            "no_reports",
            f"Không có nhật ký phát nào trong {root / layout.BACK}. "
            "Hãy kiểm tra đường dẫn, và cắm USB vào hộp loa trước.",
            f"No records of plays stand in {root / layout.BACK}. "
            "Check the path, and plug the stick into a box first.",
        )
    with tempfile.TemporaryDirectory(prefix="loalang-") as aside:
        file = Path(aside) / "back.zip"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            for report in reports:
                packed.write(report, report.relative_to(root))
        print(f"đang gửi {len(reports)} tệp… / sending {len(reports)} files…", flush=True)
        boxes = api.upload("/bundles", file, Percent("gửi / sent"))
    for box in boxes:
        print(
            f"{box['device']} {box['place']}: {box['new']} sự kiện mới, {box['doubled']} đã có, "
            f"{box['quarantined']} hỏng, {box['refused']} tệp bị từ chối / "
            f"{box['new']} new events, {box['doubled']} known, {box['quarantined']} bad, "
            f"{box['refused']} files refused"
        )
        for passed in box["refused_first"]:
            print(f"! {passed['file']}: {passed['vi']} / {passed['en']}")
        if box["receipts"]:
            lines = "".join(f"{receipt}\n" for receipt in box["receipts"])
            _write(root / layout.BOXES / box["device"] / layout.RECEIPTS, lines.encode())
    useful = any(box["new"] or box["doubled"] or box["quarantined"] for box in boxes)
    return 0 if useful else NOTHING_TAKEN


class Percent:
    """Says how far something has come, each tenth of the way."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._said = -1

    def __call__(self, done: int, whole: int) -> None:
        tenths = 10 * done // max(1, whole)
        if tenths > self._said:
            self._said = tenths
            print(f"{self._what}: {10 * tenths} %", flush=True)


def root_of(folder: Path) -> Path:
    """The folder `loalang` of a stick, or `folder` itself if it is that."""
    return folder if folder.name == layout.FOLDER else folder / layout.FOLDER


def _reports(root: Path) -> Iterator[Path]:
    """Plain files that are reports by their name and size; no link is followed."""
    for file in sorted((root / layout.BACK).glob("*/*.jws")):
        plain = file.is_file() and not file.is_symlink() and not file.parent.is_symlink()
        if plain and layout.parse_report(file.name) and file.stat().st_size <= MAX_PAYLOAD_BYTES:
            yield file


def _unpack(packed: zipfile.ZipFile, member: zipfile.ZipInfo, root: Path) -> None:
    name = member.filename.removeprefix(f"{layout.FOLDER}/")
    target = root.joinpath(*name.split("/"))
    if ".." in target.parts or root not in target.parents:
        raise ControllerError(
            "not_a_bundle", f"Tên tệp lạ: {name[:80]}.", f"A strange name: {name[:80]}."
        )
    there = target.exists() and target.stat().st_size == member.file_size
    if there and name.startswith(_SAME_BY_NAME):
        return
    with packed.open(member) as content, _aside(target) as aside:
        shutil.copyfileobj(content, aside, _CHUNK)


def _write(target: Path, data: bytes) -> None:
    with _aside(target) as aside:
        aside.write(data)


@contextmanager
def _aside(target: Path) -> Iterator[BinaryIO]:
    """Write a file beside its place and put it there whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.new")
    try:
        with new.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        new.replace(target)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def _no_folder(folder: Path) -> ControllerError:
    return ControllerError(
        "no_folder",
        f"Không có thư mục {folder}. Chưa ghi gì; hãy cắm USB và kiểm tra đường dẫn.",
        f"There is no folder {folder}. Nothing was written; plug the stick in, check the path.",
    )
