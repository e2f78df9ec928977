"""What stands where on a stick that carries what the network would, below its folder `loalang`.

    keys.jws                       the key set
    alerts/<scope>/<issuer>.jws    all active alerts of one issuer for one scope
    boxes/<did>/desired.jws        the desired state of one box
    boxes/<did>/ack.jws            receipts for reports that were taken, one a line
    pages/<sha256>.json.gz         day pages and phrase pages of all boxes
    audio/<sha256>.opus            audio of all boxes
    back/<did>/<spool>-<first>-<last>.jws    reports that a box wrote: events first…last
    back/<did>/about.json          what that box took, gave and lacks, in plain words
    DOC-TOI.txt                    what this is

Nothing rests on trust in the stick: every message is signed, every file is named by its hash.
"""

import re
from typing import NamedTuple

FOLDER = "loalang"
KEYS = "keys.jws"
ALERTS = "alerts"
BOXES = "boxes"
DESIRED = "desired.jws"
RECEIPTS = "ack.jws"
BACK = "back"
ABOUT = "about.json"
READ_ME = "DOC-TOI.txt"

MAX_RECEIPTS = 16
"""A box has one spool, and those that it lost."""

MAX_REPORTS = 20_000
"""Files of one box that are looked at: 400,000 events."""

READ_ME_TEXT = """\
USB NÀY LÀM GÌ / WHAT THIS STICK DOES

Thư mục "loalang" chở lịch phát, tiếng và lệnh từ xã tới các hộp loa không có mạng, và chở nhật ký
phát từ hộp loa về xã.
1. Ở xã: loalang bundle make THƯ_MỤC_USB
2. Ở hộp loa: cắm USB, đợi khoảng một phút; tệp back/<mã hộp>/about.json ghi kết quả.
   Nếu hộp không tự đọc: loalang-agent import THƯ_MỤC_USB --config TỆP, rồi export.
3. Về xã: loalang bundle take THƯ_MỤC_USB
Đừng sửa tệp trong thư mục này: mọi tệp đều có chữ ký hoặc mã băm, tệp bị sửa sẽ bị bỏ qua.
Mất USB không làm lộ mật khẩu và không ai dùng nó để phát được tin khác.

The folder "loalang" carries plans, audio and orders from the office to loudspeakers that have no
network, and their records of what was played back to the office.
1. At the office: loalang bundle make STICK
2. At the box: plug it in and wait about a minute; back/<box>/about.json tells how it went.
   If the box does not read sticks by itself: loalang-agent import STICK --config FILE, then export.
3. At the office again: loalang bundle take STICK
Do not change files in this folder: all are signed or named by their hash, and a changed one is
passed over. A lost stick gives no password away, and nobody can use it to broadcast anything else.
"""

_REPORT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._:]{0,63})-([0-9]{1,16})-([0-9]{1,16})\.jws\Z")


class ReportName(NamedTuple):
    """Events `first`…`last` of one spool, in one sealed report."""

    spool: str
    first: int
    last: int

    @property
    def file(self) -> str:
        """Its name in the folder of its box."""
        return f"{self.spool}-{self.first}-{self.last}.jws"


def parse_report(name: str) -> ReportName | None:
    """Read the name of a report; None if it is none."""
    found = _REPORT.match(name)
    if found is None or not 1 <= int(found[2]) <= int(found[3]):
        return None
    return ReportName(found[1], int(found[2]), int(found[3]))
