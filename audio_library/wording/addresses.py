"""Addresses of the internet: nobody can write them down from a loudspeaker; they are left out."""

import re

from audio_library.wording.rule import Place, Rule, Said, Start

LABELS = ("e-mail", "email", "website", "web", "fanpage", "link", "http", "https")
"""What announces an address, in any capitals, goes with it."""

_LABEL = rf"(?:(?i:{'|'.join(LABELS)})\s?:?\s?)?"
_EMAIL = r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+"
_URL = r"(?:https?://|ftp://|www\.)\S*[^\s.,;:!?)\]}'\"”’]"
_DOMAIN = (
    r"[a-z0-9-]{1,64}(?:\.[a-z0-9-]{1,64}){0,4}\.(?:vn|com|org|net|info|edu|gov|me"
    r"|(?:be|ly|gl|io|co|tv|app|gle|shop|xyz|top|site|online)(?=/))"
    r"(?:/\S*[^\s.,;:!?)])?(?![\w.]*\w)"
)


def _left_out(_place: Place) -> Said:
    return Said(
        "",
        (
            "Địa chỉ trên mạng không được đọc. Hãy nói bằng lời nơi bà con có thể hỏi.",
            "An internet address is not read. Say in words where people can ask.",
        ),
    )


_IN_BRACKETS = re.compile(
    rf"[ \t]{{0,20}}\({_LABEL}(?:{_EMAIL}|(?:https?://|www\.)[^\s)]*|{_DOMAIN})\)", re.IGNORECASE
)

_ADDRESS = rf"{_LABEL}(?:{_EMAIL}|{_URL}|{_DOMAIN})"

RULES = (
    Rule(Start.OTHER, _IN_BRACKETS, _left_out),
    Rule(Start.OTHER, re.compile(rf"[ \t]{{1,20}}{_ADDRESS}", re.IGNORECASE), _left_out),
    Rule(Start.LETTER, re.compile(_ADDRESS, re.IGNORECASE), _left_out),
    Rule(Start.DIGIT, re.compile(_ADDRESS, re.IGNORECASE), _left_out),
)
