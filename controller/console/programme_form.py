"""The form of a programme: what its fields say of timing and items, and the other way round.

What the form has no words for is kept as it stands, never lost by saving.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum
from types import MappingProxyType

from controller.console.rule_words import DAY_CODES
from controller.errors import ControllerError
from controller.operations.programme_draft import Draft
from schedules.lunar import LeapMonth, LunarRule
from schedules.precedence import Rank
from schedules.programme import Programme
from schedules.template import (
    Item,
    Order,
    PlayByRule,
    PlayCart,
    PlayChosen,
    PlayFiller,
    PlayRelay,
    Template,
)
from schedules.timing import OnHolidays, Timing
from schedules.types import BulletinId, CartId, DurationMs, RelayId

CHIME, GREETING, CLOSING = CartId("chime_opening"), CartId("greeting"), CartId("closing")
RELAY_FALLBACK = CHIME
"""What sounds while a relay is dead, where nothing else was chosen."""

FIELD_OF: Mapping[str, str] = MappingProxyType(
    {
        "no_title": "title",
        "unknown_zone": "village",
        "no_zone": "village",
        "no_cluster": "village",
        "unknown_village": "village",
        "bad_date": "start_date",
        "date_out_of_range": "start_date",
        "bad_time": "wall_time",
        "start_in_past": "wall_time",
        "bad_length": "minutes",
        "bad_duration": "minutes",
        "bad_session_length": "minutes",
        "no_weekday": "repeat",
        "bad_rule": "repeat",
        "rule_too_dense": "repeat",
        "rule_too_long": "repeat",
        "never_airs": "repeat",
        "bad_lunar_rule": "repeat",
        "bad_day": "repeat",
        "bad_until": "until",
        "nonexistent_window": "until",
        "unknown_season": "season",
        "programme_empty": "bulletin",
        "not_approved": "bulletin",
        "template_too_long": "bulletin",
        "bad_count": "max_items",
        "unknown_relay": "relay",
        "bad_relay_length": "relay_minutes",
        "breaks_airtime_law": "quiet_ok",
        "empty_reason": "quiet_ok",
    }
)
"""The field beside which a refusal stands; any other stands at the end of the form."""


class Repeat(StrEnum):
    """How often, as the form offers it."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    LUNAR = "lunar"
    TET = "tet"
    KEPT = "kept"
    """As the programme has it, where the form has no words for that."""


@dataclass(frozen=True, slots=True)
class Fields:
    """What stands in the form, as text; ticks are True, lists as they were ticked."""

    title: str = ""
    villages: tuple[str, ...] = ()
    start_date: str = ""
    wall_time: str = ""
    minutes: str = ""
    repeat: str = Repeat.ONCE.value
    weekdays: tuple[str, ...] = ()
    month_day: str = ""
    lunar: tuple[str, ...] = ()
    lunar_day: str = ""
    lunar_month: str = ""
    tet_before: str = ""
    tet_days: str = ""
    until: str = ""
    on_holidays: str = OnHolidays.AIR.value
    seasons: tuple[str, ...] = ()
    keep_items: bool = False
    bulletins: tuple[str, ...] = ()
    by_rule: bool = False
    topics: tuple[str, ...] = ()
    order: str = Order.NEWEST_FIRST.value
    max_items: str = ""
    chime: bool = False
    greeting: bool = False
    closing: bool = False
    relay: str = ""
    relay_minutes: str = ""
    fallback: str = ""
    music: str = ""
    rank: str = "programme"
    quiet_ok: str = ""


def read_fields(sent: Mapping[str, Sequence[str]]) -> Fields:
    """The fields of a form that was sent."""

    def one(name: str, default: str = "") -> str:
        return next(iter(sent.get(name, ())), default).strip()

    def all_of(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value for value in sent.get(name, ()) if value))

    return Fields(
        title=one("title"),
        villages=all_of("village"),
        start_date=one("start_date"),
        wall_time=one("wall_time"),
        minutes=one("minutes"),
        repeat=one("repeat", Repeat.ONCE.value),
        weekdays=all_of("weekday"),
        month_day=one("month_day"),
        lunar=all_of("lunar"),
        lunar_day=one("lunar_day"),
        lunar_month=one("lunar_month"),
        tet_before=one("tet_before"),
        tet_days=one("tet_days"),
        until=one("until"),
        on_holidays=one("on_holidays", OnHolidays.AIR.value),
        seasons=all_of("season"),
        keep_items="keep_items" in sent,
        bulletins=all_of("bulletin"),
        by_rule="by_rule" in sent,
        topics=all_of("topic"),
        order=one("order", Order.NEWEST_FIRST.value),
        max_items=one("max_items"),
        chime="chime" in sent,
        greeting="greeting" in sent,
        closing="closing" in sent,
        relay=one("relay"),
        relay_minutes=one("relay_minutes"),
        fallback=one("fallback"),
        music=one("music"),
        rank=one("rank", "programme"),
        quiet_ok=one("quiet_ok"),
    )


