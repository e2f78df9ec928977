"""The main job as a newcomer runs it: `loalang demo --once`, every part real."""

import json
import os
import subprocess
import sys
import wave
from datetime import datetime
from pathlib import Path
from typing import Any

import av
import pytest

BULLETIN = "Họp thôn lúc 7h30 ngày 15/8/2026 tại nhà rông."


def run(
    tmp_path: Path, *arguments: str, text: str | bytes = BULLETIN, **env: str
) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    bulletin, result = tmp_path / "tin.txt", tmp_path / "result.json"
    bulletin.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = subprocess.run(
        [
            *(sys.executable, "-m", "controller", "demo", "--once"),
            *("--bulletin", str(bulletin), "--json", str(result)),
            *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **env, "TMPDIR": str(tmp_path)},
        check=False,
    )
    return done, json.loads(result.read_text()) if result.exists() else []


def loudness(wav: Path) -> float:
    """Integrated loudness in LUFS, measured by the filter of FFmpeg on the decoded sound."""
    with av.open(str(wav)) as sound:
        graph = av.filter.Graph()
        source = graph.add_abuffer(template=sound.streams.audio[0])
        meter = graph.add("ebur128", "metadata=1:framelog=quiet")
        sink = graph.add("abuffersink")
        source.link_to(meter)
        meter.link_to(sink)
        graph.configure()
        found = 0.0
        for frame in sound.decode(audio=0):
            source.push(frame)
            while True:
                try:
                    measured = sink.pull()
                except (av.error.BlockingIOError, av.error.EOFError):
                    break
                found = float(measured.metadata.get("lavfi.r128.I", found))
    return found


@pytest.mark.timeout(150)
@pytest.mark.parametrize(
    ("player", "broker"),
    [
        pytest.param("virtual", "amqtt", id="nothing but what pip brings"),
        pytest.param("virtual", "mosquitto", marks=pytest.mark.needs("mosquitto")),
        pytest.param("mpv", "mosquitto", marks=pytest.mark.needs("mosquitto", "mpv", "pulseaudio")),
    ],
)
def test_a_bulletin_goes_from_text_to_village_and_back(
    tmp_path: Path, player: str, broker: str
) -> None:
    done, villages = run(
        tmp_path,
        *("--villages", "2", "--delay", "2", "--player", player),
        LOALANG_REAL_BROKER="true" if broker == "mosquitto" else "false",
    )

    assert done.returncode == 0, done.stderr
    assert f"MQTT {broker}" in done.stderr
    assert len(villages) == 2
    for village in villages:
        assert village["outcome"] == "played"
        assert abs(village["start_error_ms"]) < 500
        started = datetime.fromisoformat(village["started_at"])
        planned = datetime.fromisoformat(village["planned_start"])
        assert abs((started - planned).total_seconds()) < 0.5
        with wave.open(village["wav"]) as wav:
            assert (wav.getnchannels(), wav.getsampwidth()) == (1, 2)
            heard_s = wav.getnframes() / wav.getframerate()
        ended = datetime.fromisoformat(village["ended_at"])
        assert heard_s == pytest.approx((ended - started).total_seconds(), abs=0.6)
        assert loudness(Path(village["wav"])) == pytest.approx(-16.0, abs=0.7)
    assert len({v["device"] for v in villages}) == 2
    assert len({v["asset_sha256"] for v in villages}) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "chưa có chữ"),
        ("x" * 100_000, "100"),
        (b"Th\xf4ng b\xe1o", "UTF-8"),
        ("chu\x07ông", "điều khiển"),
    ],
)
def test_a_bulletin_that_cannot_be_aired_is_refused_before_anything_starts(
    tmp_path: Path, text: str | bytes, says: str
) -> None:
    done, villages = run(tmp_path, text=text)

    assert done.returncode == 2
    assert says in done.stderr
    assert "Error:" in done.stderr
    assert "Traceback" not in done.stderr
    assert villages == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tin.txt"], "nothing is left behind"


def test_an_unclear_village_lists_the_candidates(tmp_path: Path) -> None:
    done, _ = run(tmp_path, "--village", "thôn 1")

    assert done.returncode == 2
    assert "Xã Măng Bút/Thôn 1" in done.stderr


def test_only_the_chosen_village_hears(tmp_path: Path) -> None:
    done, villages = run(tmp_path, "--village", "măng bút/thôn 1", "--delay", "1")

    assert done.returncode == 0, done.stderr
    assert [v["outcome"] for v in villages] == ["played"]


def test_a_missing_file_and_a_taken_port_are_said_plainly(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "controller", "demo", "--bulletin", str(tmp_path / "nosuch.txt")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert "nosuch.txt" in done.stderr
    assert "Traceback" not in done.stderr
