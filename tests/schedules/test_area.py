from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.area import AreaTree, Level, Unit
from schedules.errors import (
    BadAreaCode,
    DuplicateUnit,
    DuplicateUnitCode,
    NonexistentWindow,
    UnitCycle,
    UnitOutsideParent,
    UnknownUnit,
)
from schedules.types import AreaCode, UnitId

LONG_AGO, MERGER = date(1991, 8, 12), date(2025, 7, 1)


def unit(
    name: str,
    level: Level,
    parent: str | None = None,
    code: str | None = None,
    since: date = MERGER,
    until: date | None = None,
    after: tuple[str, ...] = (),
) -> Unit:
    return Unit(
        UnitId(name),
        name,
        level,
        AreaCode(code) if code else None,
        UnitId(parent) if parent else None,
        since,
        until,
        tuple(UnitId(each) for each in after),
    )


OLD_PROVINCE = unit("Kon Tum", Level.PROVINCE, None, "62", LONG_AGO, MERGER)
NEW_PROVINCE = unit("Quảng Ngãi", Level.PROVINCE, None, "51", MERGER, after=("Kon Tum",))
OLD_COMMUNE = unit("Đăk Hà cũ", Level.COMMUNE, "Kon Tum", "23500", LONG_AGO, MERGER)
NEW_COMMUNE = unit("Đăk Hà", Level.COMMUNE, "Quảng Ngãi", "23500", after=("Đăk Hà cũ",))
VILLAGE = unit("Kon Đao", Level.VILLAGE, "Đăk Hà")
UNITS = (VILLAGE, NEW_COMMUNE, OLD_COMMUNE, NEW_PROVINCE, OLD_PROVINCE)


def names(units: tuple[Unit, ...]) -> list[str]:
    return [each.name for each in units]


def test_a_merger_keeps_both_trees_each_at_its_dates() -> None:
    tree = AreaTree(UNITS)
    before, after = tree.at(date(2025, 6, 30)), tree.at(MERGER)
    assert set(names(before.units)) == {"Kon Tum", "Đăk Hà cũ"}
    assert set(names(after.units)) == {"Quảng Ngãi", "Đăk Hà", "Kon Đao"}


def test_a_village_knows_its_ancestors_nearest_first_and_its_address() -> None:
    tree = AreaTree(UNITS)
    assert names(tree.ancestors(VILLAGE.id)) == ["Đăk Hà", "Quảng Ngãi"]
    assert tree.path_name(VILLAGE.id) == "Kon Đao, Đăk Hà, Quảng Ngãi"
    assert tree.path_name(NEW_PROVINCE.id) == "Quảng Ngãi"


def test_descendants_come_each_before_its_own_children() -> None:
    tree = AreaTree(UNITS)
    assert names(tree.descendants(NEW_PROVINCE.id)) == ["Đăk Hà", "Kon Đao"]
    assert tree.descendants(VILLAGE.id) == ()


def test_an_unknown_unit_is_said_to_be_unknown() -> None:
    tree = AreaTree(UNITS)
    for ask in (tree.unit, tree.ancestors, tree.descendants, tree.path_name):
        with pytest.raises(UnknownUnit):
            ask(UnitId("Đăk Mar"))


def test_an_unknown_parent_is_refused() -> None:
    with pytest.raises(UnknownUnit):
        AreaTree([VILLAGE])


def test_one_id_for_two_units_is_refused() -> None:
    with pytest.raises(DuplicateUnit):
        AreaTree([NEW_PROVINCE, unit("Quảng Ngãi", Level.PROVINCE)])


def test_a_circle_is_refused_and_named() -> None:
    circle = [
        unit("A", Level.COMMUNE, "C"),
        unit("B", Level.COMMUNE, "A"),
        unit("C", Level.COMMUNE, "B"),
        unit("D", Level.VILLAGE, "A"),
    ]
    with pytest.raises(UnitCycle, match="A → C → B → A"):
        AreaTree(circle)
    with pytest.raises(UnitCycle):
        AreaTree([unit("A", Level.COMMUNE, "A")])


def test_two_units_with_one_code_at_once_are_refused_but_one_after_the_other_may() -> None:
    AreaTree(UNITS)
    with pytest.raises(DuplicateUnitCode, match="23500"):
        AreaTree([*UNITS, unit("Đăk Mar", Level.COMMUNE, "Quảng Ngãi", "23500", date(2025, 8, 1))])


@pytest.mark.parametrize(
    ("since", "until"), [(date(2025, 6, 30), None), (date(2025, 8, 1), date(2025, 9, 2))]
)
def test_a_child_outside_its_parents_dates_is_refused(since: date, until: date | None) -> None:
    parent = unit("Đăk Hà", Level.COMMUNE, since=MERGER, until=date(2025, 9, 1))
    child = unit("Kon Đao", Level.VILLAGE, "Đăk Hà", since=since, until=until)
    with pytest.raises(UnitOutsideParent, match="Kon Đao"):
        AreaTree([parent, child])


@pytest.mark.parametrize("code", ["2350", "235000", "2350a", "", " 23500", "٢٣٥٠٠"])
def test_a_commune_code_is_five_digits(code: str) -> None:
    with pytest.raises(BadAreaCode):
        Unit(UnitId("x"), "x", Level.COMMUNE, AreaCode(code), None, MERGER)


def test_a_code_keeps_its_leading_zero() -> None:
    assert unit("Phúc Xá", Level.COMMUNE, None, "00001").code == "00001"


def test_a_unit_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(NonexistentWindow):
        unit("x", Level.COMMUNE, since=MERGER, until=MERGER)


@st.composite
def forests(draw: st.DrawFn) -> list[Unit]:
    """Units each of whose parents comes before it, then shuffled."""
    made: list[Unit] = []
    for number in range(draw(st.integers(1, 25))):
        parent = draw(st.none() | st.sampled_from(made)) if made else None
        since = draw(st.dates(parent.valid_from if parent else LONG_AGO, MERGER))
        made.append(unit(str(number), Level.VILLAGE, parent.name if parent else None, since=since))
    return draw(st.permutations(made))


@given(forests(), st.dates(LONG_AGO, MERGER))
def test_above_and_below_are_one_relation_and_any_day_is_a_whole_tree(
    units: list[Unit], day: date
) -> None:
    tree = AreaTree(units)
    above = {(each.id, up.id) for each in units for up in tree.ancestors(each.id)}
    below = {(down.id, each.id) for each in units for down in tree.descendants(each.id)}
    assert above == below
    assert set(tree.at(day).units) == {each for each in units if each.valid_on(day)}
