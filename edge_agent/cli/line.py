"""Words of a command line: options with and without a value, and nothing that is not known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_agent.errors import AgentError

USAGE = """\
loalang-agent run --config TỆP [--with-parent]   chạy thiết bị / run the box
loalang-agent status --config TỆP [--json]       tình trạng bây giờ / how it is now
loalang-agent log --config TỆP [--lines SỐ]      nhật ký gần đây / the last lines of its log
loalang-agent selftest --config TỆP [--tone]     tự kiểm tra, có thể phát âm thử / check every part
loalang-agent import THƯ_MỤC --config TỆP        nhận từ USB / take from a USB stick
loalang-agent export THƯ_MỤC --config TỆP        ghi báo cáo ra USB / write reports to a USB stick
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


def read_line(
    rest: Sequence[str],
    *,
    words: int = 0,
    values: tuple[str, ...] = (),
    switches: tuple[str, ...] = (),
) -> Line:
    """Sort out what stands behind a command; `--option=value` will do too. Raises `BadUsage`."""
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
    if len(found) != words:
        raise BadUsage(
            f"Lệnh này cần {words} tên, không phải {len(found)}.",
            f"This command takes {words} names, not {len(found)}.",
        )
    return Line(tuple(found), given, frozenset(switched))
