"""Is a text in the language that it is marked with? A Vietnamese voice must not read another one.

Bahnar, Jarai and Sedang look like Vietnamese and are not. Judged by letters, by syllables that
Vietnamese cannot have and by their share among the words; a name in capitals proves nothing, a
whole text in capitals is asked about.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from audio_library.languages import Language
from audio_library.languages import language as language_of
from audio_library.writing import legacy_font
from audio_library.writing.unicode import script_of, shortened


class Verdict(StrEnum):
    FITS = "fits"
    DOUBTFUL = "doubtful"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What to ask the person in `vi` and `en` (empty when it fits), and the words that tell it."""

    verdict: Verdict
    looks_like: tuple[str, ...] = ()
    """Tags of languages that it may be in, the likeliest first; empty: it cannot be said."""
    evidence: tuple[str, ...] = ()
    vi: str = ""
    en: str = ""


FITS = Judgement(Verdict.FITS)

SHARE_OF_OTHER = 0.3
"""Of the words of a sentence in Bahnar or Jarai about three quarters cannot be Vietnamese."""
SHARE_OF_DOUBT = 0.1
SHARE_OF_LOANS = 0.5
"""Words such as email and video are written without any accent; a text of them is English."""
FEW = 3
"""Fewer odd words than that may be quoted, or names in small letters."""
SHOWN = 5
MANY = 8
"""So many words all in capitals are a text that was typed so, and no list of a few names."""

_WORD = re.compile(r"['’‘ʼ]?[^\W\d_][\u0300-\u036f]*(?:['’‘ʼ]?[^\W\d_][\u0300-\u036f]*)*")
_APOSTROPHE = re.compile(r"['’‘ʼ]")
_QUOTED = re.compile(r"(?<!\w)['‘]([^'’‘\n]*)['’](?!\w)")
_HIGHLAND_LETTERS = frozenset("ƀčĕĭŏŭ\u0306")
_SYLLABLE = re.compile(
    r"(?:ngh(?=[eiy])|ng|nh|gh(?=[eiy])|gi|kh|ph|qu|th|tr|ch|k(?=[eiy])|[bcdghlmnprstvx])?"
    r"(?:uye|uya|uyu|ieu|yeu|oai|oao|oay|oeo|uai|uay|uau|uoi|uou|ueu"
    r"|ai|ao|au|ay|eo|eu|ia|ie|iu|oa|oe|oi|oo|ua|ue|ui|uo|uu|uy|ye|a|e|i|o|u|y)"
    r"(?:ng|nh|ch|c|m|n|p|t)?"
)
"""One Vietnamese syllable without its signs and tone; đ as d."""
_VIETNAMESE_WORD = re.compile(
    r"và|của|các|những|được|không|người|với|trong|cho|đến|tại|phải|này|là|có|để|khi|về|từ"
    r"|hoặc|thì|đã|sẽ|nhưng|cũng"
)
_TONES_OF_VIETNAMESE = frozenset("\u0309\u0303\u0323")
_SHARE_OF_SYLLABLES, _SHARE_OF_COMMON, _WORDS_OF_VIETNAMESE = 0.9, 0.1, 5


def judge(text: str, language: str) -> Judgement:
    """Expects one spelling; raises UnknownLanguage. Never OTHER for a few words or for names."""
    names = language_of(language)
    foreign = _in_other_script(text, names)
    if foreign is not None:
        return foreign
    if language == "vi":
        return _as_vietnamese(text)
    return _as_minority(text, names)


# --- marked as Vietnamese ------------------------------------------------------------------------


