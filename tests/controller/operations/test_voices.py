"""The order of voices, and what listeners say of them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlmodel import select

from audio_library.errors import UnknownLanguage, UnknownVoice, VoiceNotReady
from audio_library.mastering.mastered import Mastered
from audio_library.mastering.preset import Dressing
from audio_library.render import Rendered
from audio_library.speech.engine import Engine
from audio_library.speech.listening import sentences
from audio_library.speech.registry import ENGINES
from controller.errors import ControllerError
from controller.operations.listening import make_sheet, record_answers
from controller.operations.voices import engines_here, orders, prefer, preferred, voices_now
from controller.settings import Settings
from controller.storage import library_tables as tables
from tests.controller.office import NOW, Office

SOUTH, NORTH = "espeak:vi-vn-x-south", "espeak:vi"
WHOLE = {s.number: s.text for s in sentences()}


def test_an_office_puts_its_voices_in_order_and_takes_it_back(office: Office) -> None:
    order = prefer(office.database, "vi", [SOUTH, SOUTH], ENGINES, "Cô Lan", NOW)
    assert order.chosen == (SOUTH,)
    assert order.tried[0] == SOUTH
    assert order.tried[1] == NORTH
    with office.database.read() as session:
        assert preferred(session, "vi") == (SOUTH,)
        assert preferred(session, "bdq") == ()
        (shown,) = orders(session, ENGINES)
    assert (shown.language, shown.set_by) == ("vi", "Cô Lan")
    for _ in range(2):
        assert prefer(office.database, "vi", [], ENGINES, "Cô Lan", NOW).tried[0] == NORTH
    with office.database.read() as session:
        assert preferred(session, "vi") == ()


def test_no_voice_of_another_language_is_taken(office: Office) -> None:
    with pytest.raises(UnknownVoice):
        prefer(office.database, "bdq", [NORTH], ENGINES, "Cô Lan", NOW)
    with pytest.raises(UnknownLanguage):
        prefer(office.database, "xx", [NORTH], ENGINES, "Cô Lan", NOW)
    with office.database.read() as session:
        assert session.exec(select(tables.VoicePreference)).all() == []


def test_a_file_that_is_no_voice_stands_in_nobody_s_order(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "voices"
    folder.mkdir(parents=True)
    (folder / "junk.onnx").write_bytes(b"junk")
    engines = engines_here(Settings(data_dir=tmp_path / "data"))
    with office.database.read() as session:
        assert "piper:junk" in {now.voice.id for now in voices_now(session, engines)}
        assert [order.language for order in orders(session, engines)] == ["vi"]


def test_a_voice_is_shown_with_its_listeners(office: Office) -> None:
    for n in range(5):
        line = record_answers(
            office.database, NORTH, f"người  {n} ", WHOLE, ENGINES, NOW, native=True
        )
    assert (line.natives, line.judged, line.share) == (5, True, 1.0)
    with office.database.read() as session:
        shown = {now.voice.id: now for now in voices_now(session, ENGINES)}
    assert shown[NORTH].tally.judged
    assert not shown[SOUTH].tally.judged
    assert shown["gtts:vi"].unofficial
    assert not shown[NORTH].unofficial


@pytest.mark.parametrize(
    ("listener", "heard"),
    [("Y Bia", {}), ("  ", {1: "a"}), ("Y Bia", {21: "a"}), ("Y Bia", {0: ""})],
)
def test_answers_to_no_sentence_or_by_nobody_are_refused(
    office: Office, listener: str, heard: dict[int, str]
) -> None:
    with pytest.raises(ControllerError, match="1 đến 20"):
        record_answers(office.database, NORTH, listener, heard, ENGINES, NOW, native=True)
    with pytest.raises(UnknownVoice):
        record_answers(office.database, "x:y", "Y Bia", WHOLE, ENGINES, NOW, native=True)


def test_the_administrator_s_word_decides_who_may_speak(tmp_path: Path) -> None:
    def ready(settings: Settings) -> set[str]:
        return {v.engine for e in engines_here(settings) for v in e.voices() if v.ready}

    assert ready(Settings(data_dir=tmp_path)) == {"eSpeak NG"}
    online = Settings(data_dir=tmp_path, online_voices=True)
    assert ready(online) == {"eSpeak NG", "gTTS", "edge-tts"}
    names = [engine.name for engine in engines_here(online)]
    assert {"Piper", "MMS"} <= set(names), "listed, with what they lack"


def tongue_tied(
    spoken: str,
    language: str,
    *,
    out_dir: Path,
    preference: Sequence[str],
    engines: Sequence[Engine],
    dressing: Dressing,
) -> Rendered:
    """A rendering in which the southern voice has lost its tongue and the northern one helps."""
    assert dressing is Dressing.BARE
    sha256 = hashlib.sha256(spoken.encode()).hexdigest()
    path = out_dir / f"{sha256}.opus"
    path.write_text(f"{preference} {spoken}")
    mastered = Mastered(path, sha256, path.stat().st_size, 1_000, -16.0, -2.0)
    return Rendered(mastered, language, NORTH, engines[0].name)


def test_a_sheet_is_twenty_sounds_by_one_voice(tmp_path: Path) -> None:
    made = make_sheet(NORTH, ENGINES, tongue_tied, tmp_path / "north")
    assert [path.name for path in made] == [f"{n:02}.opus" for n in range(1, 21)]
    assert "một một bốn" in made[6].read_text(), "read as on air"
    with pytest.raises(VoiceNotReady):
        make_sheet(SOUTH, ENGINES, tongue_tied, tmp_path / "south")
    assert list((tmp_path / "south").iterdir()) == [], "no other voice in its place"
    with pytest.raises(UnknownVoice):
        make_sheet("recorded:x", ENGINES, tongue_tied, tmp_path / "x")
