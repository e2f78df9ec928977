"""What a master is to sound like. Knows no decoder, so that anyone may import it."""

from enum import StrEnum

VERSION = "3"
"""Counted up with every change that makes other samples of the same sound."""


class Preset(StrEnum):
    """For which loudspeaker."""

    HORN = "horn"
    """A reflex horn: nothing below 280 Hz or above 6.5 kHz, presence, firmly compressed."""
    PLAIN = "plain"
    """A wide-band loudspeaker or a telephone."""


class Dressing(StrEnum):
    """What stands around the speech."""

    CHIME = "chime"
    """Chime, pause, speech, pause, chime: a bulletin."""
    BARE = "bare"
    """Nothing: a phrase, which stands beside others."""
