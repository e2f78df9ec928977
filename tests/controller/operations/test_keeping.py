import pytest

from controller.errors import ControllerError, NotFound
from controller.operations.keeping import keeping_rules, set_keeping
from tests.controller.office import NOW, Office


def days(office: Office) -> dict[str, int | None]:
    with office.database.read() as session:
        return {rule.of.kind.value: rule.days for rule in keeping_rules(session)}


def test_the_log_is_kept_two_years_and_audio_one_by_default(office: Office) -> None:
    kept = days(office)

    assert (kept["playback_log"], kept["audio"]) == (730, 365)
    assert (kept["approvals"], kept["emergencies"], kept["recordings"]) == (None, None, None)


def test_an_office_sets_its_own_period_and_who_set_it_is_known(office: Office) -> None:
    rule = set_keeping(office.database, "playback_log", 1095, "Cô Lan", NOW)

    assert (rule.days, rule.set_by, rule.set_at) == (1095, "Cô Lan", NOW)
    assert rule.why == "playback_log: 1095 days, Cô Lan"
    assert days(office)["playback_log"] == 1095
    set_keeping(office.database, "playback_log", None, "Cô Lan", NOW)
    assert days(office)["playback_log"] is None


@pytest.mark.parametrize("kind", ["approvals", "emergencies", "stray_files"])
@pytest.mark.parametrize("period", [1, 3650, None])
def test_what_is_never_deleted_by_itself_can_be_given_no_period(
    office: Office, kind: str, period: int | None
) -> None:
    before = days(office)

    with pytest.raises(ControllerError) as refused:
        set_keeping(office.database, kind, period, "Cô Lan", NOW)

    assert refused.value.code == "kept_for_ever"
    assert days(office) == before


@pytest.mark.parametrize(("kind", "period"), [("audio", 0), ("audio", 29), ("news", 36_501)])
def test_a_period_out_of_bounds_is_refused(office: Office, kind: str, period: int) -> None:
    with pytest.raises(ControllerError) as refused:
        set_keeping(office.database, kind, period, "Cô Lan", NOW)

    assert refused.value.code == "period_out_of_bounds"


def test_an_unknown_kind_is_not_found(office: Office) -> None:
    with pytest.raises(NotFound):
        set_keeping(office.database, "everything", 1, "Cô Lan", NOW)
