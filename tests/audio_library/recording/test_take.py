"""From the reader's mouth to the air: who must hear a recording, and what undoes it."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from audio_library.bulletin import Remark
from audio_library.errors import NaiveTime, UnknownLanguage
from audio_library.recording import take as life
from audio_library.recording.changed_words import changed_words, in_short
from audio_library.recording.errors import (
    BadReader,
    ConsentWithdrawn,
    MustUnderstand,
    NotTheirLanguage,
    RefusalReasonMissing,
    SecondListener,
    VouchingNotAllowed,
    WrongTakeTransition,
)
from audio_library.recording.measured import Measured
from audio_library.recording.reader import Reader, withdraw_consent
from audio_library.recording.take import TRANSITIONS, Deed, Take, TakeAction, TakeState, target
from audio_library.rendition import spoken_sha256

NOW = datetime(2026, 8, 10, 1, 0, tzinfo=UTC)
MEASURED = Measured(
    kind="m4a aac",
    sample_rate=44_100,
    channels=1,
    brought_ms=12_000,
    duration_ms=11_500,
    lufs=-24.0,
    peak_dbfs=-3.0,
    noise_dbfs=-61.0,
    voice_dbfs=-20.0,
    clipped=0.0,
    dc_offset=0.0,
    longest_gap_ms=700,
    cut_off=False,
)
READER = Reader(
    id="r1",
    name="Y Blin",
    languages=("bdq",),
    consent="Cho phát trên loa của xã đến hết năm 2027.",
    consent_by="An",
    consent_at=NOW,
    account="yblin",
)
WORDS = "Tơdrong roi tơbăt"
BROUGHT = Take(
    id="t1",
    language="bdq",
    spoken_sha256=spoken_sha256("bdq", WORDS),
    words=WORDS,
    reader_id="r1",
    original_name="REC001.m4a",
    sound_sha256="ab" * 32,
    measured=MEASURED,
    brought=Deed("An", NOW),
)


def heard(take: Take = BROUGHT) -> Take:
    return life.hear(take, READER, "Bình", NOW, understands=True)


def test_brought_heard_by_another_released() -> None:
    released = life.release(heard(), "Bình", NOW)

    assert released.state is TakeState.RELEASED
    assert released.heard == Deed("Bình", NOW)
    assert not released.vouched


@pytest.mark.parametrize(
    "same",
    [
        "An",
        "Y Blin",
        "y  blin",
        "yblin",
        "YBLIN",
        "Y\u200b Blin",
        "y\u00adblin",
        "\uff39\u00a0Blin",
    ],
)
def test_who_read_or_brought_it_is_no_second_listener(same: str) -> None:
    with pytest.raises(SecondListener, match="người khác"):
        life.hear(BROUGHT, READER, same, NOW, understands=True)


def test_the_listener_must_say_that_they_understand_the_language() -> None:
    with pytest.raises(MustUnderstand, match="Ba Na"):
        life.hear(BROUGHT, READER, "Bình", NOW, understands=False)


def test_the_reader_vouches_only_where_the_commune_lets_them_and_it_is_on_record() -> None:
    with pytest.raises(VouchingNotAllowed):
        life.vouch(BROUGHT, "An", NOW, allowed=False)

    vouched = life.vouch(BROUGHT, "An", NOW, allowed=True)

    assert vouched.state is TakeState.HEARD
    assert vouched.vouched


def test_nothing_is_released_unheard_and_nothing_refused_comes_back() -> None:
    with pytest.raises(WrongTakeTransition, match="chờ người thứ hai nghe"):
        life.release(BROUGHT, "Bình", NOW)
    refused = life.refuse(heard(), "Bình", "đọc nhầm giờ", NOW)
    assert refused.refused == Remark("Bình", "đọc nhầm giờ", NOW)
    with pytest.raises(WrongTakeTransition):
        life.release(refused, "Bình", NOW)


def test_a_release_is_undone_with_a_reason_and_may_be_done_again() -> None:
    released = life.release(heard(), "Bình", NOW)
    with pytest.raises(RefusalReasonMissing):
        life.take_back(released, "Bình", "  ", NOW)

    back = life.take_back(released, "Bình", "sai tên thôn", NOW)

    assert (back.state, back.released) == (TakeState.HEARD, None)
    assert back.taken_back == Remark("Bình", "sai tên thôn", NOW)
    assert life.release(back, "Bình", NOW).state is TakeState.RELEASED


@pytest.mark.parametrize("state", list(TakeState))
def test_a_refusal_needs_a_reason(state: TakeState) -> None:
    take = replace(BROUGHT, state=state)
    with pytest.raises((RefusalReasonMissing, WrongTakeTransition)):
        life.refuse(take, "Bình", "", NOW)


def test_the_table_is_all_that_can_happen() -> None:
    rows = {(t.action, t.source) for t in TRANSITIONS}
    for action, state in product(TakeAction, TakeState):
        if (action, state) not in rows:
            with pytest.raises(WrongTakeTransition):
                target(action, state)
    assert "released --> heard: take back" in life.diagram()


def test_a_take_is_good_for_exactly_its_words() -> None:
    assert BROUGHT.reads(WORDS)
    assert not BROUGHT.reads(f"{WORDS} kơsơ̆")
    assert not BROUGHT.reads(None)
    assert not replace(BROUGHT, language="sed").reads(WORDS)


def test_a_reader_is_named_reads_something_and_has_agreed() -> None:
    for missing in ({"name": " "}, {"languages": ()}, {"consent": ""}):
        with pytest.raises(BadReader):
            replace(READER, **missing)  # type: ignore[arg-type]
    with pytest.raises(UnknownLanguage):
        replace(READER, languages=("xx",))
    with pytest.raises(NaiveTime):
        replace(READER, consent_at=NOW.replace(tzinfo=None))


def test_a_reader_reads_their_own_languages_until_they_withdraw() -> None:
    READER.refuse_unless_reads("bdq")
    with pytest.raises(NotTheirLanguage, match="Xơ Đăng"):
        READER.refuse_unless_reads("sed")

    gone = withdraw_consent(READER, "An", "chuyển đi", NOW)

    with pytest.raises(ConsentWithdrawn, match="Y Blin"):
        gone.refuse_unless_reads("bdq")
    assert withdraw_consent(gone, "Bình", "lại", NOW) == gone


def test_changed_words_are_shown_in_their_place() -> None:
    before, after = "Họp lúc bảy giờ tại nhà rông", "Họp lúc tám giờ tại nhà rông làng Đăk"

    assert [str(c) for c in changed_words(before, after)] == ["“bảy” → “tám”", "“” → “làng Đăk”"]
    assert in_short(before, after) == "“bảy” → “tám”"
    assert len(in_short("a " * 300, "b " * 300)) <= 120
    assert changed_words(before, before) == ()
