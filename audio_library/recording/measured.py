"""What was measured of a recording, before and after its silent ends were cut off."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Levels are those of 50 ms blocks of the loudest channel, offset taken out."""

    kind: str
    """Container and codec: `m4a aac`."""
    sample_rate: int
    channels: int
    brought_ms: int
    """Length as it was brought, by the samples that it holds."""
    duration_ms: int
    """Length as it is kept, silent ends cut off."""
    lufs: float
    """Loudness of what is kept (ITU-R BS.1770)."""
    peak_dbfs: float
    noise_dbfs: float
    """Level that a tenth of the blocks stay below: what is heard between the words."""
    voice_dbfs: float
    """Level that a twentieth of the blocks exceed: the strong syllables."""
    clipped: float
    """Share of the spoken blocks at full scale, or cut off flat below it."""
    dc_offset: float
    """Mean of the samples, of full scale."""
    longest_gap_ms: int
    """Longest stretch without a voice inside the recording."""
    cut_off: bool
    """The file ends without the mark of its end."""

    @property
    def over_noise_db(self) -> float:
        return self.voice_dbfs - self.noise_dbfs
