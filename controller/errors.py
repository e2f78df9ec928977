"""Errors for people: what happened, what was kept, what to do; Vietnamese and English."""


class ControllerError(Exception):
    """A refusal that a person can act on; `code` is stable for programs."""

    def __init__(self, code: str, vi: str, en: str) -> None:
        super().__init__(f"{vi} / {en}")
        self.code, self.vi, self.en = code, vi, en


class NotFound(ControllerError):
    """What was asked for does not exist."""

    def __init__(self, what_vi: str, what_en: str, key: str) -> None:
        super().__init__(
            "not_found", f"Không tìm thấy {what_vi} “{key}”.", f"There is no {what_en} “{key}”."
        )


class UnknownVillage(ControllerError):
    """No village, or more than one, answers to what was typed; `candidates` lists them."""

    def __init__(self, asked: str, candidates: tuple[str, ...]) -> None:
        listed = "; ".join(candidates[:8])
        super().__init__(
            "unknown_village",
            f"Không rõ làng “{asked}”. "
            + (f"Có phải một trong các làng: {listed}?" if listed else "Chưa có làng nào tên này."),
            f"The village “{asked}” is not clear. "
            + (f"One of these: {listed}?" if listed else "No village has that name."),
        )
        self.candidates = candidates


class NotReady(ControllerError):
    """A bulletin has no audio yet for a language that it needs."""


class BreaksAirtimeLaw(ControllerError):
    """Nothing of it may air as planned; the sentences say which rule it breaks."""


class DatabaseInUse(ControllerError):
    """Another controller holds this database file."""

    def __init__(self, path: str) -> None:
        super().__init__(
            "database_in_use",
            f"Một bộ điều khiển khác đang dùng cơ sở dữ liệu {path}. "
            "Hãy tắt nó, hoặc chọn thư mục dữ liệu khác. Không có gì bị thay đổi.",
            f"Another controller is using the database {path}. "
            "Stop it, or choose another data folder. Nothing was changed.",
        )


class PortInUse(ControllerError):
    """The HTTP or MQTT port is taken."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            "port_in_use",
            f"Cổng {host}:{port} đang có chương trình khác dùng. "
            "Hãy chọn cổng khác bằng --port. Không có gì bị thay đổi.",
            f"Port {host}:{port} is used by another program. "
            "Choose another with --port. Nothing was changed.",
        )


class BrokerUnavailable(ControllerError):
    """The broker could not be started."""

    def __init__(self, why_vi: str, why_en: str) -> None:
        super().__init__(
            "broker_unavailable",
            f"Không khởi động được máy trung chuyển tin (MQTT): {why_vi}. Dữ liệu giữ nguyên.",
            f"The message broker (MQTT) could not be started: {why_en}. All data is kept.",
        )


class SignInRefused(ControllerError):
    """Wrong name or password, or too many tries."""


class BackupRefused(ControllerError):
    """A backup cannot be made, is not whole, or may not be put here."""


class SettingsWrong(ControllerError):
    """A setting cannot be used."""


class RootLocked(ControllerError):
    """It needs the root key, which only the recovery code opens."""

    def __init__(self) -> None:
        super().__init__(
            "root_locked",
            "Việc này cần khoá gốc đang khoá. Chưa thay đổi gì; hãy nhập mã khôi phục ghi trên "
            "phiếu khôi phục.",
            "This needs the root key, which is locked. Nothing was changed; give the recovery "
            "code of the recovery sheet.",
        )


class WrongRecoveryCode(ControllerError):
    """What was typed does not open the root key."""

    def __init__(self) -> None:
        super().__init__(
            "wrong_recovery_code",
            "Mã khôi phục không đúng. Chưa thay đổi gì; hãy xem lại phiếu khôi phục.",
            "The recovery code is wrong. Nothing was changed; look at the recovery sheet again.",
        )
