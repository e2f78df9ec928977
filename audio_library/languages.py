"""The languages of the sample province; tags are ISO 639-3, `vi` for Vietnamese."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from audio_library.errors import UnknownLanguage


@dataclass(frozen=True, slots=True)
class Language:
    """`parent` is the tag of the language that this one is counted as a branch of."""

    tag: str
    name_vi: str
    name_en: str
    parent: str | None = None


LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {
        entry.tag: entry
        for entry in (
            Language("vi", "Việt", "Vietnamese"),
            Language("sed", "Xơ Đăng", "Sedang"),
            Language("tdr", "Tơ Đrá", "Todrah", parent="sed"),
            Language("moo", "Mơ Nâm", "Monom", parent="sed"),
            Language("kxy", "Ca Dong", "Kayong", parent="sed"),
            Language("hal", "Hà Lăng", "Halang", parent="sed"),
            Language("bdq", "Ba Na", "Bahnar"),
            Language("ren", "Rơ Ngao", "Rengao", parent="bdq"),
            Language("jeh", "Giẻ", "Jeh"),
            Language("stg", "Triêng", "Trieng"),
            Language("jra", "Gia Rai", "Jarai"),
            Language("brb", "Brâu", "Brao"),
            Language("rmx", "Rơ Măm", "Romam"),
            Language("hre", "Hrê", "Hre"),
            Language("mtq", "Mường", "Muong"),
            Language("blt", "Thái đen", "Tai Dam"),
            Language("tyz", "Tày", "Tay"),
            Language("nut", "Nùng", "Nung"),
        )
    }
)


def language(tag: str) -> Language:
    """The language of that tag; raises UnknownLanguage, which lists the tags in use."""
    try:
        return LANGUAGES[tag]
    except KeyError:
        raise UnknownLanguage(tag, tuple(LANGUAGES)) from None
