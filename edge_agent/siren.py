"""The siren: two tones that rise and fall together, made on the box before an alert is said."""

import math
from array import array

from edge_agent.tone import RATE, wave_file

LOW_HZ, HIGH_HZ = 500, 1_000
FIFTH = 1.5
"""The second tone stands so much above the first."""

SWEEP_S = 2
PEAK = 0.16
"""Of each tone, of full scale: together they are as loud as speech, at -16 LUFS."""

FADE_S = 0.05


def siren(seconds: int) -> bytes:
    """A mono WAV of 16 bits: the same seconds give the same bytes."""
    sweep = array("h", (round(32_767 * sample) for sample in _sweep()))
    samples = (sweep * (seconds // SWEEP_S + 1))[: seconds * RATE]
    fade = round(FADE_S * RATE)
    for n in range(fade):
        samples[n] = samples[n] * n // fade
        samples[-1 - n] = samples[-1 - n] * n // fade
    return wave_file(samples)


def _sweep() -> list[float]:
    """One rise and fall; it ends in the phase in which it begins, so that it can go on."""
    many = SWEEP_S * RATE
    samples, turn = [], 0.0
    for n in range(many):
        height = (1 - math.cos(2 * math.pi * n / many)) / 2
        turn += 2 * math.pi * (LOW_HZ + (HIGH_HZ - LOW_HZ) * height) / RATE
        samples.append(PEAK * (math.sin(turn) + math.sin(FIFTH * turn)))
    return samples
