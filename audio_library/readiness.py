"""What a bulletin still lacks in each language before it can be aired."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from audio_library.bulletin import Bulletin, Pin, State
from audio_library.languages import Language
from audio_library.languages import language as language_of
from audio_library.recording.changed_words import in_short
from audio_library.recording.take import Take, TakeState
from audio_library.rendition import Rendition, spoken_sha256


class Lack(StrEnum):
    WITHDRAWN = "withdrawn"
    NO_SCRIPT = "no_script"
    NOT_APPROVED = "not_approved"
    EXPIRED = "expired"
    NO_RENDITION = "no_rendition"
    BEING_MADE = "being_made"
    RENDER_FAILED = "render_failed"
    WAITS_FOR_RECORDING = "waits_for_recording"
    TAKE_UNHEARD = "take_unheard"
    TAKE_UNRELEASED = "take_unreleased"
    TAKE_REFUSED = "take_refused"
    OLDER_WORDS = "older_words"


NEEDS_A_READER = frozenset({"no_voice_for_language", "voice_not_ready", "not_recorded"})
"""Errors of a rendition that mean: no machine reads this, a person must."""


@dataclass(frozen=True, slots=True)
class Work:
    """How far the making of one language's audio has come; why it failed, if it did."""

    state: str
    """waiting | working | failed | stopped | done"""
    code: str | None = None
    vi: str | None = None
    en: str | None = None


@dataclass(frozen=True, slots=True)
class Recordings:
    """What is known of audio in the making: takes newest first, work by language."""

    takes: Sequence[Take] = ()
    work: Mapping[str, Work] = field(default_factory=lambda: MappingProxyType({}))
    readers: Mapping[str, Sequence[str]] = field(default_factory=lambda: MappingProxyType({}))
    """Names of those who may be asked to read, by language."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Ready with the asset to air, or what is lacking and why, for people."""

    language: str
    asset_sha256: str | None
    lack: Lack | None
    vi: str
    en: str

    @property
    def ready(self) -> bool:
        return self.lack is None


@dataclass(frozen=True, slots=True)
class Reason:
    """One lack, in words."""

    lack: Lack
    vi: str
    en: str


NO_RECORDINGS = Recordings()


def readiness(
    bulletin: Bulletin,
    renditions: Iterable[Rendition],
    wanted: Iterable[str],
    *,
    at: datetime,
    recordings: Recordings = NO_RECORDINGS,
) -> tuple[Readiness, ...]:
    """One answer per wanted language, in that order; raises UnknownLanguage.

    A take counts only as the words that it holds: those of `bulletin` say what was read before.
    """
    made = {(r.language, r.spoken_sha256): r.asset_sha256 for r in renditions}
    return tuple(_in(tag, bulletin, made, recordings, at) for tag in wanted)


def _in(
    tag: str,
    bulletin: Bulletin,
    made: Mapping[tuple[str, str], str],
    recordings: Recordings,
    at: datetime,
) -> Readiness:
    names, pin = language_of(tag), bulletin.pin(tag)
    reason = _not_to_be_aired(bulletin, pin, names, at)
    if reason is None and pin is not None:
        digest = spoken_sha256(tag, pin.spoken)
        asset = made.get((tag, digest))
        if asset is not None:
            return Readiness(tag, asset, None, "Sẵn sàng.", "Ready.")
        reason = _not_voiced(bulletin, pin, digest, names, recordings)
    assert reason is not None
    return Readiness(tag, None, reason.lack, reason.vi, reason.en)


def _not_to_be_aired(
    bulletin: Bulletin, pin: Pin | None, names: Language, at: datetime
) -> Reason | None:
    if bulletin.state is State.WITHDRAWN:
        return Reason(Lack.WITHDRAWN, "Bản tin đã rút.", "The bulletin is withdrawn.")
    if bulletin.script(names.tag) is None:
        return Reason(
            Lack.NO_SCRIPT,
            f"Chưa có bản tiếng {names.name_vi}.",
            f"There is no script in {names.name_en}.",
        )
    if bulletin.state is not State.APPROVED or pin is None:
        return Reason(
            Lack.NOT_APPROVED,
            f"Chưa được duyệt (đang là {bulletin.state.title_vi}).",
            f"Not approved yet (it is {bulletin.state}).",
        )
    if at >= bulletin.valid_until:
        return Reason(
            Lack.EXPIRED,
            f"Hết giá trị từ {bulletin.valid_until:%H:%M %d/%m/%Y}.",
            f"Expired at {bulletin.valid_until:%Y-%m-%d %H:%M}.",
        )
    return None


