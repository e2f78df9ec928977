"""The spoken form beside two normalizers from the package index, on the same text in one run.

Speed: milliseconds for a bulletin of about 6.5 KB, made of our own sample texts, or for the files
that are named. Right readings: of the examples in the tests, compared leniently: case, blanks and
the last mark do not count, and any of the forms given is right.
"""

import re
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from _stage import ROOT, note, spread, tell

from audio_library.wording.spoken_form import spoken_form

SAMPLES = ROOT / "tests" / "audio_library" / "wording"
THEIRS = (
    ("sea-g2p", "sea_g2p", "Normalizer"),
    ("vietnormalizer", "vietnormalizer", "VietnameseNormalizer"),
)
OURS = "ours"
ROUNDS = 31
BULLETIN_BYTES = 6_500

Reader = Callable[[str], str]


def ours(text: str) -> str:
    return spoken_form(text).text


def theirs() -> Mapping[str, Reader]:
    """Those that are installed: `make bench` brings them."""
    readers: dict[str, Reader] = {}
    for name, module, normalizer in THEIRS:
        if find_spec(module) is None:
            note(f"wording: {name} is not installed")
        else:
            readers[name] = getattr(import_module(module), normalizer)().normalize
    return readers


def pairs(path: Path) -> list[tuple[str, list[str]]]:
    """Written forms with all that they may sound like."""
    lines = path.read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line.strip() and not line.startswith("#")]
    return [(written, spoken.split(" | ")) for written, spoken in rows]


def bulletin() -> str:
    """Our own sentences, one after another, until the bulletin is long enough."""
    sentences = [written for written, _ in pairs(SAMPLES / "sample_bulletins.tsv")]
    sentences += [written for written, _ in pairs(SAMPLES / "notices.tsv")]
    text = ""
    for sentence in sentences:
        if len(text.encode()) >= BULLETIN_BYTES:
            break
        text += f"{sentence}\n"
    return text


def milliseconds(readers: Mapping[str, Reader], text: str) -> dict[str, list[float]]:
    """Times of each, taken in turns: what else runs here then slows all of them alike."""
    times: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(ROUNDS + 1):
        for name, reader in readers.items():
            began = time.perf_counter()
            reader(text)
            times[name].append((time.perf_counter() - began) * 1000)
    return {name: taken[1:] for name, taken in times.items()}


def right(reader: Reader, examples: list[tuple[str, list[str]]]) -> int:
    count = 0
    for written, spoken in examples:
        heard = lenient(reader(written))
        count += heard in map(lenient, spoken)
    return count


def lenient(text: str) -> str:
    return re.sub(r"[\s.,;:!?]+$", "", re.sub(r"\s+", " ", text.lower())).strip()


def tell_speed(what: str, text: str, others: Mapping[str, Reader]) -> None:
    size = len(text.encode()) / 1024
    taken = milliseconds({OURS: ours, **others}, text)
    for name in others:
        ratio = statistics.median(m / t for m, t in zip(taken[OURS], taken[name], strict=True))
        tell(
            f"spoken form of {what} ({size:.1f} KB), beside {name}",
            spread(taken[OURS], "ms"),
            baseline=spread(taken[name], "ms"),
            ratio=ratio,
            aim="< 1",
            met=ratio < 1,
            why="every number and short form is looked at in its context",
        )


def main() -> int:
    others = theirs()
    tell_speed("a bulletin", bulletin(), others)
    for path in map(Path, sys.argv[1:]):
        tell_speed(path.name, path.read_text("utf-8"), others)
    examples = pairs(SAMPLES / "spoken_forms.tsv")
    mine = right(ours, examples)
    for name, reader in others.items():
        tell(
            f"right readings of {len(examples)} examples, beside {name}",
            str(mine),
            baseline=str(right(reader, examples)),
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
