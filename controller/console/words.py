"""How the screens say things in Vietnamese: states, outcomes, instants, lengths, sizes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from audio_library.bulletin import State
from audio_library.languages import LANGUAGES
from controller.fleet.status import Status
from controller.operations.reasons import Verdict
from controller.storage.instants import to_utc
from schedules.as_run import Outcome

WEEKDAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật")


class Look(NamedTuple):
    """A state on the screen: its code in the styles, its icon, its word."""

    st: str
    icon: str
    word: str


STATUS_LOOKS: Mapping[Status, Look] = MappingProxyType(
    {
        Status.ON_AIR: Look("phat", "phat", "Đang phát"),
        Status.READY: Look("san", "san", "Sẵn sàng"),
        Status.FETCHING: Look("duyet", "tai", "Đang tải"),
        Status.PLANNING: Look("cho", "cho", "Chờ nhận lịch"),
        Status.LATE: Look("tre", "tre", "Trễ"),
        Status.OUT_OF_TOUCH: Look("mat", "mat", "Mất liên lạc"),
        Status.NO_BOX: Look("thieu", "loa", "Chưa có máy"),
        Status.UNKNOWN: Look("chua", "chua", "Chưa biết"),
        Status.MAINTENANCE: Look("im", "im", "Đang bảo trì"),
    }
)

STATE_LOOKS: Mapping[State, Look] = MappingProxyType(
    {
        State.DRAFT: Look("nhap", "nhap", "Nháp"),
        State.SUBMITTED: Look("cho", "cho", "Chờ duyệt"),
        State.APPROVED: Look("duyet", "duyet", "Đã duyệt"),
        State.WITHDRAWN: Look("xong", "bo", "Đã rút"),
    }
)

OUTCOME_LOOKS: Mapping[Outcome, Look] = MappingProxyType(
    {
        Outcome.PLAYED: Look("xong", "xong", "Đã phát trọn"),
        Outcome.CUT: Look("im", "dung", "Bị cắt"),
        Outcome.FAILED: Look("im", "im", "Lỗi"),
        Outcome.SKIPPED: Look("tre", "bo", "Bỏ qua"),
        Outcome.INTERRUPTED: Look("im", "dien", "Bị gián đoạn"),
        Outcome.UNKNOWN: Look("chua", "chua", "Chưa biết"),
    }
)

UNHEARD_LOOK = Look("im", "im", "Phát nhưng không nghe thấy ở loa")
"""Of a play that an ear at the horn did not notice."""

VERDICT_LOOKS: Mapping[Verdict, Look] = MappingProxyType(
    {
        Verdict.PLAYED: Look("xong", "xong", "Đã phát"),
        Verdict.WILL_PLAY: Look("san", "san", "Sẽ phát"),
        Verdict.PARTLY: Look("tre", "chu_y", "Chỉ phát một phần, hoặc ở một số cụm loa"),
        Verdict.NOT_PLAYED: Look("im", "im", "Đã không phát"),
        Verdict.WILL_NOT_PLAY: Look("im", "im", "Sẽ không phát"),
        Verdict.UNKNOWN: Look("chua", "chua", "Chưa biết, máy chưa báo"),
        Verdict.NO_CLAIM: Look("chua", "chua", "Chưa biết, máy ở làng dùng phép tính khác"),
    }
)

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "agent_died": "máy tắt đột ngột",
        "agent_stopped": "máy được tắt",
        "alert_ended": "báo động đã hết",
        "audio_missing": "máy chưa có tệp tiếng",
        "cannot_end": "không kịp xong trước giờ phải dừng",
        "clock_untrusted": "đồng hồ của máy chưa đúng",
        "expired": "tin đã hết giá trị",
        "fallback": "tiếng dự phòng phát thay",
        "history_lost": "mất sổ phát cũ, không rõ đã phát chưa",
        "kill_switch": "loa đã bị ngắt",
        "limit_reached": "hết thời lượng cho phép",
        "maintenance": "đang bảo trì",
        "missed": "đã quá giờ",
        "preempted": "nhường tin gấp hơn",
        "quiet_hours": "giờ yên tĩnh",
        "relay": "tiếp sóng",
        "relay_unproved": "tiếp sóng, nguồn chưa xác thực",
        "stream_back": "nguồn tiếp sóng có lại",
        "stream_dead": "nguồn tiếp sóng không có tiếng",
        "stopped_by_player": "máy phát tự dừng",
        "superseded": "đã có tin mới thay",
        "withdrawn": "tin đã rút",
    }
)


@dataclass(frozen=True, slots=True)
class WallClock:
    """Instants as people at the station read them; instants are aware, or ms UTC."""

    zone: ZoneInfo
    now: datetime

    def wall(self, at: datetime | int) -> datetime:
        """The instant in the station's own time."""
        return (to_utc(at) if isinstance(at, int) else at).astimezone(self.zone)

    def hour(self, at: datetime | int) -> str:
        """17:05"""
        return f"{self.wall(at):%H:%M}"

    def second(self, at: datetime | int) -> str:
        """17:05:09"""
        return f"{self.wall(at):%H:%M:%S}"

    def day(self, at: datetime | int) -> str:
        """hôm qua, hôm nay, mai, else 14/08/2026."""
        return self.day_of(self.wall(at).date())

    def day_of(self, day: date) -> str:
        """hôm qua, hôm nay, mai, else 14/08/2026."""
        away = (day - self.today).days
        return {-1: "hôm qua", 0: "hôm nay", 1: "mai"}.get(away, f"{day:%d/%m/%Y}")

    def moment(self, at: datetime | int) -> str:
        """17:05 hôm nay"""
        return f"{self.hour(at)} {self.day(at)}"

    @property
    def today(self) -> date:
        """The date at the station."""
        return self.wall(self.now).date()

    @property
    def tomorrow(self) -> date:
        """The day after."""
        return self.today + timedelta(days=1)

    @property
    def heading(self) -> str:
        """Thứ Sáu, 14/08/2026"""
        return f"{WEEKDAYS[self.today.weekday()]}, {self.today:%d/%m/%Y}"

    @property
    def now_ms(self) -> int:
        """The present instant in ms UTC."""
        return round(self.now.timestamp() * 1000)

    @property
    def offset(self) -> str:
        """+07:00"""
        return self.wall(self.now).isoformat()[-6:]


