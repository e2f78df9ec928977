from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.errors import UnknownLanguage
from audio_library.languages import LANGUAGES
from audio_library.wording.spoken_form import spoken_form
from audio_library.writing.language_guard import FITS, Verdict, judge

WORDING = Path(__file__).parent.parent / "wording"


def written_and_spoken(name: str) -> list[str]:
    lines = (WORDING / name).read_text("utf-8").splitlines()
    rows = [line.split("\t")[:2] for line in lines if line and not line.startswith("#")]
    return [cell for row in rows for cell in row]


OFFICIAL = [
    text
    for name in ("sample_bulletins.tsv", "official_texts.tsv", "spoken_forms.tsv")
    for text in written_and_spoken(name)
]


@pytest.mark.parametrize("text", OFFICIAL)
def test_official_vietnamese_fits_as_written_and_as_spoken(text: str) -> None:
    assert judge(text, "vi") == FITS


@pytest.mark.parametrize(
    "text",
    [
        "Đăk Pék",
        "Ia H'Drai",
        "Xã Ia H'Drai, Đăk Pék, Krông Nô, Ngọk Réo và Kroong có mưa to, bà con không qua suối.",
        "Trường ở Plei Kần, Pờ Ê, Đăk Rve, Kon Braih: học sinh nghỉ học",
        "Họp tại nhà rông làng Kon Ƀăh lúc 7h, mời bà con đến dự",
        "THÔNG BÁO CỦA UBND XÃ ĐĂK PÉK",
        "thong bao tiem chung tai tram y te xa",
        "Tin không đúng: 'việc nhẹ, lương cao' trên facebook, zalo, email",
        "Nước sông lên 5 km, mưa 50 mm, điện 220 kV",
        "kỹ thuật nghỉ ngơi giặt giũ khuỷu tay quều quào ngoằn ngoèo huơ yếu hươu gìn giữ gì",
    ],
)
def test_place_names_and_loan_words_prove_nothing(text: str) -> None:
    assert judge(text, "vi").verdict is Verdict.FITS


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Ƀok kơdră 'nâi lơ\u0306m ƀuôn", "bdq"),
        ("Ƀing tơkŭm lĕm plĕng tŏn ƀă đơ\u0306ng hơtŏk", "bdq"),
        ("Ñu čơđai čar anô\u0306 jê\u0306 akô\u0306 mơñam pơđĭ", "jra"),
        ("mê tối kố rơ'jíu ‘na 'nâi rơ'jíu", "sed"),
    ],
)
def test_another_language_is_not_taken_for_vietnamese(text: str, first: str) -> None:
    found = judge(text, "vi")
    assert found.verdict is Verdict.OTHER
    assert found.looks_like[0] == first
    assert set(found.looks_like) == {"bdq", "jra", "sed"}
    assert found.evidence
    assert LANGUAGES[first].name_vi in found.vi
    assert LANGUAGES[first].name_en in found.en


def test_also_among_some_vietnamese_words_and_beside_place_names() -> None:
    text = "Xã Đăk Pék thông báo: ƀing ta tơkŭm lơ\u0306m ƀon, hơtŏk đơ\u0306ng pơđĭ anô\u0306."
    assert judge(text, "vi").verdict is Verdict.OTHER


def test_the_old_font_does_not_hide_it() -> None:
    assert judge("[ing ta tơku\\m lơ\\m [on hơto\\k", "vi").verdict is Verdict.OTHER
    found = judge("Bà con xem [ing ở nhà rông", "vi")
    assert found.verdict is Verdict.DOUBTFUL
    assert found.evidence == ("[",)


@pytest.mark.parametrize(
    "text",
    [
        "Bà con chào bằng tiếng Ba Na là hăm lơ\u0306m",
        "Please come to the meeting hall at seven",
        "LƠ\u0306M ƁON TĬNG AKÔ\u0306",
        "Họp về việc kơdră hơdơi nhé bà con",
    ],
)
def test_a_few_odd_words_are_asked_about(text: str) -> None:
    found = judge(text, "vi")
    assert found.verdict is Verdict.DOUBTFUL
    assert found.vi.endswith("?")
    assert found.en.endswith("?")


def test_a_whole_text_in_capitals_is_asked_about() -> None:
    text = "Bơngai kon pơlei jơnŭm hơdai khan kơ pơm jang tơ mir, păng tơpăt 'lơ\u0306ng"
    assert judge(text, "vi").verdict is Verdict.OTHER
    found = judge(text.upper(), "vi")
    assert found.verdict is Verdict.DOUBTFUL
    assert "bdq" in found.looks_like
    assert judge("UỶ BAN NHÂN DÂN XÃ ĐĂK HÀ THÔNG BÁO LỊCH TIÊM CHỦNG CHO TRẺ EM", "vi") == FITS


@pytest.mark.parametrize("language", ["bdq", "sed", "jra", "hre", "jeh"])
def test_plain_vietnamese_under_another_name_is_asked_about(language: str) -> None:
    text = "Bà con đến trạm y tế xã Đăk Pék để tiêm vắc xin cho trẻ, không mất tiền."
    found = judge(text, language)
    assert found.verdict is Verdict.DOUBTFUL
    assert found.looks_like == ("vi",)
    assert LANGUAGES[language].name_vi in found.vi
    assert found.vi.endswith("?")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ƀok kơdră 'nâi lơ\u0306m ƀuôn", "bdq"),
        ("Ñu čơđai čar anô\u0306 jê\u0306 akô\u0306 mơñam", "jra"),
        ("mê tối kố rơ'jíu ‘na 'nâi", "sed"),
        ("ƀing ta tơkŭm lơ\u0306m ủy ban nhân dân xã, hơtŏk đơ\u0306ng", "bdq"),
        ("chủ tịch xã", "hre"),
    ],
)
def test_a_text_in_its_own_language_fits(text: str, language: str) -> None:
    assert judge(text, language) == FITS


def test_letters_of_another_script_are_asked_about_or_refused() -> None:
    homoglyph = judge("Bà con chú ý: mưa t\u043e tại xã Đăk Pék chiều nay", "vi")
    assert homoglyph.verdict is Verdict.DOUBTFUL
    assert homoglyph.evidence == ("t\u043e",)
    for text in ("Добрый день", "សួស្តី ពូម៉ែឪ", "ສະບາຍດີ"):
        for language in ("vi", "bdq"):
            assert judge(text, language).verdict is Verdict.OTHER


def test_tai_dam_has_two_scripts() -> None:
    assert judge("ꪎꪱꪣ ꪼꪕ", "blt") == FITS
    assert judge("ꪎꪱꪣ ꪼꪕ", "vi").verdict is Verdict.OTHER


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(UnknownLanguage):
        judge("Bà con", "xx")


@given(st.text(), st.sampled_from(sorted(LANGUAGES)))
def test_any_text_gets_an_answer_that_a_person_can_read(text: str, language: str) -> None:
    found = judge(text, language)
    assert (found.verdict is Verdict.FITS) == (found.vi == "") == (found.en == "")


def test_a_long_text_is_judged_quickly() -> None:
    assert judge("Bà con chú ý. " * 1_400, "vi") == FITS
    assert judge("kơdră'" * 3_000 + "'" * 3_000, "vi").verdict is not None
    assert judge(spoken_form("Họp lúc 7h30. " * 500).text, "vi") == FITS