def _as_vietnamese(text: str) -> Judgement:
    old = legacy_font.proposal(text, "bdq")
    read = _QUOTED.sub(r" \1 ", text if old is None else old.text)
    every = _WORD.findall(read)
    in_capitals = len(every) >= MANY and 2 * sum(map(_is_shouted, every)) > len(every)
    if in_capitals:
        every = _WORD.findall(read.lower())
    words = [word for word in every if _counts(word)]
    odd = [word for word in words if _is_odd(word)]
    telling = [word for word in odd if not word.isascii() or _APOSTROPHE.search(word)]
    share = len(odd) / max(1, len(words))
    if len(telling) >= FEW - 1 and len(odd) >= FEW and share >= SHARE_OF_OTHER:
        # In capitals it may still be a list of places: no letter tells them apart.
        verdict = Verdict.DOUBTFUL if in_capitals else Verdict.OTHER
        return _not_vietnamese(verdict, _likeliest(every), _shown(telling))
    if old is not None:
        return _in_old_font(_shown(text[c.start : c.end] for c in old.changes))
    marked = [word for word in every if _has_highland_letter(word)]
    if (
        any(_has_highland_letter(word) for word in odd)
        or (len(marked) >= FEW and len(marked) >= SHARE_OF_OTHER * len(every))
        or (telling and share >= (SHARE_OF_DOUBT if len(telling) > 1 else SHARE_OF_OTHER))
    ):
        return _not_vietnamese(Verdict.DOUBTFUL, _likeliest(every), _shown(telling or marked))
    if len(odd) >= FEW and share >= SHARE_OF_LOANS:
        return _not_vietnamese(Verdict.DOUBTFUL, (), _shown(odd))
    return FITS


def _is_shouted(word: str) -> bool:
    return len(word) > 1 and word.isupper()


def _counts(word: str) -> bool:
    """A name or an abbreviation is no evidence, nor is a unit such as km."""
    return word[-1].islower() and not _APOSTROPHE.sub("", word)[:1].isupper() and _has_vowel(word)


def _has_vowel(word: str) -> bool:
    return any(letter in "aeiouy" for letter in _plain(word))


def _is_odd(word: str) -> bool:
    """It cannot be one Vietnamese syllable, written with or without accents."""
    if _has_highland_letter(word) or _APOSTROPHE.search(word):
        return True
    return _SYLLABLE.fullmatch(_plain(word)) is None


def _has_highland_letter(word: str) -> bool:
    return not _HIGHLAND_LETTERS.isdisjoint(word.lower())


def _plain(word: str) -> str:
    letters = unicodedata.normalize("NFD", word.lower().replace("đ", "d"))
    return "".join(c for c in letters if unicodedata.category(c) != "Mn")


def _likeliest(words: list[str]) -> tuple[str, ...]:
    """Bahnar, Jarai and Sedang, by the signs that each has more of; close relatives look alike."""
    small = [word.lower() for word in words]
    found = {
        "bdq": sum(_has_highland_letter(word) and "č" not in word for word in small),
        "jra": sum(2 * ("č" in word or "ñ" in word) + ("ô\u0306" in word) for word in small),
        "sed": sum(bool(_APOSTROPHE.search(word)) for word in small),
    }
    return tuple(sorted(found, key=lambda tag: -found[tag]))


def _in_old_font(codes: tuple[str, ...]) -> Judgement:
    return Judgement(
        Verdict.DOUBTFUL,
        legacy_font.LANGUAGES,
        codes,
        f"Văn bản đánh dấu là tiếng Việt nhưng có ký hiệu của phông chữ cũ ({_listed(codes)}): "
        "đây có phải tiếng Ba Na, Gia Rai hay Xơ Đăng không?",
        f"Marked as Vietnamese, but it holds signs of an old font ({_listed(codes)}): "
        "is it Bahnar, Jarai or Sedang?",
    )


def _not_vietnamese(
    verdict: Verdict, looks_like: tuple[str, ...], evidence: tuple[str, ...]
) -> Judgement:
    names_vi, names_en = _names(looks_like)
    listed = _listed(evidence)
    if verdict is Verdict.OTHER:
        return Judgement(
            verdict,
            looks_like,
            evidence,
            f"Đây không phải tiếng Việt ({listed}), có vẻ là tiếng {names_vi}. "
            "Hãy chọn đúng tiếng và nhờ người đọc thu âm; giọng tiếng Việt không đọc văn bản này.",
            f"This is not Vietnamese ({listed}); it looks like {names_en}. "
            "Mark the right language and have a person read it; no Vietnamese voice will.",
        )
    if not looks_like:
        return Judgement(
            verdict,
            looks_like,
            evidence,
            f"Có từ không thể là tiếng Việt ({listed}): văn bản có đúng là tiếng Việt không?",
            f"Some words cannot be Vietnamese ({listed}): is the text really in Vietnamese?",
        )
    return Judgement(
        verdict,
        looks_like,
        evidence,
        f"Có từ không thể là tiếng Việt ({listed}): đây có phải tiếng {names_vi} không?",
        f"Some words cannot be Vietnamese ({listed}): is it {names_en}?",
    )


