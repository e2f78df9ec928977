"""Words of a command line: options with and without a value, and nothing that is not known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_agent.errors import AgentError

USAGE = """\
loalang-agent run --config TỆP [--with-parent]   chạy thiết bị / run the box
loalang-agent pair [ĐỊA_CHỈ] MÃ --config TỆP     ghép nối với văn phòng / pair with an office
loalang-agent pair --from TỆP --config TỆP       như trên, mã ở trong tệp / its code in a file
loalang-agent status --config TỆP [--json]       tình trạng bây giờ / how it is now
loalang-agent log --config TỆP [--lines SỐ]      nhật ký gần đây / the last lines of its log
loalang-agent selftest --config TỆP [--tone]     tự kiểm tra, có thể phát âm thử / check every part
loalang-agent import THƯ_MỤC --config TỆP        nhận từ USB / take from a USB stick
loalang-agent export THƯ_MỤC --config TỆP        ghi báo cáo ra USB / write reports to a USB stick
loalang-agent update --config TỆP [--to SỐ] [--pin]  đổi phiên bản, hệ thống gọi / another version
loalang-agent rehearse --config TỆP --state THƯ_MỤC  đọc thử một bản sao / read a copy of the state
loalang-agent pin --config TỆP [--drop]          mã PIN của trang báo động / PIN of the local page
loalang-agent init --state-dir THƯ_MỤC           tạo khoá thiết bị / make the box's key
loalang-agent version                            phiên bản / version
loalang-agent help                               những dòng này / these lines

TỆP = tệp cấu hình / FILE: the configuration; THƯ_MỤC = FOLDER; SỐ = NUMBER
"""


class BadUsage(AgentError):
    """The command line says something that is not known."""

    code = "bad_usage"


@dataclass(frozen=True, slots=True)
class Line:
    """What stands behind a command: its words, its options with their values, its switches."""

    words: tuple[str, ...]
    values: Mapping[str, str]
    switches: frozenset[str]

    def path(self, option: str) -> Path:
        """The file or folder given with `option`. Raises `BadUsage` if it was not."""
        given = self.values.get(option)
        if not given:
            raise BadUsage(f"Thiếu {option}.", f"{option} is missing.")
        return Path(given)

    def seconds(self, option: str, usual: float) -> float:
        """The number given with `option`, `usual` without one. Raises `BadUsage`."""
        given = self.values.get(option, "")
        if given and not given.isdigit():
            raise BadUsage(f"{option} cần một số.", f"{option} takes a number.")
        return float(given) if given else usual


def read_line(
    rest: Sequence[str],
    *,
    words: int = 0,
    optional: int = 0,
    values: tuple[str, ...] = (),
    switches: tuple[str, ...] = (),
) -> Line:
    """Sort out what stands behind a command; `--option=value` will do too. Raises `BadUsage`.

    It takes so many `words`, and up to so many `optional` ones behind them.
    """
    found: list[str] = []
    given: dict[str, str] = {}
    switched: set[str] = set()
    left = list(rest)
    while left:
        word = left.pop(0)
        option, equals, value = word.partition("=")
        if not word.startswith("-"):
            found.append(word)
        elif option in values:
            if not equals and not left:
                raise BadUsage(f"Sau {option} còn thiếu giá trị.", f"{option} needs a value.")
            given[option] = value if equals else left.pop(0)
        elif word in switches:
            switched.add(word)
        else:
            raise BadUsage(f"Không có tuỳ chọn {word!r}.", f"There is no option {word!r}.")
    if not words <= len(found) <= words + optional:
        count = f"{words}–{words + optional}" if optional else f"{words}"
        raise BadUsage(
            f"Lệnh này cần {count} tên, không phải {len(found)}.",
            f"This command takes {count} names, not {len(found)}.",
        )
    return Line(tuple(found), given, frozenset(switched))
