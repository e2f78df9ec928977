"""A script of faults and programmes: TOML, checked whole before anything happens; pure.

    seed = 1
    [[programme]]
    at = "40s"
    seconds = 5
    [[fault]]
    at = "10s"
    kind = "link_down"
    share = 0.1
    for = "20s"

`share` draws so many boxes by the seed; `boxes = [0, 7]` names them by number instead. `by` is how
far a clock steps ("-90m"), `factor` how much slower a slow line is.
"""

import random
import re
import tomllib
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from controller.errors import ControllerError
from controller.simulator.faults import Fault, FaultKind

MAX_SCRIPT_BYTES = 256 * 1024
_DURATION = re.compile(r"^(-?)(\d+(?:\.\d+)?)(ms|s|m|h|d)\Z")
_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

Words = Annotated[str, Meta(max_length=20)]


class ScriptWrong(ControllerError):
    """The script cannot be carried out as it is written; nothing was started."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(
            "script_wrong",
            f"Kịch bản sai: {vi}. Chưa chạy gì; hãy sửa tệp rồi chạy lại.",
            f"The script is wrong: {en}. Nothing was started; mend the file and run it again.",
        )


class _Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    at: Words
    kind: FaultKind
    lasts: Words = msgspec.field(name="for")
    share: Annotated[float, Meta(gt=0, le=1)] | None = None
    boxes: Annotated[tuple[Annotated[int, Meta(ge=0)], ...], Meta(max_length=10_000)] = ()
    by: Words = "0s"
    factor: Annotated[float, Meta(gt=0, le=10_000)] = 10.0


class _Programme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    at: Words
    seconds: Annotated[int, Meta(ge=1, le=600)] = 5


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seed: int = 1
    faults: Annotated[tuple[_Fault, ...], Meta(max_length=1_000)] = msgspec.field(
        default=(), name="fault"
    )
    programmes: Annotated[tuple[_Programme, ...], Meta(max_length=100)] = msgspec.field(
        default=(), name="programme"
    )


@dataclass(frozen=True, slots=True)
class Show:
    """A programme in every zone, so long after the beginning, of so many seconds."""

    at_ms: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Script:
    """What is to happen; the same file and number of boxes give the same script."""

    faults: tuple[Fault, ...] = ()
    shows: tuple[Show, ...] = ()

    @property
    def ends_ms(self) -> int:
        """When the last programme has been heard and every fault that ends is over."""
        faults = (fault.at_ms + fault.lasts_ms for fault in self.faults)
        shows = (show.at_ms + show.seconds * 1000 for show in self.shows)
        return max((*faults, *shows), default=0)


def read_script(text: str, agents: int) -> Script:
    """Read a script for so many boxes. Raises `ScriptWrong`."""
    if len(text.encode()) > MAX_SCRIPT_BYTES:
        raise ScriptWrong(f"lớn hơn {MAX_SCRIPT_BYTES} byte", f"over {MAX_SCRIPT_BYTES} bytes")
    try:
        file = msgspec.convert(tomllib.loads(text), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as e:
        raise ScriptWrong(str(e), str(e)) from e
    return Script(
        tuple(_fault(f"{file.seed}/{n}", fault, agents) for n, fault in enumerate(file.faults)),
        tuple(Show(_ms(show.at), show.seconds) for show in file.programmes),
    )


def _fault(seed: str, fault: _Fault, agents: int) -> Fault:
    if (fault.share is None) == (not fault.boxes):
        raise ScriptWrong(
            f"lỗi “{fault.kind}” cần đúng một trong share và boxes",
            f"fault “{fault.kind}” needs either share or boxes",
        )
    if any(number >= agents for number in fault.boxes):
        raise ScriptWrong(f"chỉ có hộp 0…{agents - 1}", f"there are only boxes 0…{agents - 1}")
    chosen = fault.boxes
    if fault.share is not None:
        some = max(1, round(fault.share * agents))
        chosen = tuple(sorted(random.Random(seed).sample(range(agents), some)))
    lasts = _ms(fault.lasts)
    if _ms(fault.at) < 0 or lasts <= 0:
        raise ScriptWrong(
            f"lỗi “{fault.kind}” có thời điểm hoặc thời lượng không dương",
            f"fault “{fault.kind}” begins before the beginning, or lasts no time",
        )
    return Fault(fault.kind, chosen, _ms(fault.at), lasts, _ms(fault.by), fault.factor)


def _ms(words: str) -> int:
    """A duration such as 1.5s, -90m or 2h, in ms."""
    found = _DURATION.match(words)
    if found is None:
        raise ScriptWrong(
            f"“{words}” không phải thời lượng (ví dụ 30s, 1.5s, -90m, 2h)",
            f"“{words}” is no duration (such as 30s, 1.5s, -90m, 2h)",
        )
    sign = -1 if found[1] else 1
    return sign * round(float(found[2]) * _UNITS_MS[found[3]])