def fields_of(programme: Programme, villages: Sequence[str]) -> Fields:
    """The form filled in for a programme that is heard in these villages."""
    timing = programme.timing
    fields = Fields(
        title=programme.title,
        villages=tuple(villages),
        start_date=timing.start.date().isoformat(),
        wall_time=f"{timing.start:%H:%M:%S}".removesuffix(":00"),
        minutes=_length_text(programme.duration_ms),
        until=timing.valid_until.isoformat() if timing.valid_until else "",
        on_holidays=timing.on_holidays.value,
        seasons=timing.seasons,
        rank=programme.rank.name.lower(),
        quiet_ok=programme.quiet_ok or "",
    )
    return _with_items(_with_rule(fields, timing), programme.template)


def draft_from(
    fields: Fields, zone_ids: Sequence[str], time_zone: str, was: Programme | None = None
) -> Draft:
    """What the form asks for, in the place of `was`. Raises ControllerError, ScheduleError."""
    rank = fields.rank.upper()
    return Draft(
        zone_ids=tuple(zone_ids),
        timing=_timing(fields, time_zone, was.timing if was else None),
        template=was.template if was and fields.keep_items else Template(_items(fields, was)),
        title=fields.title,
        duration_ms=_length(fields.minutes, "bad_length"),
        rank=Rank[rank] if rank in Rank.__members__ else Rank.PROGRAMME,
        quiet_ok=fields.quiet_ok,
        enter=was.enter if was else None,
        leave=was.leave if was else None,
        fallback=(was.fallback or "") if was else "",
    )


# ── when ──


def _timing(fields: Fields, time_zone: str, was: Timing | None) -> Timing:
    start = datetime.combine(
        _date(fields.start_date, "bad_date", "Chọn ngày bắt đầu"), _time(fields.wall_time)
    )
    seasons = fields.seasons
    holidays = OnHolidays.AIR
    if fields.on_holidays in list(OnHolidays):
        holidays = OnHolidays(fields.on_holidays)
    until = _date(fields.until, "bad_until", "Sửa ngày cuối") if fields.until else None
    base = was or Timing(start, time_zone)
    if fields.repeat == Repeat.KEPT and was is not None:
        rules, lunar, dates = was.rules, was.lunar, was.dates
    else:
        rules, lunar, dates = _rules(fields), _lunar(fields), ()
    if not (rules or lunar or dates):
        same = start == base.start
        return replace(
            base,
            start=start,
            rules=(),
            lunar=(),
            dates=(),
            excluded=base.excluded if same else (),
            changes=base.changes if same else (),
            on_holidays=holidays,
            seasons=seasons,
            valid_until=until,
        )
    old, new = base.start.time(), start.time()
    return replace(
        base,
        start=start,
        rules=rules,
        lunar=lunar,
        dates=tuple(_at(wall, old, new) for wall in dates),
        excluded=tuple(_at(wall, old, new) for wall in base.excluded),
        changes=tuple(replace(each, of=_at(each.of, old, new)) for each in base.changes),
        on_holidays=holidays,
        seasons=seasons,
        valid_until=until,
    )


def _at(wall: datetime, old: time, new: time) -> datetime:
    """What was named at the old time of day, at the new one: single airings keep their change."""
    return datetime.combine(wall.date(), new) if wall.time() == old else wall


