"""`python -m audio_library.speech.mms_worker`: one MMS model reads texts letter by letter.

JSON on stdin: model, letters, texts, into, memory_bytes, cpu_seconds.
"""

import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audio_library.speech.worker import CannotSay, answer, write_sound

BLANK = 0
"""Stands before, between and after the letters: MMS was trained so."""
SAMPLE_RATE = 16_000
"""Of every MMS model that does not say otherwise."""
SEED = 1


def speak(request: dict[str, Any]) -> int:
    """Gives the sample rate in Hz."""
    # Under the limits already.
    import onnxruntime

    letters = letters_of(Path(request["letters"]))
    session = _load(onnxruntime, request["model"])
    said = session.get_modelmeta().custom_metadata_map.get("sample_rate", "")
    rate = int(said) if said.isdecimal() else SAMPLE_RATE
    if not 8_000 <= rate <= 48_000:
        raise CannotSay(f"wrong sample rate {rate}")
    for number, text in enumerate(request["texts"]):
        if number and not _takes_noise(session):
            session = _load(onnxruntime, request["model"])
        (sound, *_) = session.run(None, _given(session, tokens_of(text, letters)))
        write_sound(request["into"], number, _pcm(sound))
    return rate


def _load(onnxruntime: Any, model: str) -> Any:
    """A model that draws its noise inside counts the seed from here."""
    onnxruntime.set_seed(SEED)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model, sess_options=options, providers=["CPUExecutionProvider"]
    )


def _takes_noise(session: Any) -> bool:
    """It can be told to use none."""
    return any("noise" in asked.name or asked.name == "scales" for asked in session.get_inputs())


def letters_of(path: Path) -> dict[str, int]:
    """Letter → number, from `vocab.json` or from lines “letter number”."""
    text = path.read_text("utf-8")
    if path.suffix == ".json":
        return {str(letter): int(number) for letter, number in json.loads(text).items()}
    lines = (line.rpartition(" ") for line in text.splitlines() if line.strip())
    return {letter or " ": int(number) for letter, _, number in lines}


def tokens_of(text: str, letters: Mapping[str, int]) -> list[int]:
    """Numbers with blanks between; a letter that the model never learnt is not passed over."""
    said = " ".join(text.lower().split())
    unknown = {c for c in said if c not in letters and unicodedata.category(c)[0] in "LMN"}
    if unknown:
        raise CannotSay(f"no sound for {' '.join(sorted(unknown))}")
    numbers = [letters[c] for c in said if c in letters]
    if not numbers:
        raise CannotSay("no letter to say")
    tokens = [BLANK] * (2 * len(numbers) + 1)
    tokens[1::2] = numbers
    return tokens


def _given(session: Any, tokens: list[int]) -> dict[str, Any]:
    """What the model asks for, by name and shape: exports differ. No noise, usual speed."""
    import numpy

    row = numpy.array([tokens], dtype=numpy.int64)
    given: dict[str, Any] = {}
    for asked in session.get_inputs():
        name = asked.name.lower()
        if "mask" in name:
            given[asked.name] = numpy.ones_like(row)
        elif "int64" in asked.type and ("len" in name or len(asked.shape) == 1):
            zero = name in ("sid", "speaker_id")
            given[asked.name] = numpy.array([0 if zero else len(tokens)], dtype=numpy.int64)
        elif "int64" in asked.type:
            given[asked.name] = row
        elif name == "scales":
            given[asked.name] = numpy.array([0, 1, 0], dtype=numpy.float32)
        elif "noise" in name:
            given[asked.name] = numpy.zeros(1, dtype=numpy.float32)
        elif "length" in name:
            given[asked.name] = numpy.ones(1, dtype=numpy.float32)
        else:
            raise CannotSay(f"unknown input {asked.name} ({asked.type})")
    return given


def _pcm(sound: Any) -> bytes:
    import numpy

    flat = numpy.asarray(sound, dtype=numpy.float32).ravel()
    if not numpy.isfinite(flat).all():
        raise CannotSay("not a number in the sound")
    samples: bytes = (numpy.clip(flat, -1, 1) * 32767).astype(numpy.int16).tobytes()
    return samples


if __name__ == "__main__":
    answer(speak)
