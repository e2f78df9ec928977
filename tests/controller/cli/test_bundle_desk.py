"""What `loalang bundle` does on the stick itself."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from controller.cli import bundle_desk
from controller.cli.api_client import Api
from controller.errors import ControllerError


class FakeApi(Api):
    """Gives one bundle, and remembers what was sent."""

    def __init__(self, members: dict[str, bytes]) -> None:
        super().__init__("http://127.0.0.1:9")
        self._members = members
        self.sent: list[str] = []
        self.boxes: list[dict[str, Any]] = []

    def fetch(self, path: str, file: Path, told: object) -> dict[str, str]:
        with zipfile.ZipFile(file, "w") as packed:
            for name, data in self._members.items():
                packed.writestr(name, data)
        return {"x-loalang-boxes": "1", "x-loalang-lacking": "0"}

    def upload(self, path: str, file: Path, told: object) -> Any:
        with zipfile.ZipFile(file) as packed:
            self.sent = packed.namelist()
        return self.boxes


def test_a_bundle_is_unpacked_whole_and_what_is_there_stays(tmp_path: Path) -> None:
    kept = tmp_path / "loalang" / "audio" / "a.opus"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"1234")
    members = {"loalang/audio/a.opus": b"abcd", "loalang/keys.jws": b"keys"}
    bundle_desk.make(FakeApi(members), tmp_path, {})
    assert (tmp_path / "loalang" / "keys.jws").read_bytes() == b"keys"
    assert kept.read_bytes() == b"1234"
    assert {file.name for file in (tmp_path / "loalang").iterdir()} == {"audio", "keys.jws"}


def test_nothing_is_written_outside_the_stick(tmp_path: Path) -> None:
    stick = tmp_path / "usb"
    stick.mkdir()
    with pytest.raises(ControllerError):
        bundle_desk.make(FakeApi({"loalang/../../escaped": b"x"}), stick, {})
    assert not (tmp_path / "escaped").exists()


def test_a_stick_that_is_not_plugged_in_is_told(tmp_path: Path) -> None:
    with pytest.raises(ControllerError, match="Không có thư mục"):
        bundle_desk.make(FakeApi({}), tmp_path / "usb", {})
    with pytest.raises(ControllerError, match="Không có nhật ký"):
        bundle_desk.take(FakeApi({}), tmp_path)


def test_only_reports_are_sent_and_receipts_are_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    back = tmp_path / "loalang" / "back" / "abcdef123456"
    back.mkdir(parents=True)
    (back / "a1-1-2.jws").write_bytes(b"report")
    (back / "a1-3-4.jws").symlink_to(back / "a1-1-2.jws")
    (back / "about.json").write_bytes(b"{}")
    api = FakeApi({})
    refused = {"file": "a1-3-4.jws", "vi": "chữ ký không đúng", "en": "its signature is wrong"}
    api.boxes = [
        {
            "device": "abcdef123456",
            "place": "Nhà rông",
            "new": 2,
            "doubled": 0,
            "quarantined": 0,
            "refused": 1,
            "refused_first": [refused],
            "receipts": ["sealed"],
        }
    ]
    assert bundle_desk.take(api, tmp_path) == 0
    assert api.sent == ["back/abcdef123456/a1-1-2.jws"]
    acks = tmp_path / "loalang" / "boxes" / "abcdef123456" / "ack.jws"
    assert acks.read_text() == "sealed\n"
    assert "2 sự kiện mới" in capsys.readouterr().out
    api.boxes[0]["new"] = 0
    assert bundle_desk.take(api, tmp_path) == bundle_desk.NOTHING_TAKEN