# --- marked as another language ------------------------------------------------------------------


def _as_minority(text: str, names: Language) -> Judgement:
    """Vietnamese words are at home in every language here; a text of nothing else is not."""
    words = [word for word in _WORD.findall(_QUOTED.sub(r" \1 ", text)) if _counts(word)]
    if len(words) < _WORDS_OF_VIETNAMESE:
        return FITS
    syllables = sum(not _is_odd(word) for word in words)
    common = [word for word in words if _VIETNAMESE_WORD.fullmatch(word)]
    toned = sum(
        not _TONES_OF_VIETNAMESE.isdisjoint(unicodedata.normalize("NFD", word)) for word in words
    )
    spoken_so = len(common) >= _SHARE_OF_COMMON * len(words) or toned >= 2 * _SHARE_OF_COMMON * len(
        words
    )
    if syllables < _SHARE_OF_SYLLABLES * len(words) or not spoken_so:
        return FITS
    evidence = _shown(common) or _shown(words)
    return Judgement(
        Verdict.DOUBTFUL,
        ("vi",),
        evidence,
        f"Văn bản đánh dấu là tiếng {names.name_vi} nhưng giống tiếng Việt ({_listed(evidence)}): "
        f"đây có đúng là tiếng {names.name_vi} không?",
        f"Marked as {names.name_en}, but it looks Vietnamese ({_listed(evidence)}): "
        f"is it really {names.name_en}?",
    )


# --- letters of another script -------------------------------------------------------------------


def _in_other_script(text: str, names: Language) -> Judgement | None:
    # Latin letters end below U+0250, apart from a few extensions that no language here uses.
    if all(letter < "\u0250" or not letter.isalpha() for letter in text):
        return None
    scripts = Counter(script for letter in text if (script := script_of(letter)))
    strange = sum(count for script, count in scripts.items() if script not in names.scripts)
    if not strange:
        return None
    evidence = _shown(
        word.strip(',.;:!?()“”"')
        for word in text.split()
        if any(script_of(letter) not in (None, *names.scripts) for letter in word)
    )
    listed = _listed(evidence)
    if strange >= SHARE_OF_OTHER * scripts.total():
        return Judgement(
            Verdict.OTHER,
            (),
            evidence,
            f"Văn bản viết bằng chữ khác ({listed}), không phải chữ của tiếng {names.name_vi}. "
            "Hãy chọn đúng tiếng hoặc gõ lại.",
            f"The text is in another script ({listed}), not in that of {names.name_en}. "
            "Mark the right language or type it again.",
        )
    return Judgement(
        Verdict.DOUBTFUL,
        (),
        evidence,
        f"Có chữ cái của hệ chữ khác lẫn vào ({listed}): có gõ hay dán nhầm không?",
        f"Letters of another script are mixed in ({listed}): were they typed or pasted by mistake?",
    )


# --- words ---------------------------------------------------------------------------------------


def _shown(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))[:SHOWN]


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"“{shortened(word, 40)}”" for word in words)


def _names(tags: tuple[str, ...]) -> tuple[str, str]:
    languages = [language_of(tag) for tag in tags]
    return (
        _either([entry.name_vi for entry in languages], "hoặc"),
        _either([entry.name_en for entry in languages], "or"),
    )


def _either(names: list[str], word: str) -> str:
    return f" {word} ".join([*filter(None, [", ".join(names[:-1])]), *names[-1:]])
