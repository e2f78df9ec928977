from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.errors import BadRule, RuleTooDense
from schedules.recurrence import checked_rule
from schedules.rrule import Frequency, Rule, read_rule


def test_every_part_of_the_standard_is_read() -> None:
    rule = read_rule(
        "FREQ=YEARLY;UNTIL=20301231T235959Z;INTERVAL=2;BYSECOND=0,30;BYMINUTE=15;BYHOUR=5;"
        "BYDAY=-1SU,MO,+2TU;BYMONTHDAY=-1,1;BYYEARDAY=-366,100;BYWEEKNO=20;BYMONTH=3,1;"
        "BYSETPOS=-1;WKST=SU"
    )
    assert rule == Rule(
        Frequency.YEARLY,
        interval=2,
        until=datetime(2030, 12, 31, 23, 59, 59, tzinfo=UTC),
        by_second=(0, 30),
        by_minute=(15,),
        by_hour=(5,),
        by_day=((0, 0), (1, 2), (6, -1)),
        by_month_day=(-1, 1),
        by_year_day=(-366, 100),
        by_week=(20,),
        by_month=(1, 3),
        by_position=(-1,),
        week_start=6,
    )


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("rrule:freq=daily; interval=1 ;", "FREQ=DAILY"),
        (" FREQ = WEEKLY ; BYDAY = we , mo ", "FREQ=WEEKLY;BYDAY=MO,WE"),
        ("BYMONTH=2;FREQ=YEARLY;COUNT=3", "FREQ=YEARLY;COUNT=3;BYMONTH=2"),
        ("FREQ=DAILY;UNTIL=20261231T235959", "FREQ=DAILY;UNTIL=20261231T235959"),
        ("FREQ=DAILY;UNTIL=2026-12-31", "FREQ=DAILY;UNTIL=20261231T235959"),
        ("FREQ=DAILY;WKST=MO;X-OWN=1;RSCALE=GREGORIAN", "FREQ=DAILY"),
        ("FREQ=DAILY;BYHOUR=5;BYSECOND=60", "FREQ=DAILY;BYSECOND=59;BYHOUR=5"),
        ("FREQ=MONTHLY;BYDAY=+1FR,-1FR", "FREQ=MONTHLY;BYDAY=-1FR,1FR"),
    ],
)
def test_one_form_for_however_it_was_written(written: str, normal: str) -> None:
    assert checked_rule(written) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "DAILY",
        "FREQ=FORTNIGHTLY",
        "INTERVAL=2",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-3",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=many",
        "FREQ=DAILY;COUNT=" + "9" * 400,
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;UNTIL=20260230",
        "FREQ=DAILY;BYHOUR=24",
        "FREQ=DAILY;BYHOUR=5,,6",
        "FREQ=DAILY;BYMINUTE=-1",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYDAY=XX",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYDAY=99MO",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYWEEKNO=54",
        "FREQ=YEARLY;BYEASTER=0",
        "FREQ=YEARLY;RSCALE=CHINESE",
        "FREQ=WEEKLY;WKST=XX",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=DAILY;;COUNT",
        "FREQ=DAILY;BYSECOND=" + ",".join(["1"] * 3_000),
    ],
)
def test_what_is_no_rule_is_refused_in_plain_words(text: str) -> None:
    with pytest.raises(BadRule) as refused:
        read_rule(text)
    assert "Chưa có gì thay đổi" in refused.value.vi
    assert len(refused.value.en) < 250


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=SECONDLY",
        "FREQ=SECONDLY;COUNT=1000000000",
        "FREQ=MINUTELY",
        "FREQ=MINUTELY;INTERVAL=4",
        "FREQ=HOURLY;BYMINUTE=0,3",
        "FREQ=DAILY;BYSECOND=0,30",
        "FREQ=WEEKLY;BYHOUR=5;BYMINUTE=0,1",
        "FREQ=YEARLY;BYMINUTE=58,59",
        "FREQ=DAILY;BYHOUR=0,23;BYMINUTE=0,59",
    ],
)
def test_a_rule_that_airs_all_the_time_is_refused(text: str) -> None:
    with pytest.raises(RuleTooDense) as refused:
        checked_rule(text)
    assert "5 phút" in refused.value.vi


@pytest.mark.parametrize(
    "text",
    ["FREQ=MINUTELY;INTERVAL=5", "FREQ=HOURLY", "FREQ=MINUTELY;BYHOUR=5;BYMINUTE=30"],
)
def test_a_fine_frequency_is_taken_where_it_airs_seldom(text: str) -> None:
    assert checked_rule(text).startswith("FREQ=")


def test_a_date_as_until_holds_to_its_end_where_a_person_gives_it() -> None:
    assert read_rule("FREQ=DAILY;UNTIL=20261231").until == date(2026, 12, 31)
    assert checked_rule("FREQ=DAILY;UNTIL=20261231") == "FREQ=DAILY;UNTIL=20261231T235959"


numbers = st.lists(st.integers(1, 12), max_size=4).map(lambda given: tuple(sorted(set(given))))


@given(
    st.builds(
        Rule,
        st.sampled_from(Frequency),
        st.integers(1, 400),
        st.none() | st.integers(1, 10**9),
        st.none() | st.dates() | st.datetimes().map(lambda at: at.replace(microsecond=0, fold=0)),
        by_month=numbers,
        by_month_day=numbers,
        by_day=st.lists(
            st.tuples(st.integers(0, 6), st.sampled_from([0, 1, -1, 53])), max_size=4
        ).map(lambda given: tuple(sorted(set(given)))),
        by_hour=numbers,
        by_position=numbers,
        week_start=st.integers(0, 6),
    )
)
def test_a_rule_written_and_read_again_is_the_same(rule: Rule) -> None:
    assert read_rule(str(rule)) == rule


@given(st.text(alphabet="FREQ=DAILYWKSTBYMOU;,:0123456789-+ \n", max_size=60))
def test_any_text_is_a_rule_or_is_refused(text: str) -> None:
    try:
        rule = read_rule(text)
    except BadRule:
        return
    assert read_rule(str(rule)) == rule
