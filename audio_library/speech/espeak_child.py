"""Reads texts aloud into files of raw PCM. Run with `python -I -S`: it needs nothing but ctypes.

Texts on stdin, parted by NUL; text n becomes the file `n.pcm` of the folder. The library is loaded
anew for each: a second synthesis would give other samples, and threads abort it.
"""

import _ctypes
import ctypes
import errno
import io
import os
import resource
import sys

AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 0x8000
CHARS_UTF8 = 1
POS_CHARACTER = 1
PARAMETER_RATE = 1
PARAMETER_VOLUME = 2

EXIT_NO_ENGINE = 3
EXIT_NO_VOICE = 4
EXIT_FAILED = 5
EXIT_NO_ROOM = 6

SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


def main(library_path: str, data_path: str, voice: str, folder: str, numbers: list[int]) -> int:
    """`numbers`: sample rate expected, words a minute, volume, memory in bytes, seconds of CPU."""
    expected_rate, words_a_minute, volume, memory, seconds = numbers
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    for number, text in enumerate(sys.stdin.buffer.read().split(b"\0")):
        espeak = ctypes.CDLL(library_path)
        code = start(espeak, data_path, voice, expected_rate)
        if code:
            return code
        espeak.espeak_SetParameter(PARAMETER_RATE, words_a_minute, 0)
        espeak.espeak_SetParameter(PARAMETER_VOLUME, volume, 0)
        code = read_aloud(espeak, text, f"{folder}/{number}.pcm")
        if code:
            return code
        espeak.espeak_Terminate()
        _ctypes.dlclose(espeak._handle)
    return 0


def start(espeak: ctypes.CDLL, data_path: str, voice: str, expected_rate: int) -> int:
    rate = espeak.espeak_Initialize(
        AUDIO_OUTPUT_SYNCHRONOUS, 0, data_path.encode(), INITIALIZE_DONT_EXIT
    )
    if rate != expected_rate:
        return EXIT_NO_ENGINE
    # An unknown name keeps the voice before: without this check it would be read all the same.
    return EXIT_NO_VOICE if espeak.espeak_SetVoiceByName(voice.encode()) else 0


def read_aloud(espeak: ctypes.CDLL, text: bytes, path: str) -> int:
    espeak.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    unwritten: list[OSError] = []
    try:
        file = open(path, "wb", buffering=0)  # noqa: PTH123, SIM115 (no site, no pathlib)
    except OSError as error:
        return no_room_or_failed(error)

    def hear(samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0 and not unwritten:
            try:
                write(file, ctypes.string_at(samples, count * 2))
            except OSError as error:
                # Raised here it would be lost, and a gap in the sound would pass for speech.
                unwritten.append(error)
        return len(unwritten)

    callback = SynthCallback(hear)
    espeak.espeak_SetSynthCallback(callback)
    failed = espeak.espeak_Synth(text, len(text) + 1, 0, POS_CHARACTER, 0, CHARS_UTF8, None, None)
    espeak.espeak_Synchronize()
    file.close()
    if unwritten:
        return no_room_or_failed(unwritten[0])
    return EXIT_FAILED if failed else 0


def write(file: io.FileIO, samples: bytes) -> None:
    rest = memoryview(samples)
    while rest:
        rest = rest[file.write(rest) :]


def no_room_or_failed(error: OSError) -> int:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return EXIT_NO_ROOM if full else EXIT_FAILED


if __name__ == "__main__":
    # An orderly end would tear down what the library's threads may still use.
    os._exit(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], [*map(int, sys.argv[5:])]))
