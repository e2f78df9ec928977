"""`loalang-agent pin`: choose the PIN of the local page, typed twice or from a pipe."""

import getpass
import sys
from collections.abc import Callable
from pathlib import Path

from edge_agent import refuge, settings
from edge_agent.errors import StateUnwritable
from edge_agent.local import pin

MAX_CHARS = 100


def choose(config: Path, *, drop: bool, tell: Callable[[str], None]) -> int:
    """Set the PIN of the box, or leave it without one. Raises `AgentError`."""
    state_dir = Path(refuge.find(settings.load(config)).state_dir)
    try:
        if drop:
            pin.drop(state_dir)
            tell("Đã bỏ mã PIN: trang báo động không phát được gì nữa.")
            tell("The PIN is gone: the local page can raise nothing any more.")
            return 0
        pin.choose(state_dir, _asked())
    except OSError as e:
        raise StateUnwritable(
            f"Không ghi được vào {state_dir}: {e.strerror}. Mã cũ vẫn giữ nguyên. Thử với sudo.",
            f"Cannot write to {state_dir}: {e.strerror}. The old PIN was kept. Try with sudo.",
        ) from e
    tell("Đã đặt mã PIN. Hãy giữ kín: ai có mã này thì phát được báo động từ mạng của hộp.")
    tell("The PIN is set. Keep it: who has it can raise an alert from the box's network.")
    return 0


def _asked() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline(MAX_CHARS).strip()
    first = getpass.getpass(f"Mã PIN, {pin.SHORTEST}-{pin.LONGEST} chữ số / PIN: ")
    if getpass.getpass("Nhập lại / again: ") != first:
        raise pin.BadPin(
            "Hai lần nhập khác nhau. Mã cũ vẫn giữ nguyên.",
            "The two differ. The old PIN was kept.",
        )
    return first
