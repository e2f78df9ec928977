"""`loalang voices`, as a person types it."""

import csv
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from audio_library.errors import HashNotAccepted, LicenceNotAccepted
from audio_library.speech.catalogue import catalogue
from audio_library.speech.listening import Answer, sentences
from controller.__main__ import app
from controller.cli.listening_sheet import answers_in, tally_files, write_sheet
from controller.cli.voice_install import Progress
from controller.errors import ControllerError
from controller.operations.listening import record_answers
from controller.operations.voices import engines_here
from controller.settings import Settings
from tests.audio_library.speech.publisher import publishing
from tests.audio_library.speech.tiny_models import piper_voice
from tests.controller.office import NOW, Office

NORTH = "espeak:vi"


def run(*arguments: str, folder: Path) -> str:
    result = CliRunner().invoke(app, ["voices", *arguments, "--data-dir", str(folder)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_a_person_reads_what_speaks_here_and_what_is_missing(tmp_path: Path) -> None:
    said = run(folder=tmp_path)
    assert "+ espeak:vi  Miền Bắc" in said
    assert "GPL-3.0-or-later" in said
    assert "chưa được đánh giá / unjudged (0/5" in said
    for missing in ("LOALANG_ONLINE_VOICES", "loalang voices install", "mms-tts-bdq"):
        assert missing in said
    assert said.count("unofficial service, may stop") == 3
    assert re.search(r"no voice of a machine:.* sed,", said)


def test_a_program_reads_the_same(tmp_path: Path) -> None:
    voices = {v["id"]: v for v in json.loads(run("--json", folder=tmp_path))}
    assert voices[NORTH] == {
        **voices[NORTH],
        "language": "vi",
        "ready": True,
        "missing": None,
        "online": False,
        "judged": False,
    }
    assert voices["gtts:vi"]["unofficial"]


def test_the_verdict_is_read_beside_a_running_controller(office: Office) -> None:
    engines = engines_here(Settings(data_dir=office.folder))
    heard = {s.number: s.text for s in sentences()}
    for n in range(5):
        record_answers(office.database, NORTH, f"người {n}", heard, engines, NOW, native=True)
    voices = {v["id"]: v for v in json.loads(run("--json", folder=office.folder))}
    assert (voices[NORTH]["judged"], voices[NORTH]["share"]) == (True, 1.0)


def test_a_voice_is_installed_step_by_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, data = catalogue()[0], tmp_path / "data"
    model = piper_voice(tmp_path / "published")
    with publishing(entry, model.read_bytes(), Path(f"{model}.json").read_bytes()) as at:
        monkeypatch.setenv("LOALANG_VOICES_URL", at.url)
        with pytest.raises(LicenceNotAccepted, match=re.escape(entry.licence)):
            run("install", entry.name, folder=data)
        with pytest.raises(HashNotAccepted) as shown:
            run("install", entry.name, "--accept-licence", folder=data)
        sha256 = shown.value.sha256
        done = run("install", entry.name, "--accept-licence", "--accept-hash", sha256, folder=data)
    assert "đã cài / installed" in done
    assert f"+ piper:{entry.name}" in run(folder=data)


def test_progress_is_one_line_rewritten_at_each_percent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = Progress()
    for done in range(0, 63_000_001, 65_536):
        shown.told(done, 63_000_000)
    shown.told(63_000_000, 63_000_000)
    shown.end()
    said = capsys.readouterr().err
    assert said.count("%") == 101
    assert said.endswith("100 %  \n")


def test_a_sheet_is_made_filled_in_and_tallied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sheet(NORTH, tmp_path, Settings(data_dir=tmp_path / "data"))
    page = (tmp_path / "phieu-nghe.html").read_text("utf-8")
    assert page.count("<audio") == 20
    with (tmp_path / "phieu-nghe.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert not any(s.text in page or s.text in str(rows) for s in sentences()), "heard, not read"
    rows[1][1:3] = ["Y Bia", "có"]
    for row, sentence in zip(rows[1:], sentences(), strict=True):
        row[4] = sentence.text
    filled = tmp_path / "bia.csv"
    # As a Vietnamese spreadsheet saves it.
    with filled.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    capsys.readouterr()
    answers = tally_files([filled])
    assert {(a.voice, a.listener, a.native) for a in answers} == {(NORTH, "Y Bia", True)}
    said = capsys.readouterr().out
    assert "espeak:vi: 100.0%" in said
    assert "1/5" in said
    assert "unjudged" in said


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("espeak:vi,,có,1,a", "listener's name"),
        ("espeak:vi,Y Bia,có thể,1,a", "native"),
        ("espeak:vi,Y Bia,có,một,a", "no number"),
        (",Y Bia,có,1,a", "no voice"),
    ],
)
def test_a_sheet_that_says_too_little_is_refused_with_its_line(
    tmp_path: Path, rows: str, reason: str
) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"a,b,c,d,e\n{rows}\n", "utf-8")
    with pytest.raises(ControllerError, match="line 2") as refused:
        answers_in(file)
    assert reason in refused.value.en
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ControllerError, match="UTF-8"):
        answers_in(file)


def test_name_and_mother_tongue_hold_until_the_next(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("v,l,n,s,h\nx,A,yes,1,a\nx,,,2,\n\nx,B,no,1,b\n", "utf-8")
    assert answers_in(file) == [
        Answer("x", "A", True, 1, "a"),
        Answer("x", "A", True, 2, ""),
        Answer("x", "B", False, 1, "b"),
    ]
