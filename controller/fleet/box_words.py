"""What a box says in codes, in words for people: why it sounded, why not, how it ended."""

from collections.abc import Mapping
from types import MappingProxyType

from edge_agent.contract.state import Waits
from schedules.as_run import Outcome

Words = tuple[str, str]
"""Vietnamese and English, without a full stop."""

OUTCOMES: Mapping[Outcome, Words] = MappingProxyType(
    {
        Outcome.PLAYED: ("đã phát trọn", "played in full"),
        Outcome.CUT: ("bị cắt", "was cut"),
        Outcome.FAILED: ("phát lỗi", "failed"),
        Outcome.SKIPPED: ("bỏ qua, không phát", "skipped it"),
        Outcome.INTERRUPTED: ("bị gián đoạn", "was interrupted"),
        Outcome.UNKNOWN: ("chưa biết kết quả", "has not said how it ended"),
    }
)

UNHEARD: Words = ("nhưng không nghe thấy ở loa", "but not heard at the horn")
"""Of a play that an ear at the horn did not notice."""

_REASONS: Mapping[str, Words] = MappingProxyType(
    {
        "agent_died": ("máy tắt đột ngột", "the box died"),
        "agent_stopped": ("máy được tắt", "the box was switched off"),
        "alert": ("phát báo động", "an alert"),
        "alert_ended": ("báo động đã hết", "the alert had ended"),
        "all_clear": ("người tại chỗ báo yên", "somebody at the box gave the all-clear"),
        "audio_missing": ("máy chưa có tệp tiếng", "the box does not hold the audio"),
        "cannot_end": ("không kịp xong trước giờ phải dừng", "it could not have ended in time"),
        "clip_instead": ("phát câu ghi sẵn thay vào", "the clip of its hazard sounds instead"),
        "clip_missing": ("máy chưa có đoạn báo động này", "the box does not hold this clip"),
        "clock_untrusted": ("đồng hồ của máy chưa đúng", "the box does not trust its clock"),
        "clock_wrong": ("đồng hồ của máy chạy sai", "the clock of the box is wrong"),
        "ducking": ("nói chồng lên tiếng đang phát", "it speaks over what goes on low"),
        "due": ("đến giờ", "its time had come"),
        "ended": ("báo động đã kết thúc", "the alert was ended"),
        "expired": ("tin đã hết giá trị", "it was no longer valid"),
        "fallback": ("phát tiếng dự phòng thay vào", "the fallback sounds in its place"),
        "history_lost": ("mất sổ phát cũ, không rõ đã phát chưa", "the box lost its history"),
        "kill_switch": ("loa đã bị ngắt bằng công tắc", "the kill switch silences the box"),
        "limit_reached": ("hết thời lượng cho phép", "its allowed length was reached"),
        "local_alert": ("người tại chỗ phát báo động", "somebody at the box raised an alert"),
        "maintenance": ("đang bảo trì", "the box is under maintenance"),
        "missed": ("đã quá giờ", "it was too late to begin"),
        "no_power": ("mất điện", "there was no power"),
        "not_judged": ("máy không kịp xét", "the box never came to judge it"),
        "ordered": ("người trực cho phát ngay", "a person had it played at once"),
        "page_missing": ("lịch chưa tới máy", "the plan had not reached the box"),
        "phrases_missing": ("máy thiếu mẫu câu", "the box lacks phrases"),
        "preempted": ("nhường tin gấp hơn", "it gave way to something more urgent"),
        "quiet_hours": ("giờ yên tĩnh", "quiet hours"),
        "relay": ("tiếp sóng", "relayed"),
        "relay_unproved": ("tiếp sóng, nguồn chưa xác thực", "relayed, source not authenticated"),
        "restart": ("phát lại từ đầu", "it starts again"),
        "resume": ("phát tiếp", "it goes on"),
        "stopped_by_command": ("người trực cho dừng", "a person stopped it"),
        "stopped_by_player": ("máy phát tự dừng", "the player stopped by itself"),
        "stream_back": ("nguồn tiếp sóng có lại", "the stream was there again"),
        "stream_dead": ("nguồn tiếp sóng không có tiếng", "the stream gives no sound"),
        "superseded": ("đã có tin khác đang phát", "something else was on air"),
        "updated": ("đã có bản mới thay", "a newer version took its place"),
        "withdrawn": ("tin đã rút", "it was withdrawn"),
    }
)


_WAITS: Mapping[Waits, Words] = MappingProxyType(
    {
        Waits.RETRY: ("thử lại sau ít lâu", "tried again soon"),
        Waits.DISK_FULL: ("đĩa đầy", "the disk is full"),
        Waits.MAKES_ROOM: ("đang dọn chỗ trên đĩa", "room is being made on the disk"),
        Waits.SPREAD: ("tải lệch giờ với các máy khác", "boxes fetch one after the other"),
        Waits.NEIGHBOURS: ("đang hỏi các máy bên cạnh", "neighbours are being asked"),
        Waits.DATA_BUDGET: ("hết dung lượng của tháng", "the month's data is used up"),
        Waits.OFF_PEAK: ("đợi giờ rẻ", "it waits for cheap hours"),
    }
)


def waits(said: str) -> Words:
    """Why a box does not fetch what it lacks, of what its telemetry says; empty if it does."""
    words = [_WAITS[Waits(word)] for word in said.split(", ") if word in set(Waits)]
    return ", ".join(vi for vi, _ in words), ", ".join(en for _, en in words)


def because(reason: str) -> Words:
    """A box's reason in words, without the details behind a colon; an unknown one as it is."""
    return _REASONS.get(reason.partition(": ")[0], (reason, reason))


def of_alert(reason: str) -> Words:
    """Why an alert, or some languages of it, are not said: each cause with its languages."""
    found = [(because(part), part.partition(": ")[2]) for part in reason.split("; ") if part]
    named = [(words, f" ({languages})" if languages else "") for words, languages in found]
    return (
        "; ".join(f"{vi}{which}" for (vi, _), which in named),
        "; ".join(f"{en}{which}" for (_, en), which in named),
    )
