"""A sentence from phrases: what is said, in what order, and what is missing by name."""

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.phrases.bank import Bank, Sound, words_of
from audio_library.phrases.catalogue import Category, catalogue
from audio_library.phrases.compose import Break, Lack, Missing, Moment, Value, compose
from audio_library.phrases.errors import (
    SlotMisfilled,
    SlotUnfilled,
    UnknownPhrase,
    UnknownSentence,
)

PLACES = {"place.dv-1": "xã Đăk Hà", "place.thon-1": "thôn một", "place.thon-2": "thôn hai"}
SOUND = Sound("a" * 64, 4_000, 1_000)
VI = Bank(
    "vi",
    words_of("vi", {}, PLACES),
    dict.fromkeys(words_of("vi", {}, PLACES), SOUND),
)
FLOOD: Mapping[str, Value] = {
    "places": ["place.dv-1", "place.thon-1", "place.thon-2"],
    "hazards": ["hazard.flash_flood", "hazard.landslide"],
    "level": ["level.risk_very_high"],
    "rain_mm": 105,
    "since": Moment(13),
    "until": Moment(18, 30, 15, 4),
    "instructions": ["instruction.leave_stream", "instruction.move_to_high_ground"],
    "source": ["source.commune"],
    "issued": Moment(5, 35),
}


def test_an_alert_says_place_danger_what_to_do_source_and_hour() -> None:
    said = compose("alert", FLOOD, VI)
    assert said.text == (
        "Thông báo khẩn cấp. Xã Đăk Hà, thôn một và thôn hai. Cảnh báo lũ quét và sạt lở đất. "
        "Nguy cơ rất cao. Lượng mưa một trăm linh năm mi li mét. "
        "Từ mười ba giờ đến mười tám giờ ba mươi phút ngày mười lăm tháng tư. "
        "Không đi qua suối, không vớt củi trên suối. Hãy sơ tán ngay đến nơi cao. "
        "Tin của Uỷ ban nhân dân xã. Thông báo này phát đi lúc năm giờ ba mươi lăm phút."
    )
    assert said.missing == ()
    assert said.confirmed


def test_it_breathes_at_the_end_of_a_clause_and_not_within() -> None:
    said = compose("test", {"issued": Moment(9)}, VI).said
    assert [each.then for each in said][-3:] == [Break.CLAUSE, Break.WORD, Break.CLAUSE]


def test_what_was_not_given_is_left_out_with_the_words_around_it() -> None:
    said = compose("alert", {"hazards": ["hazard.storm"], "issued": Moment(0, 5)}, VI)
    assert said.text == (
        "Thông báo khẩn cấp. Cảnh báo bão. Thông báo này phát đi lúc không giờ năm phút."
    )


def test_two_languages_of_an_alert_are_named_in_few_bytes() -> None:
    """A kilobyte holds the ids of a whole alert in two languages."""
    spoken = [{"language": tag, "phrases": compose("alert", FLOOD, VI).phrases} for tag in "ab"]
    assert len(msgspec.json.encode(spoken)) < 1_024


def test_what_a_language_lacks_is_named_and_not_taken_from_another() -> None:
    bank = Bank(
        "bdq",
        {"link.warning": "x", "hazard.storm": "y", "time.issued": "z"},
        {"link.warning": SOUND},
    )
    said = compose("alert", {"hazards": ["hazard.storm"], "issued": Moment(6)}, bank)
    assert said.text is None
    assert not said.confirmed
    assert said.missing == (
        Missing("opening.urgent", Lack.NO_WORDS),
        Missing("hazard.storm", Lack.NO_SOUND),
        Missing("time.issued", Lack.NO_SOUND),
        Missing("hour.06", Lack.NO_WORDS),
    )


def test_a_number_without_a_known_rule_is_missing_as_a_whole() -> None:
    said = compose(
        "alert", {"hazards": ["hazard.storm"], "issued": Moment(6), "wind": 17}, Bank("bdq", {})
    )
    assert Missing("number.17", Lack.NO_WORDS) in said.missing


def test_a_language_with_its_own_order_is_said_in_it() -> None:
    orders = {
        "alert": "time.issued {issued!} | {hazards!} link.warning",
        "moment": "{minute} {hour!}",
    }
    bank = Bank("jra", dict(VI.words), dict(VI.sounds), orders)
    said = compose("alert", {"hazards": ["hazard.storm"], "issued": Moment(6, 10)}, bank)
    assert said.phrases == ("time.issued", "minute.10", "hour.06", "hazard.storm", "link.warning")
    assert said.confirmed


@pytest.mark.parametrize(
    ("sentence", "values", "refusal"),
    [
        ("alert", {"issued": Moment(6)}, SlotUnfilled),
        ("alert", {"hazards": [], "issued": Moment(6)}, SlotUnfilled),
        ("alert", {"hazards": ["hazard.dragon"], "issued": Moment(6)}, UnknownPhrase),
        ("alert", {"hazards": ["level.1"], "issued": Moment(6)}, SlotMisfilled),
        ("alert", {"hazards": ["hazard.storm"], "issued": 6}, SlotMisfilled),
        ("alert", {"hazards": ["hazard.storm"] * 21, "issued": Moment(6)}, SlotMisfilled),
        ("alert", {"wind": -1}, SlotMisfilled),
        ("alert", {"dragon": 1}, SlotMisfilled),
        ("alert", {"hazards": "hazard.storm"}, SlotMisfilled),
        ("moment", {}, UnknownSentence),
        ("song", {}, UnknownSentence),
    ],
)
def test_what_cannot_be_said_is_refused(
    sentence: str, values: Mapping[str, Value], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        compose(sentence, values, VI)


@pytest.mark.parametrize("moment", [(24,), (5, 60), (5, 0, 32), (5, 0, 1, 13), (5, 0, None, 3)])
def test_a_time_that_is_none_is_refused(moment: tuple[int, ...]) -> None:
    with pytest.raises(SlotMisfilled):
        Moment(*moment)


def of(category: Category) -> st.SearchStrategy[list[str]]:
    return st.lists(
        st.sampled_from([p.id for p in catalogue().values() if p.category is category]),
        max_size=5,
    )


@given(
    st.fixed_dictionaries(
        {
            "hazards": of(Category.HAZARD).filter(bool),
            "issued": st.builds(Moment, st.integers(0, 23)),
        },
        optional={
            "places": st.lists(st.sampled_from([*PLACES]), max_size=5),
            "instructions": of(Category.INSTRUCTION),
            "level": of(Category.LEVEL),
            "wind": st.integers(0, 999_999_999),
            "since": st.builds(Moment, st.integers(0, 23), st.integers(0, 59)),
        },
    )
)
def test_all_that_was_given_is_said_in_words(values: dict[str, Value]) -> None:
    said = compose("alert", values, VI)
    assert said.text is not None
    assert not any(character.isdigit() for character in said.text)
    given_ids = [i for v in values.values() if isinstance(v, list) for i in v]
    assert set(given_ids) <= set(said.phrases)
    assert said.said[-1].then is Break.CLAUSE
    nothing = compose("alert", values, Bank("vi", {}))
    assert {m.phrase for m in nothing.missing} == set(nothing.phrases)
