"""What can go wrong with a recording that a person brings, said so that they can mend it."""

from audio_library.errors import AudioLibraryError

WHAT_TO_BRING_VI = "Hãy mang tệp ghi âm wav, mp3, m4a, ogg, opus, webm hoặc flac."
WHAT_TO_BRING_EN = "Bring a sound recording: wav, mp3, m4a, ogg, opus, webm or flac."


class NotARecording(AudioLibraryError):
    code = "not_a_recording"

    def __init__(self, what_vi: str, what_en: str) -> None:
        self.given = (what_vi, what_en)
        super().__init__(
            f"Tệp này là {what_vi}, không phải bản ghi âm dùng được. Chưa lưu gì. "
            f"{WHAT_TO_BRING_VI}",
            f"This file is {what_en}, not a recording that can be used. Nothing was kept. "
            f"{WHAT_TO_BRING_EN}",
        )


class RecordingTooLarge(AudioLibraryError):
    code = "recording_too_large"

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        size = f"{limit_bytes // 10**6} MB"
        super().__init__(
            f"Tệp ghi âm lớn hơn {size}. Chưa lưu gì; hãy lưu lại dạng m4a, ogg hoặc flac cho nhỏ, "
            "hoặc chia bản tin ra.",
            f"The recording is larger than {size}. Nothing was kept; save it as m4a, ogg or flac, "
            "which are smaller, or split the bulletin.",
        )


class RecordingTooLong(AudioLibraryError):
    code = "recording_too_long"

    def __init__(self, limit_s: int) -> None:
        self.given = (limit_s,)
        minutes = limit_s // 60
        super().__init__(
            f"Bản thu dài quá {minutes} phút. Chưa lưu gì; hãy cắt ra từng bản tin rồi mang lại.",
            f"The recording is longer than {minutes} minutes. Nothing was kept; cut it into "
            "single bulletins and bring them again.",
        )


class RecordingCutOff(AudioLibraryError):
    code = "recording_cut_off"

    def __init__(self, told_s: float, found_s: float) -> None:
        self.given = (told_s, found_s)
        super().__init__(
            f"Tệp nói là dài {told_s:.0f} giây nhưng chỉ có {found_s:.0f} giây: chép chưa hết. "
            "Chưa lưu gì; hãy chép lại từ máy ghi âm rồi mang lại.",
            f"The file says that it is {told_s:.0f} s long but holds {found_s:.0f} s: it was not "
            "copied whole. Nothing was kept; copy it from the recorder again.",
        )


class TakeSilent(AudioLibraryError):
    code = "take_silent"

    def __init__(self, seconds: float, voice_dbfs: float) -> None:
        super().__init__(
            f"Không nghe thấy tiếng nói trong {seconds:.0f} giây ghi âm (mức to nhất "
            f"{voice_dbfs:.0f} dBFS). Chưa lưu gì; hãy kiểm tra micro đã bật và cắm đúng chưa, "
            "rồi thu lại.",
            f"No voice is heard in {seconds:.0f} s of recording (loudest {voice_dbfs:.0f} dBFS). "
            "Nothing was kept; check that the microphone is on and plugged in, and record again.",
        )


class TakeTooQuiet(AudioLibraryError):
    code = "take_too_quiet"

    def __init__(self, lufs: float, least: float) -> None:
        super().__init__(
            f"Giọng đọc quá nhỏ: {lufs:.0f} LUFS, cần ít nhất {least:.0f}. Chưa lưu gì; "
            "hãy để micro gần miệng hơn (một gang tay), đọc to hơn hoặc tăng mức thu, rồi thu lại.",
            f"The voice is too quiet: {lufs:.0f} LUFS, at least {least:.0f} is needed. Nothing was "
            "kept; bring the microphone nearer (a hand's width), speak up or raise the recording "
            "level, and record again.",
        )


class TakeClipped(AudioLibraryError):
    code = "take_clipped"

    def __init__(self, share: float, most: float) -> None:
        super().__init__(
            f"Tiếng bị vỡ ở {share:.0%} lời đọc (cho phép {most:.0%}): mức thu quá cao. "
            "Chưa lưu gì; hãy giảm mức thu hoặc để micro xa thêm một gang tay, rồi thu lại.",
            f"The sound is clipped in {share:.0%} of the speech (at most {most:.0%}): the level "
            "was too high. Nothing was kept; lower the recording level, or move the microphone a "
            "hand's width away, and record again.",
        )


