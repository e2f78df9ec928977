"""Fractions and proportions: what has a stroke or a colon and is no date and no time."""

import re

from audio_library.wording import units
from audio_library.wording.numbers import whole
from audio_library.wording.rule import Place, Rule, Said, Start, followed_by, preceded_by

_FRACTION = re.compile(r"(\d{1,15})\s?[/⁄∕]\s?(\d{1,15})(?P<unit>\s?[hm%])?(?![\w/]|[.,]\d)")
_PROPORTION = re.compile(
    r"(\d{1,3}(?:\.\d{3})+|\d{1,15})\s?:\s?(\d{1,3}(?:\.\d{3})+|\d{1,15})(?!\d|[:.,]\d)"
)
_OF_SEVERAL = re.compile(r"\d{1,3}(?:\s?:\s?\d{1,3}){2,4}(?!\d|[:.,]\d)")

_SCALE = preceded_by("tỷ lệ|tỉ lệ|tỷ số|tỉ số|bản đồ|tỷ lệ bản đồ|pha")
_SHARES = re.compile(
    r"(?<!\w)(?:tỷ lệ|tỉ lệ|tỷ số|tỉ số|trộn|pha|phối|công thức)(?!\w)[^.;\n]{0,60}$"
)
_PART_OF = followed_by("số|tổng|diện tích|dân số|quãng|chiều|lượng|sản lượng|giá|thời gian|đoạn")
_MEASURED = re.compile(rf"\s?{units.ALONE}{units.ENDS}|\s(?:sào|mẫu|viên|tạ|tấn|lít)(?!\w)")
_DAY = preceded_by("ngày")
_SMALL = 10


def _fraction(place: Place) -> Said | str:
    above, below = place[1], place[2]
    part = int(above) < int(below) <= _SMALL and (
        place.precedes(_PART_OF) or place.precedes(_MEASURED)
    )
    spoken = f"{whole(above)} {'phần' if part else 'trên'} {whole(below)}"
    if place["unit"]:
        spoken += f" {units.spoken(place['unit'])}"
    if not place.follows(_DAY):
        return spoken
    return Said(spoken, ("Không có ngày này trong lịch.", "There is no such day."))


def _proportion(place: Place) -> str | None:
    thousands = "." in place[0] and " " not in place[0]
    if not (thousands or place.follows(_SCALE)):
        return None
    return " trên ".join(whole(part.replace(".", "")) for part in place.match.groups())


def _of_several(place: Place) -> str | None:
    """Shares of a mixture: `tỷ lệ N:P:K 7:2:1`."""
    if not place.follows(_SHARES):
        return None
    return ", ".join(map(whole, re.split(r"\s?:\s?", place[0])))


RULES = (
    Rule(Start.DIGIT, _OF_SEVERAL, _of_several, then=":"),
    Rule(Start.DIGIT, _FRACTION, _fraction, then="/⁄∕"),
    Rule(Start.DIGIT, _PROPORTION, _proportion, then=":."),
)