def length(ms: int | None) -> str:
    """A length as minutes and seconds: 0:38."""
    seconds = max(0, ms or 0) // 1000
    return f"{seconds // 60}:{seconds % 60:02d}"


def size(count: int) -> str:
    """A number of bytes: 1,2 MB."""
    if count < 1_000_000:
        return f"{count / 1000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB".replace(".", ",")


def number(count: int) -> str:
    """19.250"""
    return f"{count:,}".replace(",", ".")


def start_error(ms: int | None) -> str:
    """How far from its planned instant a play began."""
    if ms is None:
        return ""
    side = "sớm" if ms < 0 else "trễ"
    if abs(ms) < 1000:
        return f"{side} {abs(ms)} ms" if ms else "đúng giờ"
    if abs(ms) < 60_000:
        return f"{side} {abs(ms) / 1000:.1f} s".replace(".", ",")
    return f"{side} {length(abs(ms))}"


def tongue(tag: str) -> str:
    """The name of a language, or its tag if we do not know it."""
    known = LANGUAGES.get(tag)
    return known.name_vi if known else tag


def because(reason: str) -> str:
    """A box's reason in words, without the details behind a colon; an unknown one as it is."""
    return REASONS.get(reason.partition(": ")[0], reason)


def capitalized(text: str) -> str:
    """With a capital at its beginning, the rest as it is."""
    return text[:1].upper() + text[1:]
