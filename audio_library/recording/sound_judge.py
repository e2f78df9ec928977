"""Is a measured recording fit for air; what a person should know of it even if it is."""

from dataclasses import dataclass

from audio_library.recording.errors import TakeClipped, TakeSilent, TakeTooNoisy, TakeTooQuiet
from audio_library.recording.measured import Measured

SILENT_DBFS = -55.0
"""A microphone that is off or not plugged in; a whisper at arm's length is 15 dB above."""
LEAST_LUFS = -42.0
"""Mastering would raise it by 26 dB, and the hiss of the recorder with it."""
LEAST_OVER_NOISE_DB = 15.0
"""The compressor of the horn lifts pauses by some 10 dB; with less they roar between the words."""
MOST_CLIPPED = 0.10
"""A level 3 dB too high clips a tenth of the speech, 6 dB a quarter; clean speech below 0.01."""

NOTED_CLIPPED = 0.02
NOTED_DC_OFFSET = 0.01
NOTED_OVER_NOISE_DB = 22.0
NOTED_GAP_MS = 5_000
FASTEST_PER_S, SLOWEST_PER_S = 22.0, 4.0
"""Letters and digits a second: a newsreader says 13 to 16, a slow reader 8."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something odd that a person should listen for; `code` is stable."""

    code: str
    vi: str
    en: str


def refuse_unfit(measured: Measured) -> None:
    """Raises TakeSilent, TakeTooQuiet, TakeTooNoisy or TakeClipped, with the figures."""
    refuse_silent(measured)
    if measured.clipped > MOST_CLIPPED:
        raise TakeClipped(measured.clipped, MOST_CLIPPED)
    if measured.over_noise_db < LEAST_OVER_NOISE_DB:
        raise TakeTooNoisy(measured.over_noise_db, LEAST_OVER_NOISE_DB, measured.noise_dbfs)
    if measured.lufs < LEAST_LUFS:
        raise TakeTooQuiet(measured.lufs, LEAST_LUFS)


def refuse_silent(measured: Measured) -> None:
    """Raises TakeSilent: all that is asked of music, which may be soft, dense or loud."""
    if measured.voice_dbfs < SILENT_DBFS:
        raise TakeSilent(measured.brought_ms / 1000, measured.voice_dbfs)


def notes(measured: Measured, words: str) -> tuple[Note, ...]:
    """What to listen for in a recording of these words."""
    said = (
        _pace(measured, words),
        _gap(measured),
        _clipped(measured),
        _noisy(measured),
        _offset(measured),
        _cut_off(measured),
    )
    return tuple(note for note in said if note is not None)


def _pace(measured: Measured, words: str) -> Note | None:
    seconds = measured.duration_ms / 1000
    per_s = sum(c.isalnum() for c in words) / max(seconds, 0.05)
    if per_s > FASTEST_PER_S:
        return Note(
            "too_short",
            f"Chỉ {seconds:.0f} giây cho lời dài như vậy: có lẽ thiếu lời.",
            f"Only {seconds:.0f} s for so many words: some may be missing.",
        )
    if per_s < SLOWEST_PER_S:
        return Note(
            "too_long",
            f"Tới {seconds:.0f} giây cho lời ngắn như vậy: có lẽ thừa lời hoặc đọc nhầm bài.",
            f"As long as {seconds:.0f} s for so few words: there may be more than the script.",
        )
    return None


def _gap(measured: Measured) -> Note | None:
    if measured.longest_gap_ms < NOTED_GAP_MS:
        return None
    seconds = measured.longest_gap_ms / 1000
    return Note(
        "long_gap",
        f"Có chỗ im lặng {seconds:.0f} giây giữa bài.",
        f"There is a silence of {seconds:.0f} s within.",
    )


def _clipped(measured: Measured) -> Note | None:
    if measured.clipped <= NOTED_CLIPPED:
        return None
    return Note(
        "clipped",
        f"Tiếng hơi vỡ ở {measured.clipped:.0%} lời đọc; lần sau giảm mức thu.",
        f"{measured.clipped:.0%} of the speech is clipped; next time lower the recording level.",
    )


def _noisy(measured: Measured) -> Note | None:
    if measured.over_noise_db >= NOTED_OVER_NOISE_DB:
        return None
    return Note(
        "noisy",
        f"Tiếng ồn chỉ kém giọng đọc {measured.over_noise_db:.0f} dB.",
        f"The noise is only {measured.over_noise_db:.0f} dB below the voice.",
    )


def _offset(measured: Measured) -> Note | None:
    if abs(measured.dc_offset) < NOTED_DC_OFFSET:
        return None
    return Note(
        "dc_offset",
        f"Máy ghi âm lệch điểm không {measured.dc_offset:.1%}; đã sửa khi phát, nên kiểm tra máy.",
        f"The recorder is off zero by {measured.dc_offset:.1%}; mended on air, have it looked at.",
    )


def _cut_off(measured: Measured) -> Note | None:
    if not measured.cut_off:
        return None
    return Note(
        "maybe_cut_off",
        "Tệp không có dấu kết thúc: hãy nghe xem cuối bài có đủ không.",
        "The file has no mark of its end: listen whether the last words are there.",
    )
