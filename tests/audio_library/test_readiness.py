from datetime import UTC, datetime, timedelta

import pytest

from audio_library.approval import approve, edit, submit, withdraw
from audio_library.asset import Asset
from audio_library.bulletin import Bulletin, Kind, new_bulletin
from audio_library.errors import NotAnAssetName, UnknownLanguage
from audio_library.readiness import Lack, readiness
from audio_library.rendition import Rendition, spoken_sha256
from audio_library.script import Script

NOW = datetime(2026, 8, 15, 7, 30, tzinfo=UTC)
SPOKEN = {"vi": "Gọi một một bốn.", "bdq": "bản tiếng Ba Na"}


def draft() -> Bulletin:
    return new_bulletin(
        id="b1",
        title="Cháy rừng",
        kind=Kind.NORMAL,
        topic="bao_ve_rung",
        scripts=[Script("vi", "Gọi 114."), Script("bdq", "bản tiếng Ba Na")],
        author="An",
        at=NOW,
    )


def approved() -> Bulletin:
    return approve(submit(draft()), "Bình", NOW, SPOKEN, four_eyes=True)


def rendition(language: str, spoken: str) -> Rendition:
    return Rendition(language, spoken_sha256(language, spoken), "v", "e", "ab" * 32)


def lacks(bulletin: Bulletin, *renditions: Rendition, at: datetime = NOW) -> list[Lack | None]:
    return [r.lack for r in readiness(bulletin, renditions, ("vi", "bdq", "sed"), at=at)]


def test_each_language_is_ready_or_says_what_is_lacking() -> None:
    vi = rendition("vi", SPOKEN["vi"])
    answers = readiness(approved(), [vi], ("vi", "bdq", "sed"), at=NOW)
    assert [a.ready for a in answers] == [True, False, False]
    assert answers[0].asset_sha256 == vi.asset_sha256
    assert answers[1].vi == "Thiếu bản ghi tiếng Ba Na."
    assert answers[2].vi == "Chưa có bản tiếng Xơ Đăng."


def test_a_recording_of_older_words_does_not_count() -> None:
    old = rendition("vi", "Gọi trăm mười bốn.")
    assert lacks(approved(), old)[0] is Lack.RENDITION_OUTDATED
    assert lacks(approved(), old, rendition("vi", SPOKEN["vi"]))[0] is None


def test_the_same_words_in_another_language_do_not_count() -> None:
    assert lacks(approved(), rendition("bdq", SPOKEN["vi"]))[0] is Lack.NO_RENDITION


def test_unapproved_edited_withdrawn_and_expired_are_not_ready() -> None:
    done = (rendition("vi", SPOKEN["vi"]), rendition("bdq", SPOKEN["bdq"]))
    assert lacks(draft(), *done)[0] is Lack.NOT_APPROVED
    assert lacks(submit(draft()), *done)[0] is Lack.NOT_APPROVED
    assert lacks(edit(approved(), "An", draft().scripts), *done)[0] is Lack.NOT_APPROVED
    assert lacks(withdraw(approved(), "An", "sai", NOW), *done) == [Lack.WITHDRAWN] * 3
    assert lacks(approved(), *done, at=NOW + timedelta(days=7))[:2] == [Lack.EXPIRED] * 2


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(UnknownLanguage):
        readiness(approved(), [], ["xx"], at=NOW)


@pytest.mark.parametrize("name", ["", "ab", "AB" * 32, "../" + "a" * 61])
def test_an_asset_is_named_by_its_hash_alone(name: str) -> None:
    with pytest.raises(NotAnAssetName):
        Asset(name, 1, 1, "audio/ogg")
