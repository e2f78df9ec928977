"""What can go wrong with things to be aired, said in Vietnamese and English for the person."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar


class AudioLibraryError(Exception):
    """`code` is stable; `vi` and `en` say what happened, what was kept and what to do."""

    code: ClassVar[str] = "audio_library"

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"{vi} / {en}")
        self.vi = vi
        self.en = en


# --- words ---------------------------------------------------------------------------------------


class EmptyText(AudioLibraryError):
    code = "empty_text"

    def __init__(self) -> None:
        super().__init__(
            "Bản tin chưa có chữ nào. Hãy nhập nội dung rồi gửi lại.",
            "The text is empty. Type the bulletin and send it again.",
        )


class TextTooLong(AudioLibraryError):
    code = "text_too_long"

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(
            f"Bản tin dài {_vi_number(length)} ký tự, giới hạn là {_vi_number(limit)} ký tự. "
            "Chưa lưu gì; hãy chia thành nhiều bản tin.",
            f"The text is {length:,} characters long, the limit is {limit:,}. "
            "Nothing was saved; split it into several bulletins.",
        )
        self.length = length
        self.limit = limit


class NotUtf8(AudioLibraryError):
    code = "not_utf8"

    def __init__(self, position: int) -> None:
        super().__init__(
            f"Văn bản không phải mã UTF-8 (hỏng từ vị trí {position}). "
            "Chưa lưu gì; hãy lưu tệp với mã UTF-8 rồi gửi lại.",
            f"The text is not UTF-8 (broken at position {position}). "
            "Nothing was saved; save the file as UTF-8 and send it again.",
        )
        self.position = position


class ControlCharacters(AudioLibraryError):
    code = "control_characters"

    def __init__(self, character: str, line: int) -> None:
        name = f"U+{ord(character):04X}"
        super().__init__(
            f"Văn bản có ký tự điều khiển {name} ở dòng {line}. "
            "Chưa lưu gì; hãy xoá ký tự đó (chỉ cho phép xuống dòng và tab).",
            f"The text has the control character {name} in line {line}. "
            "Nothing was saved; remove it (only newline and tab are allowed).",
        )


class HeapOfMarks(AudioLibraryError):
    code = "heap_of_marks"

    def __init__(self, line: int) -> None:
        super().__init__(
            f"Ở dòng {line} có chữ mang quá nhiều dấu chồng lên nhau. "
            "Chưa lưu gì; hãy xoá chữ đó rồi gõ lại.",
            f"In line {line} a letter carries a heap of marks. "
            "Nothing was saved; delete the letter and type it again.",
        )


class NothingToRead(AudioLibraryError):
    code = "nothing_to_read"

    def __init__(self) -> None:
        super().__init__(
            "Văn bản chỉ có ký hiệu, không có chữ hay số nào để đọc. Hãy nhập nội dung bằng chữ.",
            "The text holds only symbols, no word or number to read. Type the words to be read.",
        )


class BadLexiconEntry(AudioLibraryError):
    code = "bad_lexicon_entry"

    def __init__(self, written: str, why_vi: str, why_en: str) -> None:
        super().__init__(
            f"Không ghi được cách đọc của “{written[:80]}”: {why_vi}. Chưa lưu gì.",
            f"The reading of “{written[:80]}” cannot be taken: {why_en}. Nothing was saved.",
        )
        self.written = written


# --- languages and voices ------------------------------------------------------------------------


class UnknownLanguage(AudioLibraryError):
    code = "unknown_language"

    def __init__(self, tag: str, known: tuple[str, ...]) -> None:
        listed = ", ".join(known)
        super().__init__(
            f"Không có tiếng nào mang mã “{tag}”. Các mã dùng được: {listed}.",
            f"No language has the tag “{tag}”. Tags in use: {listed}.",
        )
        self.tag = tag


class BadLanguageList(AudioLibraryError):
    code = "bad_language_list"

    def __init__(self, twice_vi: tuple[str, ...]) -> None:
        listed = ", ".join(twice_vi)
        super().__init__(
            f"Danh sách tiếng có tiếng lặp lại: {listed}. Chưa lưu gì."
            if twice_vi
            else "Danh sách tiếng còn trống. Chưa lưu gì; hãy chọn ít nhất một tiếng.",
            f"The list of languages names these twice: {listed}. Nothing was saved."
            if twice_vi
            else "The list of languages is empty. Nothing was saved; choose at least one.",
        )


class NotThisLanguage(AudioLibraryError):
    """`why_vi` and `why_en` are whole sentences of the language guard."""

    code = "not_this_language"

    def __init__(self, language: str, why_vi: str, why_en: str) -> None:
        super().__init__(
            f"{why_vi} Bản tin vẫn được giữ, chưa có âm thanh nào được tạo.",
            f"{why_en} The text is kept, no audio was made.",
        )
        self.language = language


class NoVoiceForLanguage(AudioLibraryError):
    code = "no_voice_for_language"

    def __init__(self, language: str, name_vi: str, name_en: str) -> None:
        super().__init__(
            f"Chưa có giọng đọc hay bản thu cho tiếng {name_vi} ({language}); "
            "máy không đọc thay bằng giọng của tiếng khác. Hãy thu giọng người đọc.",
            f"There is no voice or recording for this language: {name_en} ({language}); "
            "it was not read with another language's voice. Record a person reading it.",
        )
        self.language = language


class UnknownVoice(AudioLibraryError):
    code = "unknown_voice"

    def __init__(self, voice: str, language: str, known: tuple[str, ...]) -> None:
        listed = ", ".join(known) or "—"
        super().__init__(
            f"Không có giọng “{voice}” cho tiếng “{language}”. Các giọng dùng được: {listed}.",
            f"There is no voice “{voice}” for language “{language}”. Voices in use: {listed}.",
        )


class VoiceNotReady(AudioLibraryError):
    code = "voice_not_ready"

    def __init__(self, voice: str, missing_vi: str, missing_en: str) -> None:
        super().__init__(
            f"Giọng “{voice}” chưa dùng được: {missing_vi}.",
            f"The voice “{voice}” is not ready: {missing_en}.",
        )


class NotRecorded(AudioLibraryError):
    code = "not_recorded"

    def __init__(self, reader: str, language: str) -> None:
        super().__init__(
            f"{reader} chưa có bản thu được cho phát của đúng lời này (tiếng “{language}”). "
            "Lời duyệt vẫn được giữ; hãy thu lời này rồi cho phát.",
            f"{reader} has no released recording of exactly these words (language “{language}”). "
            "The approved words are kept; record them and release the recording.",
        )


class EngineOffline(AudioLibraryError):
    code = "engine_offline"

    def __init__(self, engine: str, reason: str) -> None:
        super().__init__(
            f"Giọng đọc {engine} cần mạng internet nhưng không kết nối được ({reason}). "
            "Bản tin vẫn được giữ; hãy thử lại khi có mạng hoặc chọn giọng eSpeak NG.",
            f"The voice engine {engine} needs the internet and could not reach it ({reason}). "
            "The bulletin is kept; try again online or choose the eSpeak NG voice.",
        )


class EngineFailed(AudioLibraryError):
    code = "engine_failed"

    def __init__(self, engine: str, reason: str) -> None:
        super().__init__(
            f"Giọng đọc {engine} không đọc được bản tin ({reason}). "
            "Bản tin vẫn được giữ, chưa có âm thanh nào được tạo.",
            f"The voice engine {engine} could not read the text ({reason}). "
            "The bulletin is kept, no audio was made.",
        )


class LicenceNotAccepted(AudioLibraryError):
    code = "licence_not_accepted"

    def __init__(self, voice: str, licence: str) -> None:
        super().__init__(
            f"Giọng {voice} có giấy phép: {licence}. Chưa tải gì; "
            "nếu đồng ý, chạy lại với --accept-licence.",
            f"The licence of {voice} is: {licence}. Nothing was downloaded; "
            "if you accept it, run again with --accept-licence.",
        )


class HashNotAccepted(AudioLibraryError):
    code = "hash_not_accepted"

    def __init__(self, name: str, sha256: str, size: int) -> None:
        super().__init__(
            f"Đã tải {name}: {_vi_number(size)} byte, SHA-256 {sha256}, nhưng chưa ai xác nhận mã "
            f"này nên chưa cài. Hãy đối chiếu với nơi phát hành rồi chạy lại với "
            f"--accept-hash {sha256}, hoặc --trust-first nếu tin lần tải này.",
            f"{name} was downloaded: {size:,} bytes, SHA-256 {sha256}; nobody has vouched for that "
            f"hash, so it is not installed. Compare it with its publisher's and run again with "
            f"--accept-hash {sha256}, or with --trust-first to trust this download.",
        )
        self.sha256 = sha256


class DownloadBroken(AudioLibraryError):
    code = "download_broken"

    def __init__(self, name: str, reason: str, kept: int) -> None:
        super().__init__(
            f"Đứt mạng khi tải {name} ({reason}). Đã giữ {_vi_number(kept)} byte; "
            "chạy lại lệnh để tải tiếp.",
            f"The download of {name} broke off ({reason}). {kept:,} bytes are kept; "
            "run the command again to go on.",
        )
        self.kept = kept


class DownloadRefused(AudioLibraryError):
    code = "download_refused"

    def __init__(self, name: str, why_vi: str, why_en: str) -> None:
        super().__init__(
            f"Không cài {name}: {why_vi}. Các giọng đang có vẫn nguyên.",
            f"{name} is not installed: {why_en}. The voices that are here stay as they are.",
        )


# --- audio and its store -------------------------------------------------------------------------


_UNREADABLE_VI: Mapping[str, str] = MappingProxyType(
    {
        "Invalid data found when processing input": "không phải tệp âm thanh, hoặc tệp đã hỏng",
        "End of file": "tệp rỗng hoặc bị cắt",
        "no audio stream": "trong tệp không có phần âm thanh",
        "no sound in the file": "trong tệp không có âm thanh",
        "sound coded in an unknown way": "mã hoá lạ",
        "> 60 min": "dài quá 60 phút",
    }
)
"""What decoders say most, for people; anything else is told as it is."""


class AudioUnreadable(AudioLibraryError):
    code = "audio_unreadable"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Không đọc được âm thanh ({_UNREADABLE_VI.get(reason, reason)}). Tệp gốc được giữ "
            "nguyên, không phát gì từ nó; hãy thử tệp khác, hoặc lưu lại dạng wav.",
            f"The audio could not be read ({reason}). The original is untouched, nothing of it is "
            "aired; try another file, or save it anew as wav.",
        )
        self.reason = reason


class SilentAudio(AudioLibraryError):
    code = "silent_audio"

    def __init__(self) -> None:
        super().__init__(
            "Âm thanh không có tiếng (im lặng). Chưa lưu gì; hãy kiểm tra micro hoặc nội dung.",
            "The audio is silent. Nothing was saved; check the microphone or the text.",
        )
        self.reason = "silent"


class StreamDead(AudioLibraryError):
    code = "stream_dead"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Không nghe được luồng tiếp sóng ({reason}). Không có gì bị thay đổi; hãy xem lại "
            "địa chỉ, mạng, và đài ấy có đang phát không.",
            f"The stream is not heard ({reason}). Nothing was changed; look at the address, the "
            "network, and whether that station is on the air.",
        )
        self.reason = reason


class MasteringFailed(AudioLibraryError):
    code = "mastering_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Không tạo được tệp phát sóng ({reason}). Bản tin vẫn được giữ; hãy thử lại.",
            f"The file for air could not be made ({reason}). The bulletin is kept; try again.",
        )
        self.reason = reason


class TookTooLong(AudioLibraryError):
    code = "took_too_long"

    def __init__(self, what: str, timeout_s: float) -> None:
        super().__init__(
            f"Bước {what} quá {timeout_s:g} giây nên đã dừng. Bản tin vẫn được giữ; "
            "hãy thử lại hoặc chia nhỏ bản tin.",
            f"The step {what} took more than {timeout_s:g} seconds and was stopped. "
            "The bulletin is kept; try again or split it.",
        )


class Stopped(AudioLibraryError):
    code = "stopped"

    def __init__(self) -> None:
        super().__init__(
            "Đã dừng theo yêu cầu. Bản tin vẫn được giữ, chưa có âm thanh mới; "
            "khi cần hãy yêu cầu tạo lại.",
            "Stopped as asked. The bulletin is kept, no new audio was made; "
            "ask for it again when it is wanted.",
        )


class StoreFull(AudioLibraryError):
    code = "store_full"

    def __init__(self, needed: int | None = None, free: int | None = None) -> None:
        said_vi, said_en = [], []
        if needed is not None:
            said_vi.append(f"cần {_vi_number(needed)} byte")
            said_en.append(f"{needed:,} bytes are needed")
        if free is not None:
            said_vi.append(f"còn {_vi_number(free)} byte")
            said_en.append(f"{free:,} bytes are free")
        room_vi = f" ({', '.join(said_vi)})" if said_vi else ""
        room_en = f" ({', '.join(said_en)})" if said_en else ""
        super().__init__(
            f"Kho âm thanh đã đầy{room_vi}. Tệp này chưa được lưu, "
            "các tệp cũ còn nguyên; hãy xoá bớt âm thanh cũ hoặc tăng dung lượng.",
            f"The audio store is full{room_en}. This file was not "
            "stored, older files are untouched; delete old audio or give it more room.",
        )


class AssetMissing(AudioLibraryError):
    code = "asset_missing"

    def __init__(self, sha256: str) -> None:
        super().__init__(
            f"Kho không có tệp âm thanh {sha256[:12]}….",
            f"The store holds no audio file {sha256[:12]}….",
        )


class AssetDamaged(AudioLibraryError):
    code = "asset_damaged"

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(
            f"Tệp âm thanh không khớp mã băm (cần {expected[:12]}…, thấy {found[:12]}…). "
            "Tệp này không được lưu và không được phát; hãy tạo lại.",
            f"The audio file does not match its hash (expected {expected[:12]}…, "
            f"found {found[:12]}…). It was not stored and is not aired; make it again.",
        )


class NotAnAssetName(AudioLibraryError):
    code = "not_an_asset_name"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"“{name[:80]}” không phải mã SHA-256 của một tệp âm thanh.",
            f"“{name[:80]}” is not the SHA-256 of an audio file.",
        )


class StoreUnreachable(AudioLibraryError):
    code = "store_unreachable"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"Không liên lạc được với kho âm thanh {address}, hoặc kho trả lời quá chậm. "
            "Hộp loa vẫn phát những gì đã tải; hãy kiểm tra mạng rồi thử lại.",
            f"The audio store {address} cannot be reached, or answers too slowly. "
            "Boxes go on playing what they hold; check the network and try again.",
        )


class StoreRefused(AudioLibraryError):
    code = "store_refused"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"Kho âm thanh {address} không nhận khoá truy cập của bộ điều khiển. Chưa lưu gì; "
            "hãy xem lại AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY và quyền đọc, ghi, xoá.",
            f"The audio store {address} refuses the controller's key. Nothing was stored; "
            "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the right to read, write, delete.",
        )


class BucketMissing(AudioLibraryError):
    code = "bucket_missing"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"Kho âm thanh {address} chưa có thùng chứa (bucket) này. Chưa lưu gì; "
            "hãy tạo nó, hoặc sửa LOALANG_BLOB_URL.",
            f"The bucket of the audio store {address} does not exist. Nothing was stored; "
            "create it, or correct LOALANG_BLOB_URL.",
        )


class StoreFailed(AudioLibraryError):
    code = "store_failed"

    def __init__(self, address: str, answer: str) -> None:
        super().__init__(
            f"Kho âm thanh {address} trả lời lỗi {answer}. "
            "Những gì đã lưu vẫn còn; hãy hỏi người quản lý kho rồi thử lại.",
            f"The audio store {address} answered with error {answer}. "
            "What was stored is kept; ask whoever runs the store, then try again.",
        )


class BadStoreAddress(AudioLibraryError):
    code = "bad_store_address"

    def __init__(self, why_vi: str, why_en: str) -> None:
        super().__init__(
            f"LOALANG_BLOB_URL chưa dùng được: {why_vi}. Chưa chạy gì; viết “file:” hoặc "
            "“s3://thùng/thư-mục?endpoint=https://…&region=…”.",
            f"LOALANG_BLOB_URL cannot be used: {why_en}. Nothing was started; write “file:” or "
            "“s3://bucket/prefix?endpoint=https://…&region=…”.",
        )


class StoreNotInstalled(AudioLibraryError):
    code = "store_not_installed"

    def __init__(self) -> None:
        super().__init__(
            "Chưa cài phần kho S3. Chưa chạy gì; hãy cài “loalang[s3]”, "
            "hoặc bỏ LOALANG_BLOB_URL để giữ âm thanh trên máy này.",
            "The part for S3 stores is not installed. Nothing was started; install "
            "“loalang[s3]”, or leave LOALANG_BLOB_URL out to keep audio on this machine.",
        )


class NoWordsForCart(AudioLibraryError):
    code = "no_words_for_cart"

    def __init__(self, title_vi: str, kind: str, language: str) -> None:
        super().__init__(
            f"Chưa có lời cho “{title_vi}” bằng tiếng “{language}”. "
            "Hãy nhờ người nói tiếng ấy viết lời, máy không tự dịch.",
            f"There are no words for “{kind}” in “{language}”. "
            "Ask somebody who speaks it to write them; nothing is translated by machine.",
        )


# --- bulletins and approval ----------------------------------------------------------------------


class NaiveTime(AudioLibraryError):
    code = "naive_time"

    def __init__(self, field: str, value: datetime) -> None:
        super().__init__(
            f"Thời điểm “{field}” ({value.isoformat()}) thiếu múi giờ.",
            f"The time “{field}” ({value.isoformat()}) has no time zone.",
        )


class BadBulletin(AudioLibraryError):
    code = "bad_bulletin"


class WrongTransition(AudioLibraryError):
    code = "wrong_transition"

    def __init__(self, action: str, action_vi: str, state: str, state_vi: str) -> None:
        super().__init__(
            f"Không thể {action_vi} khi bản tin đang ở trạng thái “{state_vi}”. "
            "Bản tin giữ nguyên như cũ.",
            f"Cannot {action} a bulletin that is {state}. The bulletin stays as it was.",
        )


class FourEyes(AudioLibraryError):
    code = "four_eyes"

    def __init__(self, person: str) -> None:
        super().__init__(
            f"Người soạn không được tự duyệt bản tin của mình ({person}). "
            "Bản tin vẫn chờ duyệt; hãy nhờ người khác duyệt.",
            f"The editor may not approve their own bulletin ({person}). "
            "It still waits for approval; ask another person.",
        )


class ReadingMissing(AudioLibraryError):
    code = "reading_missing"

    def __init__(self, language: str) -> None:
        super().__init__(
            f"Chưa có cách đọc của bản tiếng “{language}”, nên chưa duyệt được.",
            f"The spoken form of the “{language}” script is missing, so it cannot be approved.",
        )


class ReasonMissing(AudioLibraryError):
    code = "reason_missing"

    def __init__(self, action: str, action_vi: str) -> None:
        super().__init__(
            f"Hãy ghi lý do để {action_vi}. Bản tin giữ nguyên như cũ.",
            f"Give the reason to {action}. The bulletin stays as it was.",
        )


class BulletinExpired(AudioLibraryError):
    code = "bulletin_expired"

    def __init__(self, valid_until: datetime) -> None:
        super().__init__(
            f"Bản tin đã hết giá trị từ {valid_until:%H:%M %d/%m/%Y}. "
            "Hãy gia hạn hoặc soạn bản mới.",
            f"The bulletin expired at {valid_until:%Y-%m-%d %H:%M}. Extend it or write a new one.",
        )


def _vi_number(n: int) -> str:
    return f"{n:,}".replace(",", ".")
