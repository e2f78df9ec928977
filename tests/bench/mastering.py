"""Mastering beside the `ffmpeg` command on the same samples: the same passes, one after the other.

Speech is read once by eSpeak NG. Ours is the mastering child, process start and all; theirs is
`ffmpeg` filtering and measuring, bringing to level as often as our rule asks for it, encoding, and
decoding again to measure loudness and true peak. Neither adds the chime.
"""

import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from _stage import note, spread, tell, workshop

from audio_library.mastering import levelling
from audio_library.mastering.master import HIGHEST_PEAK_DBTP, WANTED_LUFS, WITHIN_LU
from audio_library.mastering.opus import BITS_PER_SECOND
from audio_library.mastering.pcm import SAMPLE_RATE
from audio_library.render import master_in_child
from audio_library.speech.engine import Speech
from audio_library.speech.registry import engine_of, voice_for
from audio_library.wording.spoken_form import spoken_form
from deploy.parts import PARTS, is_installed

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
AIM = 1.2
PARAGRAPH = (
    "Thông báo tiêm chủng: 7h30 ngày 15/8/2026, Trạm Y tế xã Đăk Hà tiêm vắc xin sởi cho trẻ "
    "từ 9 tháng đến 5 tuổi. Bà con nhớ mang theo sổ tiêm. Điện thoại: 02603.866.127.\n"
)
TIMES = 8


def speech_in(folder: Path) -> Speech:
    """Two to three minutes of raw speech."""
    voice = voice_for("vi", None)
    spoken = spoken_form(PARAGRAPH * TIMES).text
    return engine_of(voice).speak([spoken], voice, into=folder / "speech", timeout_s=60)[0]


def with_ffmpeg(speech: Speech, folder: Path) -> tuple[float, float]:
    """The same passes with the command; gives what the last one measured: LUFS and dBTP."""
    raw = ("-f", "s16le", "-ar", str(speech.sample_rate), "-ac", "1")
    voice, level, made = folder / "voice.pcm", folder / "level.pcm", folder / "made.opus"
    chain = ",".join(f"{f.name}={f.arguments}" for f in levelling.VOICE_CHAIN)
    lufs, _ = _ffmpeg(*raw, "-i", str(speech.path), out=voice, chain=chain)
    aim = levelling.Aim()
    gain_db = aim.lufs - lufs
    for _ in range(levelling.MAX_PASSES):
        limit = 10 ** (aim.limit_dbfs / 20)
        chain = (
            f"volume={gain_db:.3f}dB,aresample={SAMPLE_RATE},"
            f"alimiter=limit={limit:.4f}:attack=5:release=50:level=0:latency=1,"
            "aformat=sample_fmts=s16:channel_layouts=mono"
        )
        lufs, _ = _ffmpeg(*raw, "-i", str(voice), out=level, chain=chain)
        if abs(aim.lufs - lufs) <= levelling.TOLERANCE_LU:
            break
        gain_db += 1.35 * (aim.lufs - lufs)
    levelled = ("-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1", "-i", str(level))
    coder = ("-c:a", "libopus", "-b:a", str(BITS_PER_SECOND), "-application", "voip")
    _run(*levelled, *coder, "-frame_duration", "20", "-vbr", "on", str(made))
    return _measured(_run("-i", str(made), "-af", "ebur128=peak=true", "-f", "null", "-"))


def _ffmpeg(*source: str, out: Path, chain: str) -> tuple[float, float]:
    """Filter into samples and measure them in one go."""
    graph = f"[0]{chain},asplit[a][b];[b]ebur128[m]"
    # The measured branch has to go somewhere: nowhere.
    return _measured(
        _run(
            *source,
            *("-filter_complex", graph, "-map", "[a]", "-f", "s16le", str(out)),
            *("-map", "[m]", "-f", "null", "-"),
        )
    )


def _run(*arguments: str) -> str:
    done = subprocess.run(
        ["ffmpeg", "-hide_banner", "-nostats", "-y", *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stderr


def _measured(said: str) -> tuple[float, float]:
    summary = said.rpartition("Summary:")[2]
    loudness = re.search(r"I:\s+(-?[\d.]+) LUFS", summary)
    peak = re.search(r"Peak:\s+(-?[\d.]+) dBFS", summary)
    assert loudness is not None, said[-500:]
    return float(loudness[1]), float(peak[1]) if peak else 0.0


def main() -> int:
    if not is_installed(PARTS["ffmpeg"]):
        tell("bulletin → mastered Opus", "not measured: needs ffmpeg")
        return 0
    ours: list[float] = []
    theirs: list[float] = []
    with workshop() as name:
        folder = Path(name)
        speech = speech_in(folder)
        seconds = speech.path.stat().st_size / 2 / speech.sample_rate
        for number in range(ROUNDS):
            began = time.perf_counter()
            made = master_in_child(speech, folder / f"ours-{number}.opus", chime=False)
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            lufs, peak = with_ffmpeg(speech, folder)
            theirs.append(time.perf_counter() - began)
            for name, loud, high in (
                ("ours", made.lufs, made.true_peak_dbtp),
                ("ffmpeg", lufs, peak),
            ):
                if abs(loud - WANTED_LUFS) > WITHIN_LU or high > HIGHEST_PEAK_DBTP:
                    note(f"mastering: {name} came out at {loud} LUFS, {high} dBTP")
            note(f"mastering, round {number + 1}: {ours[-1]:.2f} s, ffmpeg {theirs[-1]:.2f} s")
    ratio = statistics.median(ours) / statistics.median(theirs)
    tell(
        f"{seconds:.0f} s of speech → mastered, verified Opus",
        spread(ours, "s"),
        baseline=spread(theirs, "s"),
        ratio=ratio,
        aim=f"≤ {AIM}",
        met=ratio <= AIM,
        why="a Python process starts, and every frame passes through Python",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
