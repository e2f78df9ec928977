"""What eSpeak NG's Vietnamese voice would say in English is respelled before it is spoken."""

import json
import sys
from pathlib import Path

import espeakng_loader
import pytest

from audio_library.child_process import run_child
from audio_library.speech.respelling import respell
from audio_library.wording.spoken_form import spoken_form

WORDING = Path(__file__).parents[1] / "wording"
ASK_PHONEMES = """
import ctypes, json, sys
espeak = ctypes.CDLL(sys.argv[1])
espeak.espeak_Initialize(2, 0, sys.argv[2].encode(), 0x8000)
assert espeak.espeak_SetVoiceByName(b"vi") == 0
phonemes = espeak.espeak_TextToPhonemes
phonemes.restype = ctypes.c_char_p
phonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
said = []
for text in json.load(sys.stdin):
    rest, clauses = ctypes.c_char_p(text.encode()), []
    while rest.value is not None:
        clauses.append(phonemes(ctypes.byref(rest), 1, 0).decode())
    said.append(" ".join(clauses))
json.dump(said, sys.stdout)
"""
PLACES = (
    "Đăk Hà, Đăk Tô, Đăk Glei, Đăk Pék, Đăk Pxi, Đăk Ui, Đăk Mar, Đăk Bla, Đăk Rve, Đăk Plô",
    "Đăk Kroong, Đăk Nhoong, Đăk Choong, Đăk Rơ Wa, Đăk Tờ Kan, Đăk Long, Đăk Sao, Đăk Kôi",
    "Kon Plông, Kon Braih, Kon Đào, Kon Rẫy, Măng Đen, Măng Bút, Măng Cành, Măng Ri, Ngọk Réo",
    "Ngọk Tụ, Ngọk Bay, Ngọk Wang, Ngọc Linh, Tu Mơ Rông, Sa Thầy, Sa Loong, Sa Bình, Rờ Kơi",
    "Mô Rai, Ya Ly, Ya Xiêr, Ya Tăng, Ia Đal, Ia Tơi, Ia Dom, Ia H'Drai, Ia Chim, Chư Hreng",
    "Plei Kần, Plei Krông, Pleiku, Pờ Ê, Pô Kô, Hơ Moong, Xốp, Dục Nông, Bờ Y, Hà Mòn",
    "Xơ Đăng, Ba Na, Giẻ, Triêng, Gia Rai, Brâu, Rơ Măm, Hrê, Mơ Nâm, M'nông, K'ho, Khmer",
    "A Minh, Y Bia, Campuchia, đa phương tiện (Multi-media), internet, Zalo, Facebook, video",
)


def phonemes(texts: list[str]) -> list[str]:
    argv = [sys.executable, "-I", "-S", "-c", ASK_PHONEMES]
    argv += [espeakng_loader.get_library_path(), espeakng_loader.get_data_path()]
    ended = run_child(argv, given=json.dumps(texts).encode(), what="phonemes", timeout_s=30)
    said: list[str] = json.loads(ended.out)
    return said


def bulletins() -> list[str]:
    lines = (WORDING / "sample_bulletins.tsv").read_text("utf-8").splitlines()
    return [line.split("\t")[0] for line in lines if not line.startswith("#")]


def test_nothing_in_the_samples_is_said_in_english() -> None:
    texts = [spoken_form(text).text for text in (*bulletins(), *PLACES)]
    for text, said in zip(texts, phonemes([respell(text) for text in texts]), strict=True):
        assert "(en)" not in said, f"{text}: {said}"


def test_without_respelling_it_would_be() -> None:
    assert all("(en)" in said for said in phonemes(["Đăk Hà", "Pleiku", "Multi-media"]))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Đăk Pék", "Đắc Péc"),
        ("ĐĂK HÀ", "ĐẮC HÀ"),
        ("Ngọk", "Ngọc"),
        ("Krông", "Cờ rông"),
        ("Kon Plông", "Kon Pờ lông"),
        ("H'Drai", "Hờ Đờ rai"),
        ("Rơ Wa", "Rơ Oa"),
        ("Đal", "Đan"),
        ("Pleiku", "Pờ lây cu"),
        ("ƀŏng čar", "bong cha"),
    ],
)
def test_highland_sounds(written: str, said: str) -> None:
    assert respell(written) == said


@pytest.mark.parametrize(
    "text",
    [
        "Bà con nhớ mang theo sổ tiêm.",
        "trường trạm nghị quyết thông báo phòng khám nhanh chóng giữa",
        "quản lý, xã Đoàn; 'việc nhẹ, lương cao'",
        "kinh tế - xã hội",
        "",
    ],
)
def test_vietnamese_stays_as_it_is(text: str) -> None:
    assert respell(text) == text
