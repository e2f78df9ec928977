"""Engines of other packages, really installed: a module and its .dist-info on the path."""

import importlib
from pathlib import Path

import pytest

from audio_library.errors import EngineFailed
from audio_library.speech.registry import candidates, engine_of, engines, voices

MODULE = """
from audio_library.speech.engine import RAW_PCM, Speech, Voice

class Hre:
    name, licence, online, unofficial, whole = "Hre", "CC0", {online}, False, False
    def voices(self):
        return (Voice("hre:one", "hre", "Giọng Hrê", "said by itself", "CC0", False),)
    def speak(self, texts, voice, *, into, timeout_s):
        into.mkdir()
        if texts == ["boom"]:
            raise KeyError("no such word")
        for n, text in enumerate(texts):
            (into / str(n)).write_text(text)
        return tuple(Speech(into / str(n), RAW_PCM, 16000) for n in range(len(texts)))

class Thief(Hre):
    name = "eSpeak NG"

class Late(Hre):
    name, asked = "Late", 0
    def voices(self):
        self.asked += 1
        if self.asked > 1:
            raise OSError("the folder is gone")
        return ()

def broken():
    raise RuntimeError("needs a licence key")

def leaving():
    raise SystemExit("no speech on this machine")
"""


def install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *entries: str, online: bool = False
) -> None:
    name = f"voices_of_{folder.name}".replace("-", "_")
    (folder / f"{name}.py").write_text(MODULE.format(online=online), "utf-8")
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [f"e{n} = {name}:{entry}" for n, entry in enumerate(entries)]
    (info / "entry_points.txt").write_text("[loalang.voices]\n" + "\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()


def test_an_engine_of_another_package_speaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "Hre")
    found = engines()
    (voice,) = candidates("hre", (), found)
    assert (voice.id, voice.engine) == ("hre:one", "Hre")
    engine = engine_of(voice, found)
    (speech,) = engine.speak(["chào"], voice, into=tmp_path / "o", timeout_s=5)
    assert speech.path.read_text() == "chào"
    with pytest.raises(EngineFailed, match="no such word"):
        engine.speak(["boom"], voice, into=tmp_path / "p", timeout_s=5)


def test_a_broken_one_is_listed_with_its_reason_and_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "broken", "absent", "Thief", "leaving", "Late", "Hre")
    listed = {voice.id: voice for voice in voices(engines())}
    for name, reason in (
        ("loalang.voices:e0", "needs a licence key"),
        ("loalang.voices:e1", "AttributeError"),
        ("loalang.voices:e2", "“eSpeak NG” is taken"),
        ("loalang.voices:e3", "no speech on this machine"),
        ("Late", "the folder is gone"),
    ):
        missing = listed[name].missing
        assert missing is not None
        assert reason in missing.en
        assert "hỏng" in missing.vi
    assert listed["hre:one"].ready
    assert listed["espeak:vi"].ready


def test_another_s_online_engine_waits_for_leave_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "Hre", online=True)
    (refused,) = (v for v in voices(engines()) if v.id == "hre:one")
    assert refused.online
    assert refused.missing is not None
    with pytest.raises(EngineFailed):
        engine_of(refused, engines()).speak(["a"], refused, into=tmp_path / "o", timeout_s=5)
    assert candidates("hre", (), engines(online=True))[0].id == "hre:one"
