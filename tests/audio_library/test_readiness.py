from datetime import UTC, datetime, timedelta

import pytest

from audio_library.approval import approve, edit, submit, withdraw
from audio_library.asset import Asset
from audio_library.bulletin import Bulletin, Kind, Remark, new_bulletin
from audio_library.errors import NotAnAssetName, UnknownLanguage
from audio_library.readiness import Lack, Readiness, Recordings, Work, readiness
from audio_library.recording.measured import Measured
from audio_library.recording.take import Deed, Take, TakeState
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
    assert answers[1].vi == "Thiếu bản thu tiếng Ba Na."
    assert answers[2].vi == "Chưa có bản tiếng Xơ Đăng."


def test_a_recording_of_older_words_does_not_count() -> None:
    old = rendition("vi", "Gọi trăm mười bốn.")
    assert lacks(approved(), old)[0] is Lack.NO_RENDITION
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


def take(words: str, state: TakeState, *, bulletin: str = "b1", why: str = "") -> Take:
    return Take(
        id="t1",
        language="bdq",
        spoken_sha256=spoken_sha256("bdq", words),
        words=words,
        reader_id="r1",
        original_name="REC001.m4a",
        sound_sha256="cd" * 32,
        measured=Measured(
            kind="m4a aac",
            sample_rate=48_000,
            channels=1,
            brought_ms=9_000,
            duration_ms=8_500,
            lufs=-24.0,
            peak_dbfs=-3.0,
            noise_dbfs=-60.0,
            voice_dbfs=-20.0,
            clipped=0.0,
            dc_offset=0.0,
            longest_gap_ms=500,
            cut_off=False,
        ),
        brought=Deed("An", NOW),
        bulletin_id=bulletin,
        state=state,
        refused=Remark("Bình", why, NOW) if why else None,
    )


def bahnar(*takes: Take, work: Work | None = None, readers: tuple[str, ...] = ()) -> Readiness:
    known = Recordings(takes, {"bdq": work} if work else {}, {"bdq": readers})
    return readiness(approved(), [], ["bdq"], at=NOW, recordings=known)[0]


NO_VOICE = Work("failed", "no_voice_for_language", "vi", "en")


def test_a_language_that_no_machine_reads_waits_for_its_readers_by_name() -> None:
    waits = bahnar(work=NO_VOICE, readers=("Y Blin", "A Thut"))
    assert waits.lack is Lack.WAITS_FOR_RECORDING
    assert waits.vi == "Chờ thu giọng người đọc tiếng Ba Na: Y Blin, A Thut."
    assert waits.en == "Waiting for a recording by a reader of Bahnar: Y Blin, A Thut."
    assert "chưa có người đọc" in bahnar(work=NO_VOICE).vi


def test_a_take_of_these_words_says_who_has_to_do_what() -> None:
    words = SPOKEN["bdq"]
    steps = [
        (take(words, TakeState.BROUGHT), Lack.TAKE_UNHEARD, "người thứ hai"),
        (take(words, TakeState.HEARD), Lack.TAKE_UNRELEASED, "chờ cho phát"),
        (take(words, TakeState.REFUSED, why="đọc nhầm giờ."), Lack.TAKE_REFUSED, "đọc nhầm giờ"),
    ]
    for brought, lack, says in steps:
        answer = bahnar(brought, work=NO_VOICE)
        assert answer.lack is lack
        assert says in answer.vi


def test_a_second_take_outlives_the_refusal_of_the_first() -> None:
    refused = take(SPOKEN["bdq"], TakeState.REFUSED, why="ồn")
    assert bahnar(take(SPOKEN["bdq"], TakeState.BROUGHT), refused).lack is Lack.TAKE_UNHEARD


def test_a_take_of_older_words_is_asked_for_again_and_says_what_changed() -> None:
    answer = bahnar(take("bài tiếng Ba Na", TakeState.RELEASED), work=NO_VOICE)
    assert answer.lack is Lack.OLDER_WORDS
    assert answer.vi == (
        "Bản thu tiếng Ba Na ngày 15/08/2026 là của lời cũ (“bài” → “bản”), cần thu lại."
    )
    assert "record again" in answer.en


def test_a_take_of_the_same_words_for_another_bulletin_counts_and_its_older_words_do_not() -> None:
    other = take(SPOKEN["bdq"], TakeState.HEARD, bulletin="b2")
    assert bahnar(other, work=NO_VOICE).lack is Lack.TAKE_UNRELEASED
    elsewhere = take("lời khác", TakeState.RELEASED, bulletin="b2")
    assert bahnar(elsewhere, work=NO_VOICE).lack is Lack.WAITS_FOR_RECORDING


def test_work_under_way_and_failed_work_are_told() -> None:
    released = take(SPOKEN["bdq"], TakeState.RELEASED)
    assert bahnar(released, work=Work("working")).lack is Lack.BEING_MADE
    failed = bahnar(released, work=Work("failed", "store_full", "Kho đầy.", "The store is full."))
    assert failed.lack is Lack.RENDER_FAILED
    assert failed.vi.endswith("Kho đầy.")
    assert bahnar(released, work=Work("stopped")).vi == "Việc tạo âm thanh tiếng Ba Na đã bị dừng."
    assert bahnar(released).lack is Lack.NO_RENDITION


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(UnknownLanguage):
        readiness(approved(), [], ["xx"], at=NOW)


@pytest.mark.parametrize("name", ["", "ab", "AB" * 32, "../" + "a" * 61])
def test_an_asset_is_named_by_its_hash_alone(name: str) -> None:
    with pytest.raises(NotAnAssetName):
        Asset(name, 1, 1, "audio/ogg")
