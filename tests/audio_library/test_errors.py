import inspect
from datetime import datetime
from typing import Any

import pytest

from audio_library import errors

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "EmptyText": (),
    "TextTooLong": (100_000, 20_000),
    "NotUtf8": (3,),
    "ControlCharacters": ("\x07", 2),
    "HeapOfMarks": (2,),
    "NothingToRead": (),
    "BadLexiconEntry": ("TTVH", "chưa có cách đọc bằng chữ", "it has no reading in words"),
    "UnknownLanguage": ("xx", ("vi", "sed")),
    "BadLanguageList": (("Ba Na",),),
    "NotThisLanguage": ("vi", "Đây không phải tiếng Việt.", "This is not Vietnamese."),
    "NotRecorded": ("Y Hạnh", "bdq"),
    "LicenceNotAccepted": ("vi_VN-vais1000-medium", "CC-BY-4.0"),
    "HashNotAccepted": ("vi_VN-vais1000-medium", "ab" * 32, 63_000_000),
    "DownloadBroken": ("vi_VN-vais1000-medium", "cut", 1_000),
    "DownloadRefused": ("vi_VN-vais1000-medium", "không có tệp này", "there is no such file"),
    "Stopped": (),
    "NoWordsForCart": ("lời chào", "greeting", "sed"),
    "NoVoiceForLanguage": ("sed", "Xơ Đăng", "Sedang"),
    "UnknownVoice": ("bà", "vi", ("espeak:vi",)),
    "VoiceNotReady": ("gtts:vi", "cần mạng", "needs the internet"),
    "EngineOffline": ("gTTS", "no route"),
    "EngineFailed": ("eSpeak NG", "exit code 4"),
    "AudioUnreadable": ("no audio stream",),
    "SilentAudio": (),
    "StreamDead": ("HTTP error 404 Not Found",),
    "MasteringFailed": ("out of luck",),
    "TookTooLong": ("mastering", 30.0),
    "StoreFull": (2_000_000, 1_000),
    "AssetMissing": ("ab" * 32,),
    "AssetDamaged": ("ab" * 32, "cd" * 32),
    "NotAnAssetName": ("../../etc",),
    "StoreUnreachable": ("s3://loa/am-thanh",),
    "StoreRefused": ("s3://loa/am-thanh",),
    "BucketMissing": ("s3://loa/am-thanh",),
    "StoreFailed": ("s3://loa/am-thanh", "400"),
    "BadStoreAddress": ("thiếu tên thùng chứa", "the bucket has no name"),
    "StoreNotInstalled": (),
    "NaiveTime": ("at", datetime(2026, 8, 15)),
    "BadBulletin": ("Bản tin hỏng.", "The bulletin is broken."),
    "WrongTransition": ("approve", "duyệt", "draft", "nháp"),
    "FourEyes": ("An",),
    "ReadingMissing": ("vi",),
    "ReasonMissing": ("withdraw", "rút"),
    "BulletinExpired": (datetime(2026, 8, 15),),
}
CLASSES = {
    name: kind
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.AudioLibraryError) and kind is not errors.AudioLibraryError
}


def test_every_error_is_listed_here() -> None:
    assert set(CLASSES) == set(ARGUMENTS)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_an_error_speaks_both_languages(name: str) -> None:
    error = CLASSES[name](*ARGUMENTS[name])
    assert str(error) == f"{error.vi} / {error.en}"
    assert error.vi.endswith(".")
    assert error.en.endswith(".")
    assert error.vi != error.en


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in CLASSES.values()]
    assert len(set(codes)) == len(codes)


def test_a_text_too_long_says_how_long_and_what_the_limit_is() -> None:
    error = errors.TextTooLong(100_000, 20_000)
    assert "100.000" in error.vi
    assert "20.000" in error.vi
    assert "100,000" in error.en
    assert "20,000" in error.en