def _rules(fields: Fields) -> tuple[str, ...]:
    match fields.repeat:
        case Repeat.DAILY:
            return ("FREQ=DAILY",)
        case Repeat.WEEKLY:
            days = [day for day in DAY_CODES if day in fields.weekdays]
            if not days:
                raise ControllerError(
                    "no_weekday",
                    "Chưa chọn thứ nào. Đánh dấu ít nhất một ngày trong tuần.",
                    "No weekday was chosen. Tick at least one.",
                )
            return (f"FREQ=WEEKLY;BYDAY={','.join(days)}",)
        case Repeat.MONTHLY:
            day = _number(fields.month_day, 1, 31, "bad_day", "ngày trong tháng")
            return (f"FREQ=MONTHLY;BYMONTHDAY={day}",)
        case _:
            return ()


def _lunar(fields: Fields) -> tuple[LunarRule, ...]:
    match fields.repeat:
        case Repeat.LUNAR:
            found = [
                LunarRule(day, leap=LeapMonth.BOTH) for day in (1, 15) if str(day) in fields.lunar
            ]
            if fields.lunar_day:
                day = _number(fields.lunar_day, 1, 30, "bad_day", "ngày âm lịch")
                if fields.lunar_month:
                    month = _number(fields.lunar_month, 1, 12, "bad_day", "tháng âm lịch")
                    found.append(LunarRule(day, month))
                else:
                    found.append(LunarRule(day, leap=LeapMonth.BOTH))
            if not found:
                raise ControllerError(
                    "bad_day",
                    "Chưa chọn ngày âm lịch nào: đánh dấu mùng một, rằm, hoặc ghi một ngày.",
                    "No lunar day was chosen: tick the first, the fifteenth, or write a day.",
                )
            return tuple(found)
        case Repeat.TET:
            before = _number(fields.tet_before or "0", 0, 15, "bad_day", "số ngày trước Tết")
            days = _number(fields.tet_days or "3", 0, 15, "bad_day", "số ngày Tết")
            return (LunarRule(1, 1, days=before + days, offset_days=-before),)
        case _:
            return ()


def _with_rule(fields: Fields, timing: Timing) -> Fields:
    """The repeat that says the timing, or that it is kept as it stands."""
    named = (timing.rules, timing.lunar)
    if not timing.dates:
        for guess in _guesses(fields, timing):
            try:
                same = (_rules(guess), _lunar(guess)) == named
            except ControllerError:
                continue
            if same:
                return guess
    return replace(fields, repeat=Repeat.KEPT.value)


def _guesses(fields: Fields, timing: Timing) -> Sequence[Fields]:
    rule = next(iter(timing.rules), "")
    _, _, named = rule.partition("=")
    _, _, values = named.partition("=")
    guesses = [
        replace(fields, repeat=Repeat.ONCE.value),
        replace(fields, repeat=Repeat.DAILY.value),
        replace(fields, repeat=Repeat.WEEKLY.value, weekdays=tuple(values.split(","))),
        replace(fields, repeat=Repeat.MONTHLY.value, month_day=values),
    ]
    if timing.lunar:
        first, last = timing.lunar[0], timing.lunar[-1]
        ticked = tuple(str(r.day) for r in timing.lunar if r.month is None and r.day in (1, 15))
        plain = replace(fields, repeat=Repeat.LUNAR.value, lunar=ticked)
        month = str(last.month) if last.month else ""
        guesses += [plain, replace(plain, lunar_day=str(last.day), lunar_month=month)]
        before = max(0, -first.offset_days)
        guesses.append(
            replace(
                fields,
                repeat=Repeat.TET.value,
                tet_before=str(before),
                tet_days=str(first.days - before),
            )
        )
    return guesses


# ── what ──


