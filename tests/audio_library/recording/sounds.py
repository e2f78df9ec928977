"""Real recordings for tests: a voice by eSpeak NG, and what microphones and offices do to it."""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WORDS = (
    "Thông báo của Uỷ ban nhân dân xã. Sáng mai tiêm chủng cho trẻ em tại trạm y tế. "
    "Mời bà con đưa các cháu đến đúng giờ, mang theo sổ tiêm chủng. Xin cảm ơn."
)
QUARTER_SECOND = "adelay=250:all=1,apad=pad_dur=0.25"


def spoken(out: Path, words: str = WORDS) -> Path:
    """Clean speech, 16-bit mono at 48 kHz, about a quarter of a second of silence at each end."""
    raw = out.with_suffix(".raw.wav")
    subprocess.run(["espeak-ng", "-v", "vi", "-a", "60", "-w", raw, words], check=True)
    return made(out, "-i", raw, "-af", f"aresample=48000,{QUARTER_SECOND}", "-ac", "1")


def made(out: Path, *arguments: str | Path) -> Path:
    """What ffmpeg makes with these arguments."""
    command = ["ffmpeg", "-y", "-loglevel", "error", *map(str, arguments), str(out)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return out


def altered(source: Path, out: Path, filters: str, *codec: str) -> Path:
    """The same recording through FFmpeg filters."""
    return made(out, "-i", source, "-af", filters, *codec)


def in_noise(source: Path, out: Path, amplitude: float) -> Path:
    """The same recording beside a fan: pink noise of that amplitude."""
    return made(
        out,
        *("-i", source, "-f", "lavfi", "-i", f"anoisesrc=a={amplitude}:d=60:c=pink:seed=7"),
        *("-filter_complex", "amix=inputs=2:duration=first:normalize=0"),
    )


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """No file of this process or its children can grow further, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
