import pytest

from audio_library.errors import UnknownLanguage
from audio_library.languages import LANGUAGES, language


def test_eighteen_languages_with_their_branches() -> None:
    assert len(LANGUAGES) == 18
    assert language("vi").name_en == "Vietnamese"
    assert language("moo").parent == "sed"
    assert language("ren").parent == "bdq"
    assert all(entry.parent is None or entry.parent in LANGUAGES for entry in LANGUAGES.values())


@pytest.mark.parametrize("tag", ["", "VI", "xx", "vi-VN"])
def test_an_unknown_tag_is_refused_with_the_list(tag: str) -> None:
    with pytest.raises(UnknownLanguage, match="sed"):
        language(tag)