def _items(fields: Fields, was: Programme | None) -> tuple[Item, ...]:
    """The items that are ticked; what the form does not say of one stays as it was."""
    old = was.template.items if was else ()
    carts = {item.cart: item for item in old if isinstance(item, PlayCart)}

    def cart(name: CartId) -> PlayCart:
        return carts.get(name, PlayCart(name))

    items: list[Item] = []
    if fields.chime:
        items.append(cart(CHIME))
    if fields.greeting:
        items.append(cart(GREETING))
    if fields.bulletins:
        chosen = next((i for i in old if isinstance(i, PlayChosen)), PlayChosen(()))
        ids = tuple(BulletinId(each) for each in fields.bulletins)
        if set(ids) == set(chosen.bulletin_ids):
            ids = chosen.bulletin_ids
        items.append(replace(chosen, bulletin_ids=ids))
    if fields.by_rule:
        rule = next((i for i in old if isinstance(i, PlayByRule)), PlayByRule())
        most = fields.max_items
        items.append(
            replace(
                rule,
                topics=fields.topics,
                order=Order(fields.order) if fields.order in list(Order) else rule.order,
                max_items=_number(most, 1, 50, "bad_count", "số tin nhiều nhất") if most else None,
            )
        )
    if fields.relay:
        length = _length(fields.relay_minutes, "bad_relay_length")
        if length is None:
            raise _bad_length("bad_relay_length")
        relay = next(
            (i for i in old if isinstance(i, PlayRelay)),
            PlayRelay(RelayId(fields.relay), length, RELAY_FALLBACK),
        )
        fallback = CartId(fields.fallback) if fields.fallback else relay.fallback
        named = RelayId(fields.relay)
        items.append(replace(relay, relay=named, duration_ms=length, fallback=fallback))
    if fields.music:
        filler = next(
            (i for i in old if isinstance(i, PlayFiller)), PlayFiller(CartId(fields.music))
        )
        items.append(replace(filler, collection=CartId(fields.music)))
    if fields.closing:
        items.append(cart(CLOSING))
    return tuple(items)


def _with_items(fields: Fields, template: Template) -> Fields:
    """The ticks that say the template, or that it is kept as it stands."""
    guess = fields
    for item in template.items:
        match item:
            case PlayCart():
                guess = replace(
                    guess,
                    chime=guess.chime or item.cart == CHIME,
                    greeting=guess.greeting or item.cart == GREETING,
                    closing=guess.closing or item.cart == CLOSING,
                )
            case PlayChosen():
                guess = replace(guess, bulletins=item.bulletin_ids)
            case PlayByRule():
                most = "" if item.max_items is None else str(item.max_items)
                guess = replace(
                    guess, by_rule=True, topics=item.topics, order=item.order.value, max_items=most
                )
            case PlayRelay():
                guess = replace(
                    guess,
                    relay=item.relay,
                    relay_minutes=_length_text(item.duration_ms),
                    fallback=item.fallback,
                )
            case PlayFiller():
                guess = replace(guess, music=item.collection)
    return replace(guess, keep_items=not _says(guess, template))


def _says(fields: Fields, template: Template) -> bool:
    """Whether the ticks alone would give the same items, details that have no field aside."""
    plain = _items(fields, None)
    if [type(i) for i in plain] != [type(i) for i in template.items]:
        return False
    carts = [i.cart for i in plain if isinstance(i, PlayCart)]
    return carts == [i.cart for i in template.items if isinstance(i, PlayCart)]


# ── reading single fields ──


def _date(text: str, code: str, what: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ControllerError(
            code, f"{what}, ví dụ 15/08/2026.", "Give a date, such as 2026-08-15."
        ) from error


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text).replace(tzinfo=None)
    except ValueError as error:
        raise ControllerError(
            "bad_time", "Ghi giờ phát, ví dụ 17:00.", "Give a time of day, such as 17:00."
        ) from error


def _number(text: str, least: int, most: int, code: str, what: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text) or not least <= int(text) <= most:
        raise ControllerError(
            code,
            f"Ghi {what} bằng số, từ {least} đến {most}.",
            f"Give a number from {least} to {most}.",
        )
    return int(text)


def _length(text: str, code: str) -> DurationMs | None:
    """15 (minutes) or 15:30; "" is None."""
    if not text:
        return None
    found = re.fullmatch(r"([0-9]{1,4})(?::([0-5][0-9]))?", text)
    if found is None:
        raise _bad_length(code)
    ms = (int(found[1]) * 60 + int(found[2] or 0)) * 1000
    if not 0 < ms <= 86_400_000:
        raise _bad_length(code)
    return DurationMs(ms)


def _length_text(ms: int | None) -> str:
    if ms is None:
        return ""
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes}:{seconds:02d}" if seconds else str(minutes)


def _bad_length(code: str) -> ControllerError:
    return ControllerError(
        code,
        "Ghi độ dài bằng phút, ví dụ 15, hoặc 15:30.",
        "Give a length in minutes, such as 15, or 15:30.",
    )
