"""The languages of the sample province; tags are ISO 639-3, `vi` for Vietnamese."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from audio_library.errors import BadLanguageList, UnknownLanguage

LATIN = ("Latn",)


@dataclass(frozen=True, slots=True)
class Language:
    """`parent` is the tag of the language that this one is counted as a branch of."""

    tag: str
    name_vi: str
    name_en: str
    name_self: str | None = None
    """In the language itself; None where we do not know it."""
    parent: str | None = None
    scripts: tuple[str, ...] = LATIN
    """ISO 15924 codes of what it is written in, the usual one first."""


LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {
        entry.tag: entry
        for entry in (
            Language("vi", "Việt", "Vietnamese", name_self="Tiếng Việt"),
            Language("sed", "Xơ Đăng", "Sedang", name_self="Rơteăng"),
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
            Language("blt", "Thái đen", "Tai Dam", scripts=("Latn", "Tavt")),
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


def ordered(tags: Iterable[str]) -> tuple[str, ...]:
    """A place's languages in the order of airing; raises UnknownLanguage, or BadLanguageList."""
    listed = tuple(language(tag).tag for tag in tags)
    twice = [language(tag).name_vi for tag in LANGUAGES if listed.count(tag) > 1]
    if twice or not listed:
        raise BadLanguageList(tuple(twice))
    return listed


def ancestors(tag: str) -> tuple[str, ...]:
    """The languages that this one is a branch of, nearest first; raises UnknownLanguage."""
    above: list[str] = []
    parent = language(tag).parent
    while parent is not None:
        above.append(parent)
        parent = language(parent).parent
    return tuple(above)


def covered_by(tag: str) -> tuple[str, ...]:
    """The branches of a language, itself not among them; raises UnknownLanguage.

    A village of a branch is reached by the parent only if its commune says that it understands it.
    """
    of = language(tag).tag
    return tuple(branch for branch in LANGUAGES if of in ancestors(branch))
