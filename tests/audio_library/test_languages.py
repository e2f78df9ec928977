import pytest

from audio_library.errors import BadLanguageList, UnknownLanguage
from audio_library.languages import LANGUAGES, ancestors, covered_by, language, ordered


def test_eighteen_languages_with_their_branches() -> None:
    assert len(LANGUAGES) == 18
    assert language("vi").name_en == "Vietnamese"
    assert language("moo").parent == "sed"
    assert language("ren").parent == "bdq"
    assert all(entry.parent is None or entry.parent in LANGUAGES for entry in LANGUAGES.values())


def test_a_language_is_called_as_its_speakers_call_it_only_where_we_know_that() -> None:
    assert language("sed").name_self == "Rơteăng"
    assert language("vi").name_self == "Tiếng Việt"
    assert {e.tag for e in LANGUAGES.values() if e.name_self} == {"vi", "sed"}


@pytest.mark.parametrize("tag", ["", "VI", "xx", "vi-VN"])
def test_an_unknown_tag_is_refused_with_the_list(tag: str) -> None:
    with pytest.raises(UnknownLanguage, match="sed"):
        language(tag)


def test_branches_are_found_both_ways() -> None:
    assert ancestors("moo") == ("sed",)
    assert ancestors("sed") == ()
    assert covered_by("sed") == ("tdr", "moo", "kxy", "hal")
    assert covered_by("bdq") == ("ren",)
    assert covered_by("vi") == ()
    with pytest.raises(UnknownLanguage):
        covered_by("xx")


def test_a_place_hears_its_languages_in_its_own_order() -> None:
    assert ordered(["sed", "vi", "ren"]) == ("sed", "vi", "ren")


def test_a_list_with_a_stranger_a_double_or_nothing_is_refused() -> None:
    with pytest.raises(UnknownLanguage):
        ordered(["vi", "xx"])
    with pytest.raises(BadLanguageList, match="Xơ Đăng"):
        ordered(["sed", "vi", "sed"])
    with pytest.raises(BadLanguageList):
        ordered([])
