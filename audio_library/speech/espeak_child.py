"""Reads stdin aloud to stdout as raw PCM. Run with `python -I -S`: it needs nothing but ctypes.

One text a process: a second synthesis in one process gives other samples, and threads abort it.
"""

import ctypes
import errno
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


def main(
    library_path: str, data_path: str, voice: str, numbers: tuple[int, int, int, int, int]
) -> int:
    """`numbers`: sample rate expected, words a minute, volume, memory in bytes, seconds of CPU."""
    expected_rate, words_a_minute, volume, memory, seconds = numbers
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    text = sys.stdin.buffer.read()
    espeak = ctypes.CDLL(library_path)
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
    rate = espeak.espeak_Initialize(
        AUDIO_OUTPUT_SYNCHRONOUS, 0, data_path.encode(), INITIALIZE_DONT_EXIT
    )
    if rate != expected_rate:
        return EXIT_NO_ENGINE
    # An unknown name keeps the voice before: without this check it would be read all the same.
    if espeak.espeak_SetVoiceByName(voice.encode()) != 0:
        return EXIT_NO_VOICE
    espeak.espeak_SetParameter(PARAMETER_RATE, words_a_minute, 0)
    espeak.espeak_SetParameter(PARAMETER_VOLUME, volume, 0)

    unwritten: list[OSError] = []

    def hear(samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0 and not unwritten:
            try:
                sys.stdout.buffer.write(ctypes.string_at(samples, count * 2))
                sys.stdout.buffer.flush()
            except OSError as error:
                # Raised here it would be lost, and a gap in the sound would pass for speech.
                unwritten.append(error)
        return len(unwritten)

    callback = SynthCallback(hear)
    espeak.espeak_SetSynthCallback(callback)
    failed = espeak.espeak_Synth(text, len(text) + 1, 0, POS_CHARACTER, 0, CHARS_UTF8, None, None)
    espeak.espeak_Synchronize()
    if unwritten:
        full = unwritten[0].errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        return EXIT_NO_ROOM if full else EXIT_FAILED
    return EXIT_FAILED if failed else 0


if __name__ == "__main__":
    first, second, third, fourth, fifth = map(int, sys.argv[4:9])
    code = main(sys.argv[1], sys.argv[2], sys.argv[3], (first, second, third, fourth, fifth))
    # An orderly end would try again to write what a full disk refused, and fail as something else.
    os._exit(code)
