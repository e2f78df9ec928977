"""Why something was or will be heard or not: a verdict, and the reasons that lead to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """The answer to `did` or `will it play`."""

    PLAYED = "played"
    WILL_PLAY = "will_play"
    PARTLY = "partly"
    """Some of it, or at some of the loudspeakers."""
    NOT_PLAYED = "not_played"
    WILL_NOT_PLAY = "will_not_play"
    UNKNOWN = "unknown"
    """No box has said so yet: silence is not proof of a miss."""
    NO_CLAIM = "no_claim"
    """The box decides by other rules than this controller."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One link of the chain: `code` for programs, sentences for people, and when it happened."""

    code: str
    vi: str
    en: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdict for a village at an instant, and why, in the order in which it came about."""

    village: str
    at: datetime
    subject: str
    verdict: Verdict
    chain: tuple[Reason, ...]


class About(StrEnum):
    """What is asked about."""

    ANYTHING = "anything"
    PROGRAMME = "programme"
    BULLETIN = "bulletin"


@dataclass(frozen=True, slots=True)
class Subject:
    """A programme or a bulletin by id, or whatever is on air."""

    about: About
    id: str = ""
    title: str = ""

    def covers(self, programme_id: str, bulletin_id: str | None) -> bool:
        """Whether a play of that programme and bulletin is what is asked about."""
        match self.about:
            case About.PROGRAMME:
                return programme_id == self.id
            case About.BULLETIN:
                return bulletin_id == self.id
            case About.ANYTHING:
                return True


def together(verdicts: Sequence[Verdict], none: Verdict) -> Verdict:
    """One verdict of several: the same if all agree, else PARTLY; `none` of no verdict at all."""
    if not verdicts:
        return none
    if Verdict.NO_CLAIM in verdicts:
        return Verdict.NO_CLAIM
    return verdicts[0] if len(set(verdicts)) == 1 else Verdict.PARTLY