def _not_voiced(
    bulletin: Bulletin, pin: Pin, digest: str, names: Language, recordings: Recordings
) -> Reason:
    """Approved, but no audio of exactly these words: the nearest step to it."""
    in_language = [take for take in recordings.takes if take.language == names.tag]
    of_these_words = [take for take in in_language if take.spoken_sha256 == digest]
    older = [
        take
        for take in in_language
        if take.bulletin_id == bulletin.id
        and take.spoken_sha256 != digest
        and take.state is not TakeState.REFUSED
    ]
    work = recordings.work.get(names.tag)
    standing = [take for take in of_these_words if take.state is not TakeState.REFUSED]
    if work is not None and work.state == "waiting" and work.vi:
        return Reason(
            Lack.RENDER_FAILED,
            f"Chưa tạo được âm thanh tiếng {names.name_vi}, máy sẽ tự thử lại: {work.vi}",
            f"The {names.name_en} audio could not be made yet and is tried again: {work.en}",
        )
    if work is not None and work.state in ("waiting", "working"):
        return Reason(
            Lack.BEING_MADE,
            f"Đang tạo âm thanh tiếng {names.name_vi}.",
            f"The {names.name_en} audio is being made.",
        )
    if standing and (reason := _under_way(standing, names)) is not None:
        return reason
    if work is not None and work.state == "failed" and work.code not in NEEDS_A_READER:
        return Reason(
            Lack.RENDER_FAILED,
            f"Không tạo được âm thanh tiếng {names.name_vi}: {work.vi or 'không rõ vì sao'}",
            f"The {names.name_en} audio could not be made: {work.en or 'nobody knows why'}",
        )
    if work is not None and work.state == "stopped":
        return Reason(
            Lack.RENDER_FAILED,
            f"Việc tạo âm thanh tiếng {names.name_vi} đã bị dừng.",
            f"The making of the {names.name_en} audio was stopped.",
        )
    if of_these_words and not standing:
        return _refused(of_these_words[0], names)
    if older:
        return _of_older_words(older[0], pin, names)
    if work is not None and work.state == "failed":
        return _waits(names, recordings.readers.get(names.tag, ()))
    return Reason(
        Lack.NO_RENDITION,
        f"Thiếu bản thu tiếng {names.name_vi}.",
        f"The {names.name_en} recording is missing.",
    )


def _under_way(standing: Sequence[Take], names: Language) -> Reason | None:
    """The take that is nearest to the air, if a person has to do something for it."""
    states = {take.state for take in standing}
    if TakeState.RELEASED in states:
        return None
    if TakeState.HEARD in states:
        return Reason(
            Lack.TAKE_UNRELEASED,
            f"Bản thu tiếng {names.name_vi} đã có người nghe lại, chờ cho phát.",
            f"The {names.name_en} recording was heard and waits to be released.",
        )
    return Reason(
        Lack.TAKE_UNHEARD,
        f"Bản thu tiếng {names.name_vi} chờ người thứ hai hiểu tiếng nghe lại.",
        f"The {names.name_en} recording waits for a second listener who understands it.",
    )


def _refused(take: Take, names: Language) -> Reason:
    why = take.refused.why if take.refused else ""
    return Reason(
        Lack.TAKE_REFUSED,
        f"Bản thu tiếng {names.name_vi} bị loại: {why} Cần thu lại.",
        f"The {names.name_en} recording was refused: {why} Record it again.",
    )


def _of_older_words(take: Take, pin: Pin, names: Language) -> Reason:
    day, changed = f"{take.brought.at:%d/%m/%Y}", in_short(take.words, pin.spoken)
    return Reason(
        Lack.OLDER_WORDS,
        f"Bản thu tiếng {names.name_vi} ngày {day} là của lời cũ ({changed}), cần thu lại.",
        f"Recorded in {names.name_en} on {take.brought.at:%Y-%m-%d} for older words ({changed}); "
        "record again.",
    )


def _waits(names: Language, readers: Sequence[str]) -> Reason:
    if readers:
        listed = ", ".join(readers[:5])
        return Reason(
            Lack.WAITS_FOR_RECORDING,
            f"Chờ thu giọng người đọc tiếng {names.name_vi}: {listed}.",
            f"Waiting for a recording by a reader of {names.name_en}: {listed}.",
        )
    return Reason(
        Lack.WAITS_FOR_RECORDING,
        f"Chờ thu giọng người đọc tiếng {names.name_vi}; chưa có người đọc nào được ghi tên.",
        f"Waiting for a recording by a reader of {names.name_en}; none is enrolled yet.",
    )
