"""Which phrases there are: stable dotted ids, what they are about, and how Vietnamese says them."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType

from audio_library.errors import EmptyText
from audio_library.phrases.errors import BadPhraseWords, UnknownPhrase
from audio_library.script import check_text
from audio_library.wording.numbers import cardinal

MAX_CHARACTERS = 200
"""Of one phrase: some fifteen seconds of speech."""
MINUTE_STEP = 5
"""Of the minutes, those that an emergency cannot do without."""

PLACE = "place."
"""Before the id of a unit."""

_PLACE_ID = re.compile(r"place\.[a-z0-9][a-z0-9-]{0,39}")
_NUMBER_ID = re.compile(r"number\.(0|[1-9]\d{0,5})")
"""A language may record any number up to 999,999 as one phrase of its own."""
_FOURTH = {4: "tư"}


class Category(StrEnum):
    """What a phrase is about."""

    HAZARD = "hazard"
    LEVEL = "level"
    PLACE = "place"
    NUMBER = "number"
    TIME = "time"
    INSTRUCTION = "instruction"
    SOURCE = "source"
    LINK = "link"
    TEST = "test"
    END = "end"

    @property
    def title_vi(self) -> str:
        return _TITLES_VI[self]


_TITLES_VI: Mapping[Category, str] = MappingProxyType(
    {
        Category.HAZARD: "hiểm hoạ",
        Category.LEVEL: "cấp độ",
        Category.PLACE: "địa danh",
        Category.NUMBER: "số",
        Category.TIME: "thời gian",
        Category.INSTRUCTION: "việc cần làm",
        Category.SOURCE: "nguồn tin",
        Category.LINK: "lời mở đầu và lời nối",
        Category.TEST: "thử loa",
        Category.END: "kết thúc",
    }
)

_CATEGORY_OF: Mapping[str, Category] = MappingProxyType(
    {
        **{category.value: category for category in Category},
        **dict.fromkeys(("scale", "unit"), Category.NUMBER),
        **dict.fromkeys(("hour", "minute", "day", "month"), Category.TIME),
        "opening": Category.LINK,
    }
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """One thing to say; `vi` is its spoken form in Vietnamese, `needed` in every emergency."""

    id: str
    category: Category
    vi: str
    needed: bool = True


@cache
def catalogue() -> Mapping[str, Phrase]:
    """Every phrase that is the same everywhere, by id; places come from the area tree."""
    text = resources.files(__package__).joinpath("catalogue.tsv").read_text("utf-8")
    lines = (line.split("\t") for line in text.splitlines() if line and line[0] != "#")
    written = [
        Phrase(key, category, words, needed=category is not Category.NUMBER)
        for key, words in lines
        for category in (category_of(key),)
    ]
    made = (*written, *_numbers(), *_times())
    return MappingProxyType({phrase.id: phrase for phrase in made})


def _numbers() -> tuple[Phrase, ...]:
    return tuple(
        Phrase(number_id(n), Category.NUMBER, cardinal(n), needed=False) for n in range(101)
    )


def _times() -> tuple[Phrase, ...]:
    return (
        *(Phrase(f"hour.{n:02d}", Category.TIME, f"{cardinal(n)} giờ") for n in range(24)),
        *(
            Phrase(
                f"minute.{n:02d}", Category.TIME, f"{cardinal(n)} phút", needed=n % MINUTE_STEP == 0
            )
            for n in range(1, 60)
        ),
        *(Phrase(f"day.{n:02d}", Category.TIME, f"ngày {cardinal(n)}") for n in range(1, 32)),
        *(
            Phrase(f"month.{n:02d}", Category.TIME, f"tháng {_FOURTH.get(n) or cardinal(n)}")
            for n in range(1, 13)
        ),
    )


def number_id(n: int) -> str:
    return f"number.{n}"


def place_id(unit_id: str) -> str:
    """The phrase that names a unit, by its opaque id."""
    return f"{PLACE}{unit_id}"


def category_of(phrase: str) -> Category:
    """What a phrase of this id is about; raises UnknownPhrase."""
    category = _CATEGORY_OF.get(phrase.partition(".")[0])
    if category is None:
        raise UnknownPhrase(phrase)
    return category


def check_phrase_id(phrase: str) -> str:
    """The id, if it is of the catalogue, of a place or of a whole number; raises UnknownPhrase."""
    known = phrase in catalogue() or _PLACE_ID.fullmatch(phrase) or _NUMBER_ID.fullmatch(phrase)
    if not known:
        raise UnknownPhrase(phrase)
    return phrase


def check_words(raw: str) -> str:
    """Words exactly as they are to be said, in one spelling and one line; raises BadPhraseWords."""
    try:
        words = " ".join(check_text(raw).split())
    except EmptyText:
        raise BadPhraseWords(raw, "chưa có chữ nào", "there are none") from None
    if len(words) > MAX_CHARACTERS:
        raise BadPhraseWords(
            words, f"dài hơn {MAX_CHARACTERS} ký tự", f"longer than {MAX_CHARACTERS} characters"
        )
    unsaid = next((c for c in words if not _is_said(c)), None)
    if unsaid is not None:
        raise BadPhraseWords(
            words, f"có ký tự “{unsaid}” không đọc thành lời", f"“{unsaid}” is not spoken as it is"
        )
    return words


def _is_said(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM" or character in " ,.;:!?'’ʼ-"
