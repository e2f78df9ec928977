"""What a file is, by its first bytes and never by its name."""

import re
from dataclasses import dataclass

from audio_library.recording.errors import NotARecording

HEAD_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of sound file; `demuxer` is FFmpeg's name of the one reader that may open it."""

    name: str
    demuxer: str


WAV = FileKind("wav", "wav")
MP3 = FileKind("mp3", "mp3")
M4A = FileKind("m4a", "mov")
OGG = FileKind("ogg", "ogg")
WEBM = FileKind("webm", "matroska")
FLAC = FileKind("flac", "flac")
KINDS = {kind.name: kind for kind in (WAV, MP3, M4A, OGG, WEBM, FLAC)}

_PICTURE = ("một bức ảnh", "a picture")
_VIDEO = ("một phim", "a video")
_ARCHIVE = ("một tệp nén", "a compressed archive")
_PROGRAM = ("một chương trình máy tính", "a computer program")
_OTHER_SOUND = ("âm thanh dạng khác (%s)", "sound of another kind (%s)")

_STRANGERS: tuple[tuple[bytes, tuple[str, str]], ...] = (
    (b"PK\x03\x04", ("một tệp nén zip hoặc văn bản Office", "a zip archive or an office document")),
    (b"%PDF", ("một văn bản PDF", "a PDF document")),
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"BM", _PICTURE),
    (b"II*\x00", _PICTURE),
    (b"MM\x00*", _PICTURE),
    (b"Rar!", _ARCHIVE),
    (b"7z\xbc\xaf", _ARCHIVE),
    (b"\x1f\x8b", _ARCHIVE),
    (b"\xd0\xcf\x11\xe0", ("một văn bản Office cũ", "an old office document")),
    (b"MZ", _PROGRAM),
    (b"\x7fELF", _PROGRAM),
    (b"#!AMR", (_OTHER_SOUND[0] % "AMR", _OTHER_SOUND[1] % "AMR")),
    (b"MThd", (_OTHER_SOUND[0] % "MIDI", _OTHER_SOUND[1] % "MIDI")),
    (b"FORM", (_OTHER_SOUND[0] % "AIFF", _OTHER_SOUND[1] % "AIFF")),
    (b"caff", (_OTHER_SOUND[0] % "CAF", _OTHER_SOUND[1] % "CAF")),
    (b"\x30\x26\xb2\x75", ("âm thanh hoặc phim Windows Media", "Windows Media sound or video")),
    (b"\x00\x00\x01\xba", _VIDEO),
    (b"FLV", _VIDEO),
)
_PICTURE_BRANDS = frozenset({b"heic", b"heix", b"mif1", b"avif", b"crx "})
_NO_LAYER_III = ("âm thanh AAC không vỏ bọc hoặc MPEG khác", "bare AAC or other MPEG sound")
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]+")


def file_kind(head: bytes) -> FileKind:
    """The kind of a sound file by its first HEAD_BYTES; anything else is a NotARecording."""
    if not head:
        raise NotARecording("tệp rỗng (0 byte)", "an empty file (0 bytes)")
    if head[:4] in (b"RIFF", b"RF64"):
        return _riff(head[8:12])
    if head[4:8] == b"ftyp":
        return _iso_media(head[8:12])
    for magic, kind in ((b"fLaC", FLAC), (b"OggS", OGG), (b"\x1aE\xdf\xa3", WEBM), (b"ID3", MP3)):
        if head.startswith(magic):
            return kind
    for magic, (vi, en) in _STRANGERS:
        if head.startswith(magic):
            raise NotARecording(vi, en)
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        if head[1] & 0x06 == 0x02:
            return MP3
        raise NotARecording(*_NO_LAYER_III)
    if not any(head):
        raise NotARecording("tệp toàn số không", "a file of nothing but zeros")
    if _TEXT.fullmatch(head):
        raise NotARecording("một tệp chữ", "a text file")
    raise NotARecording("tệp không rõ loại", "a file of an unknown kind")


def _riff(form: bytes) -> FileKind:
    match form:
        case b"WAVE":
            return WAV
        case b"WEBP":
            raise NotARecording(*_PICTURE)
        case b"AVI ":
            raise NotARecording(*_VIDEO)
        case _:
            raise NotARecording("tệp RIFF không rõ loại", "a RIFF file of an unknown kind")


def _iso_media(brand: bytes) -> FileKind:
    if brand in _PICTURE_BRANDS:
        raise NotARecording(*_PICTURE)
    return M4A
