"""An order for an alert, worked out: who would hear what, and what must be known before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from audio_library.phrases.compose import Value
from controller.errors import ControllerError
from controller.fleet.hazards import ALL_CLEAR, RHYTHMS, TEST, Rhythm, hazard, severity_of
from controller.operations.alert_audience import Listener, alert_audience, heard_languages
from controller.operations.alert_order import (
    MOST_MINUTES,
    MOST_TEST_MINUTES,
    USUAL_MINUTES,
    USUAL_TEST_MINUTES,
    AlertOrder,
    named,
)
from controller.operations.alert_words import (
    Speaks,
    Words,
    alert_languages,
    alert_words,
    clip_of,
    refuse_wordless,
    sentence_of,
    slots,
)
from controller.operations.find_unit import find_unit
from controller.operations.zone_inputs import PlanRules, today
from controller.storage import tables
from controller.storage.instants import to_ms
from edge_agent.contract.alert import Severity

MOST_AREAS = 200
LONGEST_PLAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be sent. `words` are the languages chosen, in order; `others` may be added.

    `hazard` is the clip that stands in where words are lacking.
    """

    areas: tuple[tables.Unit, ...]
    hazard: str
    severity: Severity
    values: Mapping[str, Value]
    words: tuple[Words, ...]
    others: tuple[Words, ...]
    issued_ms: int
    expires_ms: int
    repeat_s: int
    siren_s: int
    max_play_s: int

    @property
    def area_ids(self) -> tuple[str, ...]:
        return tuple(unit.id for unit in self.areas)

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(words.language for words in self.words)


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent, and every box that it would be for."""

    ready: Prepared
    audience: tuple[Listener, ...]

    @property
    def in_quiet_hours(self) -> int:
        """So many boxes are in the quiet hours of their commune."""
        return sum(listener.quiet for listener in self.audience)

    def lacks(self, listener: Listener) -> tuple[str, ...]:
        """Languages of the alert that no zone of the box speaks: it holds no phrases of them."""
        return tuple(tag for tag in self.ready.languages if tag not in listener.languages)


def prepare_alert(
    session: Session,
    order: AlertOrder,
    rules: PlanRules,
    now: datetime,
    *,
    update: bool = False,
    expires: datetime | None = None,
) -> Prepared:
    """Work an order out; `expires` stands for its minutes where it is given.

    Raises NotFound, UnknownLanguage and what else a person can mend: unclear_unit, alert_area,
    alert_minutes, alert_wordless, and what `compose` raises.
    """
    expires = expires or now + timedelta(minutes=_minutes(order))
    zone = ZoneInfo(rules.time_zone)
    areas = _areas(session, order.scopes)
    ids = [unit.id for unit in areas]
    heard = () if order.languages else heard_languages(session, ids, rules, now)
    chosen = alert_languages(order.languages, heard)
    values = slots(session, order, areas, now.astimezone(zone), expires.astimezone(zone))
    words = alert_words(
        session,
        sentence_of(order, update=update),
        values,
        clip_of(order),
        tuple(dict.fromkeys((*chosen, "vi"))),
        ids,
        today(rules, now),
    )
    picked = [each for each in words if each.language in chosen]
    if order.without_missing:
        picked = [each for each in picked if each.speaks is not Speaks.NOTHING]
    others = tuple(each for each in words if each not in picked)
    refuse_wordless(picked, others)
    severity = _severity(order)
    rhythm = _rhythm(order, severity)
    life_s = round((expires - now).total_seconds())
    return Prepared(
        areas,
        clip_of(order),
        severity,
        values,
        tuple(picked),
        others,
        to_ms(now),
        to_ms(expires),
        rhythm.repeat_minutes * 60,
        rhythm.siren_s,
        max(1, min(life_s, LONGEST_PLAY_S)),
    )


def preview(session: Session, ready: Prepared, rules: PlanRules, now: datetime) -> Preview:
    """With every box that stands under its areas now."""
    return Preview(ready, alert_audience(session, ready.area_ids, rules, now))


def _areas(session: Session, scopes: Sequence[str]) -> tuple[tables.Unit, ...]:
    ids = tuple(dict.fromkeys(find_unit(session, scope) for scope in scopes))
    if not 1 <= len(ids) <= MOST_AREAS:
        raise ControllerError(
            "alert_area",
            f"Hãy chọn từ 1 đến {MOST_AREAS} đơn vị (tỉnh, xã hay thôn). Chưa phát gì.",
            f"Choose 1 to {MOST_AREAS} units (province, commune or village). Nothing was sent.",
        )
    return tuple(session.get_one(tables.Unit, each) for each in ids)


def _minutes(order: AlertOrder) -> int:
    usual, most = (
        (USUAL_TEST_MINUTES, MOST_TEST_MINUTES) if order.test else (USUAL_MINUTES, MOST_MINUTES)
    )
    minutes = usual if order.minutes is None else order.minutes
    if not 1 <= minutes <= most:
        raise ControllerError(
            "alert_minutes",
            f"Báo động phải có hạn từ 1 đến {most} phút. Chưa phát gì.",
            f"An alert lasts 1 to {most} minutes. Nothing was sent.",
        )
    return minutes


def _severity(order: AlertOrder) -> Severity:
    if order.severity is not None:
        return Severity(order.severity)
    if clip_of(order) in (TEST, ALL_CLEAR):
        return Severity.MINOR
    levels = tuple(named("level", each) for each in order.level)
    return severity_of(hazard(order.hazard), levels)


def _rhythm(order: AlertOrder, severity: Severity) -> Rhythm:
    """The siren never goes with a test or an all-clear, and these are said once."""
    if order.test or order.all_clear:
        return Rhythm(0, order.repeat_minutes or 0)
    usual = RHYTHMS[severity]
    return Rhythm(
        usual.siren_s if order.siren_s is None else order.siren_s,
        usual.repeat_minutes if order.repeat_minutes is None else order.repeat_minutes,
    )
