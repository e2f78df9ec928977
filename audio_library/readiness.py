"""What a bulletin still lacks in each language before it can be aired."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from audio_library.bulletin import Bulletin, State
from audio_library.languages import language as language_of
from audio_library.rendition import Rendition, spoken_sha256


class Lack(StrEnum):
    WITHDRAWN = "withdrawn"
    NO_SCRIPT = "no_script"
    NOT_APPROVED = "not_approved"
    EXPIRED = "expired"
    NO_RENDITION = "no_rendition"
    RENDITION_OUTDATED = "rendition_outdated"


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


def readiness(
    bulletin: Bulletin, renditions: Iterable[Rendition], wanted: Iterable[str], *, at: datetime
) -> tuple[Readiness, ...]:
    """One answer per wanted language, in that order; raises UnknownLanguage."""
    made = tuple(renditions)
    return tuple(_in(tag, bulletin, made, at) for tag in wanted)


def _in(tag: str, bulletin: Bulletin, made: tuple[Rendition, ...], at: datetime) -> Readiness:
    names = language_of(tag)
    in_language = [rendition for rendition in made if rendition.language == tag]
    pin = bulletin.pin(tag)

    def lacks(lack: Lack, vi: str, en: str) -> Readiness:
        return Readiness(tag, None, lack, vi, en)

    if bulletin.state is State.WITHDRAWN:
        return lacks(Lack.WITHDRAWN, "Bản tin đã rút.", "The bulletin is withdrawn.")
    if bulletin.script(tag) is None:
        return lacks(
            Lack.NO_SCRIPT,
            f"Chưa có bản tiếng {names.name_vi}.",
            f"There is no script in {names.name_en}.",
        )
    if bulletin.state is not State.APPROVED or pin is None:
        return lacks(
            Lack.NOT_APPROVED,
            f"Chưa được duyệt (đang là {bulletin.state.title_vi}).",
            f"Not approved yet (it is {bulletin.state}).",
        )
    if at >= bulletin.valid_until:
        return lacks(
            Lack.EXPIRED,
            f"Hết giá trị từ {bulletin.valid_until:%H:%M %d/%m/%Y}.",
            f"Expired at {bulletin.valid_until:%Y-%m-%d %H:%M}.",
        )
    if not in_language:
        return lacks(
            Lack.NO_RENDITION,
            f"Thiếu bản ghi tiếng {names.name_vi}.",
            f"The {names.name_en} recording is missing.",
        )
    wording = spoken_sha256(tag, pin.spoken)
    for rendition in in_language:
        if rendition.spoken_sha256 == wording:
            return Readiness(tag, rendition.asset_sha256, None, "Sẵn sàng.", "Ready.")
    return lacks(
        Lack.RENDITION_OUTDATED,
        f"Bản ghi tiếng {names.name_vi} là của lời cũ, cần thu lại.",
        f"The {names.name_en} recording is of older words, record it again.",
    )
