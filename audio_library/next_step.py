"""What a person does next about what is lacking, and which person."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from audio_library.readiness import Lack


class Who(StrEnum):
    """Whose turn it is; `title_vi` is what a person reads."""

    WRITER = "writer"
    APPROVER = "approver"
    READER = "reader"
    LISTENER = "listener"
    TECHNICIAN = "technician"
    NOBODY = "nobody"

    @property
    def title_vi(self) -> str:
        return _TITLES_VI[self]


_TITLES_VI: Mapping[Who, str] = MappingProxyType(
    {
        Who.WRITER: "người soạn",
        Who.APPROVER: "người duyệt",
        Who.READER: "người đọc",
        Who.LISTENER: "người nghe lại",
        Who.TECHNICIAN: "kỹ thuật viên",
        Who.NOBODY: "máy",
    }
)


@dataclass(frozen=True, slots=True)
class Step:
    """What to do, as the rest of a sentence."""

    who: Who
    vi: str
    en: str


_WRITE_ANEW = Step(Who.WRITER, "người soạn viết bản mới", "the writer writes it anew")
_READ = Step(
    Who.READER, "người đọc thu giọng đúng lời đã duyệt", "a reader records the approved words"
)
_STEPS: Mapping[Lack, Step] = MappingProxyType(
    {
        Lack.WITHDRAWN: _WRITE_ANEW,
        Lack.EXPIRED: _WRITE_ANEW,
        Lack.NO_SCRIPT: Step(
            Who.WRITER,
            "người soạn nhờ người biết tiếng dịch rồi nhập bản chữ",
            "the writer has it translated by somebody who speaks it, and enters the script",
        ),
        Lack.NOT_APPROVED: Step(
            Who.APPROVER, "người duyệt đọc rồi duyệt hoặc trả lại", "the approver reads and decides"
        ),
        Lack.NO_RENDITION: Step(
            Who.WRITER, "người soạn bấm tạo âm thanh", "the writer asks for the audio"
        ),
        Lack.BEING_MADE: Step(
            Who.NOBODY, "không cần làm gì, máy đang tạo", "nothing to do, it is being made"
        ),
        Lack.RENDER_FAILED: Step(
            Who.TECHNICIAN,
            "kỹ thuật viên xem lỗi rồi cho làm lại",
            "a technician looks at the error and has it made again",
        ),
        Lack.WAITS_FOR_RECORDING: _READ,
        Lack.TAKE_REFUSED: _READ,
        Lack.OLDER_WORDS: _READ,
        Lack.TAKE_UNHEARD: Step(
            Who.LISTENER,
            "một người thứ hai hiểu tiếng nghe lại",
            "a second person who understands it listens",
        ),
        Lack.TAKE_UNRELEASED: Step(
            Who.APPROVER, "người duyệt cho phát bản thu", "the approver releases the recording"
        ),
    }
)


def next_step(lack: Lack) -> Step:
    """The one next thing to do about a lack."""
    return _STEPS[lack]
