"""`loalang recordings` over the test's application, with real sound."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from controller.cli.recording_desk import (
    SOME_REFUSED,
    Text,
    act,
    add_one,
    import_files,
    list_readers,
    list_recordings,
    withdraw_one,
)
from controller.errors import ControllerError, NotFound
from tests.audio_library.recording.sounds import altered, spoken
from tests.controller.api.conftest import officer, services, stranger

__all__ = ["officer", "services", "stranger"]

BAHNAR = "Tơdrong roi: drŏ nơ̆r pơm tơmam lơ̆m plei, ĭnh pơma ăn bŏk kră, kơsơ̆ băt tơdrong"


class Line:
    """The command's way to the API, over the test's application instead of a socket."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def get(self, path: str) -> Any:
        return self._read("GET", path)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._read("POST", path, json=body)

    def upload(self, path: str, file: Path, told: Callable[[int, int], None]) -> Any:
        size = file.stat().st_size
        told(size, size)
        return self._read("POST", path, content=file.read_bytes())

    def _read(self, method: str, path: str, **body: Any) -> Any:
        answer = self._client.request(method, f"/api/v1{path}", **body)
        if answer.is_error:
            said = answer.json()
            raise ControllerError(said["code"], said["vi"], said["en"])
        return answer.json()


@pytest.fixture
def line(officer: TestClient) -> Line:
    return Line(officer)


@pytest.mark.needs("espeak-ng", "ffmpeg")
def test_files_are_brought_measured_listed_and_refused_one_by_one(
    line: Line, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bulletin = line.post("/bulletins", {"scripts": {"bdq": BAHNAR}, "title": "Họp"})["id"]
    form = {"name": "Y Blin", "languages": ["bdq"], "consent": "Cho phát trên loa của xã."}
    add_one(line, form)
    good = spoken(tmp_path / "REC001.wav")
    quiet = altered(good, tmp_path / "REC002.wav", "volume=-35dB")
    (tmp_path / "anh.wav").write_bytes(b"\x89PNG\r\n\x1a\n")
    capsys.readouterr()

    files = [tmp_path / "anh.wav", quiet, good]
    code = import_files(line, files, Text("bdq", bulletin, None), "y  blin")

    said = capsys.readouterr()
    assert code == SOME_REFUSED
    assert "anh.wav: Tệp này là một bức ảnh" in said.err
    assert "REC002.wav: Giọng đọc quá nhỏ" in said.err
    assert "REC001.wav: " in said.out
    assert "LUFS" in said.out
    list_recordings(line, bulletin, "brought")
    row = capsys.readouterr().out.rstrip().split("\t")
    assert row[1:4] == ["brought", "bdq", "Y Blin"]
    assert row[-2:] == ["đúng lời / fits", "REC001.wav"]
    act(line, [row[0]], "refuse", {"why": "đọc nhầm giờ"})
    assert "\trefused\t" in capsys.readouterr().out


def test_a_reader_is_named_by_name_or_id_and_takes_the_consent_back(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    form = {"name": "Y Blin", "languages": ["bdq", "ren"], "consent": "Cho phát."}
    add_one(line, form)
    with pytest.raises(NotFound):
        withdraw_one(line, "A Thut", "nhầm")

    withdraw_one(line, "Y Blin", "chuyển đi")

    assert "không còn được phát" in capsys.readouterr().out
    list_readers(line)
    assert capsys.readouterr().out.endswith("\tbdq,ren\tquantri\tđã rút / withdrawn\n")


def test_who_asks_for_the_words_of_no_reader_uploads_nothing(line: Line, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        import_files(line, [tmp_path / "none.wav"], Text("bdq", "x", None), "nobody")
