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


_LISTED = r"[ \t]{0,20}[;,](?=\s)"
_PARTED = r"(?<=[(;,:.–-])"
_PARTED_OR_FIRST = r"(?:(?<=[(;,:.–-] )|(?<![^\n]))"


def _left_out(_place: Place) -> Said:
    return Said(
        "",
        (
            "Địa chỉ trên mạng không được đọc. Hãy nói bằng lời nơi bà con có thể hỏi.",
            "An internet address is not read. Say in words where people can ask.",
        ),
    )


_IN_BRACKETS = rf"[ \t]{{0,20}}\({_LABEL}(?:{_EMAIL}|(?:https?://|www\.)[^\s)]*|{_DOMAIN})\)"
_ADDRESS = rf"{_LABEL}(?:{_EMAIL}|{_URL}|{_DOMAIN})"


def _rules(start: Start, parted: str, written: str) -> tuple[Rule, Rule]:
    """In a list the mark behind the address goes with it, as there is one before."""
    in_list = re.compile(f"{parted}{written}{_LISTED}", re.IGNORECASE)
    return Rule(start, in_list, _left_out), Rule(
        start, re.compile(written, re.IGNORECASE), _left_out
    )


RULES = (
    *_rules(Start.OTHER, _PARTED, _IN_BRACKETS),
    *_rules(Start.OTHER, _PARTED, rf"[ \t]{{1,20}}{_ADDRESS}"),
    *_rules(Start.LETTER, _PARTED_OR_FIRST, _ADDRESS),
    *_rules(Start.DIGIT, _PARTED_OR_FIRST, _ADDRESS),
)
