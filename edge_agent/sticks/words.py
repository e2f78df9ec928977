"""What came of a visit of a stick, in figures and in plain words."""

from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

LISTED = 10
"""So many names of each kind are written out; the rest is only counted."""


class Trouble(StrEnum):
    """What broke a visit off; all that was done until then stays done."""

    NONE = ""
    NO_STICK = "no_stick"
    GONE = "stick_gone"
    FULL = "stick_full"
    READ_ONLY = "stick_read_only"
    DISK_FULL = "disk_full"


_TROUBLES: dict[Trouble, tuple[str, str]] = {
    Trouble.NO_STICK: (
        "Không có thư mục loalang ở đó. Chưa có gì thay đổi. "
        "Hãy kiểm tra đường dẫn, hoặc làm USB bằng `loalang bundle make`.",
        "There is no folder loalang. Nothing was changed. "
        "Check the path, or make the stick by `loalang bundle make`.",
    ),
    Trouble.GONE: (
        "USB bị rút ra hoặc hỏng giữa chừng. Những gì đã chép xong vẫn được giữ; hãy cắm lại.",
        "The stick was pulled out or failed midway. What was whole is kept; plug it in again.",
    ),
    Trouble.FULL: (
        "USB đã đầy. Nhật ký vẫn còn nguyên trong hộp; hãy dọn USB rồi cắm lại.",
        "The stick is full. Every record is still in the box; make room and plug it in again.",
    ),
    Trouble.READ_ONLY: (
        "Không ghi được lên USB. Nhật ký vẫn còn nguyên trong hộp; hãy mở khoá ghi rồi cắm lại.",
        "The stick cannot be written. Every record is still in the box; "
        "unlock it and plug it in again.",
    ),
    Trouble.DISK_FULL: (
        "Đĩa của hộp không nhận thêm. Những gì đang có vẫn dùng được; hãy xem dung lượng đĩa.",
        "The disk of the box takes no more. What it holds still works; look at its free room.",
    ),
}


@dataclass(frozen=True, slots=True)
class Passed:
    """A file of the stick that was passed over, and why."""

    file: str
    why: str
    detail: str = ""


@dataclass(slots=True)
class Account:
    """What came of one visit so far; `known` are messages that the box held already."""

    for_this_box: bool = False
    messages: int = 0
    receipts: int = 0
    known: int = 0
    refused: list[Passed] = field(default_factory=list)
    files: int = 0
    bytes: int = 0
    damaged: list[Passed] = field(default_factory=list)
    lacking: tuple[str, ...] = ()
    events: int = 0
    trouble: Trouble = Trouble.NONE

    @property
    def useless(self) -> bool:
        """Whether nothing at all could be taken or given, for a reason that is known."""
        did = self.messages or self.receipts or self.known or self.files or self.events
        return not did and bool(self.trouble or self.refused)


def copied(account: Account) -> tuple[str, str]:
    """Progress while files are copied."""
    size = f"{account.bytes / 1_000_000:.1f} MB"
    return f"đã chép {account.files} tệp, {size}", f"{account.files} files copied, {size}"


def gave(account: Account) -> tuple[str, str]:
    """Progress while reports are written."""
    return f"đã ghi {account.events} sự kiện", f"{account.events} events written"


def summary(account: Account, *, take: bool, give: bool) -> tuple[str, str]:
    """The whole result, Vietnamese and English."""
    vi, en = [], []
    if take and account.trouble is not Trouble.NO_STICK:
        vi.append(
            f"Đã nhận {account.messages} thông điệp mới ({account.known} đã có sẵn), "
            f"{account.receipts} biên nhận, {account.files} tệp."
        )
        en.append(
            f"Took {account.messages} new messages ({account.known} were held already), "
            f"{account.receipts} receipts, {account.files} files."
        )
        if not account.for_this_box:
            vi.append("USB này không chở gì riêng cho hộp này.")
            en.append("This stick carries nothing for this very box.")
        passed = len(account.refused) + len(account.damaged)
        if passed:
            first = (account.refused + account.damaged)[0]
            vi.append(f"Bỏ qua {passed} tệp không tin được hoặc hỏng: {first.file}.")
            en.append(f"Passed over {passed} untrusted or damaged files: {first.file}.")
        if account.lacking:
            vi.append(f"Còn thiếu {len(account.lacking)} tệp của lịch phát.")
            en.append(f"{len(account.lacking)} files of the plan are still lacking.")
        else:
            vi.append("Hộp đã có đủ tệp.")
            en.append("The box holds every file.")
    if give:
        vi.append(f"Đã ghi {account.events} sự kiện phát lên USB.")
        en.append(f"Wrote {account.events} events of plays on the stick.")
    if account.trouble:
        why_vi, why_en = _TROUBLES[account.trouble]
        vi.append(why_vi)
        en.append(why_en)
    return " ".join(vi), " ".join(en)


def figures(account: Account) -> dict[str, object]:
    """The result for programs."""
    return {
        "messages": account.messages,
        "known": account.known,
        "receipts": account.receipts,
        "refused": [_passed(each) for each in account.refused[:LISTED]],
        "files": account.files,
        "bytes": account.bytes,
        "damaged": [_passed(each) for each in account.damaged[:LISTED]],
        "lacking": len(account.lacking),
        "lacking_first": list(account.lacking[:LISTED]),
        "events": account.events,
        "trouble": account.trouble.value,
    }


def about(account: Account, at: str, *, take: bool, give: bool) -> bytes:
    """The page that stays on the stick."""
    vi, en = summary(account, take=take, give=give)
    page = {"at": at, "vi": vi, "en": en, **figures(account)}
    return msgspec.json.format(msgspec.json.encode(page), indent=1) + b"\n"


def _passed(passed: Passed) -> dict[str, str]:
    return {"file": passed.file, "why": passed.why, "detail": passed.detail[:200]}
