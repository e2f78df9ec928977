"""What planning refuses, said to people in Vietnamese and English; `code` is stable for programs.

Nothing here is stored, so every refusal leaves the plan as it was.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from types import MappingProxyType


class ScheduleError(Exception):
    """A plan that cannot be made: `code` for programs, `vi` and `en` for people."""

    def __init__(self, code: str, vi: str, en: str) -> None:
        super().__init__(f"{vi} / {en}")
        self.code = code
        self.vi = vi
        self.en = en


def _said(moment: date | datetime | time) -> str:
    match moment:
        case datetime():
            return f"{moment:%H:%M %d/%m/%Y}"
        case date():
            return f"{moment:%d/%m/%Y}"
        case time():
            return f"{moment:%H:%M}"


class NaiveTime(ScheduleError):
    def __init__(self, at: datetime) -> None:
        super().__init__(
            "naive_time",
            f"Thời điểm {at.isoformat()} không ghi múi giờ nên không nhận. "
            "Hãy ghi kèm độ lệch, ví dụ +07:00.",
            f"The time {at.isoformat()} has no time zone and was not taken. "
            "Add its offset, for example +07:00.",
        )


class UnknownTimeZone(ScheduleError):
    def __init__(self, name: str) -> None:
        super().__init__(
            "unknown_time_zone",
            f"Không có múi giờ tên {name[:80]!r}. "
            "Hãy dùng tên IANA, ví dụ Asia/Ho_Chi_Minh; chưa có gì thay đổi.",
            f"There is no time zone named {name[:80]!r}. "
            "Use an IANA name, for example Asia/Ho_Chi_Minh; nothing was changed.",
        )


class NonexistentWindow(ScheduleError):
    def __init__(self, start: date | datetime, until: date | datetime) -> None:
        super().__init__(
            "nonexistent_window",
            f"Không có khoảng thời gian nào từ {_said(start)} đến {_said(until)}. "
            "Hãy chọn lúc kết thúc sau lúc bắt đầu; chưa có gì thay đổi.",
            f"There is no time between {_said(start)} and {_said(until)}. "
            "Choose an end after the start; nothing was changed.",
        )


class StartInPast(ScheduleError):
    def __init__(self, start: datetime, now: datetime) -> None:
        super().__init__(
            "start_in_past",
            f"Giờ phát {_said(start)} đã qua (bây giờ là {_said(now)}). "
            "Chưa xếp lịch gì; hãy chọn một giờ sắp tới.",
            f"The start {_said(start)} has passed (it is {_said(now)} now). "
            "Nothing was scheduled; choose a time to come.",
        )


class DateOutOfRange(ScheduleError):
    def __init__(self, day: date) -> None:
        super().__init__(
            "date_out_of_range",
            f"Ngày {_said(day)} không nằm trong khoảng 1900–2099. Hãy xem lại năm.",
            f"The date {_said(day)} is not between 1900 and 2099. Look at the year again.",
        )


class WallTimeWithZone(ScheduleError):
    def __init__(self, wall: datetime) -> None:
        super().__init__(
            "wall_time_with_zone",
            f"Giờ phát {_said(wall)} phải là giờ đồng hồ tại chỗ; múi giờ ghi riêng.",
            f"The start {_said(wall)} must be local wall time; its zone stands on its own.",
        )


class BadDuration(ScheduleError):
    def __init__(self, ms: int) -> None:
        super().__init__(
            "bad_duration",
            f"Thời lượng {ms} ms không hợp lệ; thời lượng phải lớn hơn 0.",
            f"A duration of {ms} ms is not valid; it must be more than 0.",
        )


class EmptyReason(ScheduleError):
    def __init__(self) -> None:
        super().__init__(
            "empty_reason",
            "Phát ngoài khung giờ cần ghi rõ lý do; lý do đang để trống.",
            "To air outside the allowed hours a reason is needed; it was left empty.",
        )


class NoZone(ScheduleError):
    def __init__(self, title: str) -> None:
        super().__init__(
            "no_zone",
            f"Chương trình «{title}» chưa chọn nơi phát. Hãy chọn ít nhất một nơi.",
            f"Programme “{title}” has no zone to be heard in. Choose at least one.",
        )


class BadLanguageOrder(ScheduleError):
    def __init__(self, zone: str) -> None:
        super().__init__(
            "bad_language_order",
            f"Nơi phát «{zone}» cần ít nhất một thứ tiếng, mỗi thứ tiếng ghi một lần.",
            f"Zone “{zone}” needs at least one language, and each only once.",
        )


class BadAreaCode(ScheduleError):
    def __init__(self, name: str, code: str) -> None:
        super().__init__(
            "bad_area_code",
            f"Mã {code[:20]!r} của {name} không đúng: mã xã có 5 chữ số, giữ cả số 0 ở đầu.",
            f"Code {code[:20]!r} of {name} is wrong: a commune has 5 digits, leading zeros kept.",
        )


class UnknownUnit(ScheduleError):
    def __init__(self, unit_id: str) -> None:
        super().__init__(
            "unknown_unit",
            f"Không có đơn vị mang mã nội bộ {unit_id[:80]!r} vào thời gian này.",
            f"There is no unit with the id {unit_id[:80]!r} at this time.",
        )


class DuplicateUnit(ScheduleError):
    def __init__(self, unit_id: str) -> None:
        super().__init__(
            "duplicate_unit",
            f"Mã nội bộ {unit_id[:80]!r} được dùng cho hai đơn vị.",
            f"The id {unit_id[:80]!r} is used for two units.",
        )


class DuplicateUnitCode(ScheduleError):
    def __init__(self, code: str, names: Sequence[str]) -> None:
        super().__init__(
            "duplicate_unit_code",
            f"Mã {code} cùng lúc thuộc về {' và '.join(names)}. Hãy sửa ngày hiệu lực hoặc mã.",
            f"Code {code} belongs to {' and '.join(names)} at once. Correct the dates or the code.",
        )


class UnitCycle(ScheduleError):
    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            "unit_cycle",
            f"Các đơn vị thuộc vòng quanh lẫn nhau: {' → '.join(names)}. Hãy sửa đơn vị cấp trên.",
            f"Units belong to each other in a circle: {' → '.join(names)}. Correct the parent.",
        )


class UnitOutsideParent(ScheduleError):
    def __init__(self, name: str, parent: str) -> None:
        super().__init__(
            "unit_outside_parent",
            f"Thời gian hiệu lực của {name} vượt ra ngoài thời gian của {parent}. "
            "Đơn vị chuyển sang cấp trên khác thì lập đơn vị mới, nối với đơn vị cũ.",
            f"{name} is valid on dates on which {parent} is not. "
            "A unit that moves to another parent becomes a new unit, linked to the old one.",
        )


class NoWeekday(ScheduleError):
    def __init__(self) -> None:
        super().__init__(
            "no_weekday",
            "Khung giờ phải có ít nhất một ngày trong tuần, ghi từ 1 (thứ Hai) đến 7 (Chủ nhật).",
            "A window needs at least one weekday, from 1 (Monday) to 7 (Sunday).",
        )


class BadVolumeProfile(ScheduleError):
    def __init__(self) -> None:
        super().__init__(
            "bad_volume_profile",
            "Bảng âm lượng phải bắt đầu từ 0 giờ, giờ tăng dần đến 23, mức từ −60 đến 0 dB.",
            "The volume profile must begin at hour 0, with rising hours up to 23, and gains from "
            "−60 to 0 dB.",
        )


class WrongZone(ScheduleError):
    def __init__(self, title: str, zone: str) -> None:
        super().__init__(
            "wrong_zone",
            f"Chương trình «{title}» không phát ở «{zone}»; chưa xếp gì cho nơi này.",
            f"Programme “{title}” is not for “{zone}”; nothing was planned for this zone.",
        )


class RepeatedOccurrence(ScheduleError):
    def __init__(self, title: str, day: date) -> None:
        super().__init__(
            "repeated_occurrence",
            f"Chương trình «{title}» ngày {_said(day)} bị đưa vào hai lần; chưa xếp gì.",
            f"Programme “{title}” on {_said(day)} was given twice; nothing was planned.",
        )


_LUNAR_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "day": "ngày",
        "month": "tháng",
        "days": "số ngày phát liên tiếp",
        "offset_days": "số ngày dời",
    }
)


class BadLunarRule(ScheduleError):
    def __init__(self, field: str, value: int, allowed: str) -> None:
        super().__init__(
            "bad_lunar_rule",
            f"Quy tắc âm lịch: {_LUNAR_FIELDS[field]} {value} không hợp lệ, phải là {allowed}.",
            f"Lunar rule: {field} {value} is not valid; it must be {allowed}.",
        )


class UnknownSeason(ScheduleError):
    def __init__(self, name: str, known: Sequence[str]) -> None:
        there = ", ".join(known) or "—"
        super().__init__(
            "unknown_season",
            f"Lịch của nơi này không có mùa tên {name[:80]!r}; đang có: {there}. "
            "Hãy đặt mùa đó trong lịch, hoặc bỏ mùa khỏi chương trình.",
            f"The calendar of this place has no season {name[:80]!r}; there are: {there}. "
            "Set it in the calendar, or take the season out of the programme.",
        )


class BadSeason(ScheduleError):
    def __init__(self, name: str) -> None:
        super().__init__(
            "bad_season",
            f"Mùa {name[:80]!r} cần một tên, và ngày đầu, ngày cuối có thật trong năm "
            "(tháng, ngày); mỗi tên chỉ đặt một lần.",
            f"Season {name[:80]!r} needs a name, and a first and last day that exist "
            "(month, day); each name only once.",
        )


class RepeatedSwap(ScheduleError):
    def __init__(self, day: date) -> None:
        super().__init__(
            "repeated_swap",
            f"Ngày {_said(day)} được hoán đổi hai lần. Hãy giữ một dòng cho mỗi ngày.",
            f"The date {_said(day)} is swapped twice. Keep one line for each date.",
        )


class BadGain(ScheduleError):
    def __init__(self, gain_db: float) -> None:
        super().__init__(
            "bad_gain",
            f"Mức âm lượng {gain_db:g} dB không hợp lệ, phải từ −60 đến 0 dB.",
            f"A gain of {gain_db:g} dB is not valid; it must be from −60 to 0 dB.",
        )


class BadSessionCount(ScheduleError):
    def __init__(self, sessions: int) -> None:
        super().__init__(
            "bad_session_count",
            f"Số buổi phát trong ngày {sessions} không hợp lệ; ghi từ 0 trở lên.",
            f"{sessions} sessions a day is not valid; it must be 0 or more.",
        )


class RepeatedClause(ScheduleError):
    def __init__(self) -> None:
        super().__init__(
            "repeated_clause",
            "Một giới hạn được ghi hai lần trong phần điều khoản. Hãy giữ một dòng cho mỗi mã.",
            "One limit is named by two clauses. Keep one line for each code.",
        )


class RepeatedPlaceRule(ScheduleError):
    def __init__(self) -> None:
        super().__init__(
            "repeated_place_rule",
            "Một loại nơi cần yên tĩnh được ghi hai lần. Hãy giữ một dòng cho mỗi loại.",
            "One kind of sensitive place has two rules. Keep one line for each kind.",
        )


class BadRule(ScheduleError):
    def __init__(self, rule: str, why_vi: str, why_en: str) -> None:
        super().__init__(
            "bad_rule",
            f"Không đọc được quy tắc lặp {rule[:80]!r}: {why_vi}. Chưa có gì thay đổi.",
            f"The repeat rule {rule[:80]!r} cannot be read: {why_en}. Nothing was changed.",
        )


class RuleTooDense(ScheduleError):
    def __init__(self, rule: str, minutes: int) -> None:
        super().__init__(
            "rule_too_dense",
            f"Quy tắc lặp {rule[:80]!r} phát dày hơn {minutes} phút một lần nên không nhận. "
            "Hãy lặp thưa hơn; chưa có gì thay đổi.",
            f"The repeat rule {rule[:80]!r} airs more often than every {minutes} minutes and was "
            "not taken. Let it repeat less often; nothing was changed.",
        )


class RuleTooLong(ScheduleError):
    def __init__(self, rule: str) -> None:
        super().__init__(
            "rule_too_long",
            f"Quy tắc lặp {rule[:80]!r} cho quá nhiều lần phát để tính hết. "
            "Hãy lặp thưa hơn, bỏ COUNT, hoặc xem một khoảng ngắn hơn.",
            f"The repeat rule {rule[:80]!r} gives too many airings to reckon them all. "
            "Let it repeat less often, drop its COUNT, or ask for a shorter time.",
        )


class TooMuchToReckon(ScheduleError):
    def __init__(self) -> None:
        super().__init__(
            "too_much_to_reckon",
            "Tệp có quá nhiều quy tắc lặp phải dò từng ngày (COUNT, EXDATE từ nhiều năm trước). "
            "Chưa nhập gì; hãy chia tệp, hoặc bỏ các sự kiện đã cũ.",
            "The file has too many repeat rules that must be walked day by day (COUNT, EXDATE "
            "from many years ago). Nothing was imported; divide the file, or leave out what is "
            "long over.",
        )


class NeverAirs(ScheduleError):
    def __init__(self, title: str) -> None:
        super().__init__(
            "never_airs",
            f"Chương trình «{title}» sẽ không bao giờ phát: không ngày nào hợp với lịch lặp, "
            "ngày nghỉ, mùa và thời hạn đã chọn. Chưa xếp lịch gì.",
            f"Programme “{title}” would never air: no date fits its repeat rules, holidays, "
            "seasons and validity. Nothing was scheduled.",
        )


class NoCalendarFile(ScheduleError):
    def __init__(self) -> None:
        super().__init__(
            "no_calendar_file",
            "Đây không phải tệp lịch .ics: không có BEGIN:VCALENDAR và không có sự kiện nào. "
            "Chưa nhập gì; hãy xuất lại lịch ra tệp .ics.",
            "This is no .ics calendar file: it has neither BEGIN:VCALENDAR nor any event. "
            "Nothing was imported; export the calendar to an .ics file again.",
        )


class CalendarTooLarge(ScheduleError):
    def __init__(self, most: str) -> None:
        super().__init__(
            "calendar_too_large",
            f"Tệp lịch quá lớn: nhiều nhất là {most}. Chưa nhập gì; hãy chia tệp ra.",
            f"The calendar file is too large: {most} at most. Nothing was imported; divide it.",
        )


class NoStart(ScheduleError):
    def __init__(self) -> None:
        super().__init__(
            "no_start",
            "Sự kiện không có giờ bắt đầu (DTSTART) nên không nhập. Hãy ghi giờ rồi xuất lại.",
            "The event has no start (DTSTART) and was not imported. Give it one and export again.",
        )


class NegativeLimit(ScheduleError):
    def __init__(self, value: int) -> None:
        super().__init__(
            "negative_limit",
            f"Giới hạn {value} trong mẫu chương trình không hợp lệ; hãy ghi từ 0 trở lên.",
            f"A limit of {value} in a template is not valid; write 0 or more.",
        )


class TemplateTooLong(ScheduleError):
    def __init__(self, items: int, most: int) -> None:
        super().__init__(
            "template_too_long",
            f"Mẫu chương trình có {items} mục, nhiều nhất là {most}. "
            "Chưa có gì thay đổi; hãy chia thành nhiều chương trình.",
            f"The template has {items} items, {most} at most. "
            "Nothing was changed; divide it into several programmes.",
        )