class TakeTooNoisy(AudioLibraryError):
    code = "take_too_noisy"

    def __init__(self, over_noise_db: float, least_db: float, noise_dbfs: float) -> None:
        super().__init__(
            f"Tiếng ồn quá lớn: giọng đọc chỉ to hơn tiếng ồn {over_noise_db:.0f} dB, cần ít nhất "
            f"{least_db:.0f} dB (tiếng ồn {noise_dbfs:.0f} dBFS). Chưa lưu gì; hãy đóng cửa, tắt "
            "quạt, để micro gần miệng (một gang tay), rồi thu lại.",
            f"There is too much noise: the voice is only {over_noise_db:.0f} dB above it, at least "
            f"{least_db:.0f} dB are needed (noise {noise_dbfs:.0f} dBFS). Nothing was kept; close "
            "the door, switch the fan off, hold the microphone a hand's width from the mouth, and "
            "record again.",
        )


class WrongTakeTransition(AudioLibraryError):
    code = "wrong_take_transition"

    def __init__(self, action: str, action_vi: str, state: str, state_vi: str) -> None:
        super().__init__(
            f"Không thể {action_vi} khi bản thu đang “{state_vi}”. Bản thu giữ nguyên như cũ.",
            f"Cannot {action} a recording that is {state}. It stays as it was.",
        )


class SecondListener(AudioLibraryError):
    code = "second_listener"

    def __init__(self, person: str) -> None:
        super().__init__(
            f"Người đọc hoặc người mang bản thu đến không được tự nghe duyệt ({person}). "
            "Bản thu vẫn chờ; hãy nhờ người khác hiểu tiếng này nghe lại.",
            f"Who read or brought a recording may not be its second listener ({person}). It still "
            "waits; ask another person who understands the language.",
        )


class MustUnderstand(AudioLibraryError):
    code = "must_understand"

    def __init__(self, name_vi: str, name_en: str) -> None:
        super().__init__(
            f"Người nghe lại phải hiểu tiếng {name_vi} và nói rõ điều đó. Bản thu vẫn chờ; "
            "hãy nhờ người hiểu tiếng nghe.",
            f"The second listener must understand {name_en} and say so. The recording still waits; "
            "ask someone who does.",
        )


class VouchingNotAllowed(AudioLibraryError):
    code = "vouching_not_allowed"

    def __init__(self) -> None:
        super().__init__(
            "Xã chưa cho phép người đọc tự bảo đảm. Bản thu vẫn chờ người thứ hai nghe; "
            "hoặc bật “người đọc bảo đảm” trong thiết lập của xã.",
            "The commune does not let the reader vouch. The recording still waits for a second "
            "listener; or switch “the reader vouches” on for the commune.",
        )


class TakeOutdated(AudioLibraryError):
    code = "take_outdated"

    def __init__(self, changed: str) -> None:
        super().__init__(
            f"Lời của bản tin đã khác lời trong bản thu ({changed}). Bản thu vẫn còn đó; "
            "hãy thu lại lời mới.",
            f"The words of the bulletin are no longer those of the recording ({changed}). "
            "The recording is kept; record the new words.",
        )


class RefusalReasonMissing(AudioLibraryError):
    code = "reason_missing"

    def __init__(self, action: str, action_vi: str) -> None:
        super().__init__(
            f"Hãy ghi lý do để {action_vi}. Bản thu giữ nguyên như cũ.",
            f"Give the reason to {action}. The recording stays as it was.",
        )


class BadReader(AudioLibraryError):
    code = "bad_reader"


class ConsentWithdrawn(AudioLibraryError):
    code = "consent_withdrawn"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} đã rút lại sự đồng ý cho phát giọng mình, nên không dùng bản thu này. "
            "Hãy nhờ người khác đọc.",
            f"{name} has withdrawn the consent to air their voice, so this is not used. "
            "Ask another reader.",
        )


class NotTheirLanguage(AudioLibraryError):
    code = "not_their_language"

    def __init__(self, name: str, name_vi: str, name_en: str) -> None:
        super().__init__(
            f"{name} không có tên trong những người đọc tiếng {name_vi}. Chưa lưu gì; "
            "hãy chọn đúng người đọc, hoặc ghi thêm tiếng cho người này.",
            f"{name} is not among the readers of {name_en}. Nothing was kept; choose the right "
            "reader, or note the language for this one.",
        )
