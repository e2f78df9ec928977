"""Hazards and what is said of them: the whole catalogue, and only words that it has."""

from audio_library.phrases.catalogue import Category, catalogue
from controller.fleet.hazards import RHYTHMS, hazard, hazards, severity_of
from edge_agent.contract.alert import Severity


def test_every_hazard_of_the_phrase_bank_is_known() -> None:
    bank = {p.id for p in catalogue().values() if p.category is Category.HAZARD}
    assert {each.phrase for each in hazards().values()} == bank


def test_what_is_said_by_default_stands_in_the_phrase_bank_and_has_a_reason() -> None:
    for each in hazards().values():
        assert each.why
        assert each.en
        assert len(each.instructions) <= 3, "a minute is all that people listen to"
        for instruction in each.instructions:
            assert catalogue()[instruction].category is Category.INSTRUCTION


def test_the_gravest_come_first_and_more_often() -> None:
    order = list(Severity)
    places = [order.index(each.severity) for each in hazards().values()]
    assert places == sorted(places)
    repeats = [RHYTHMS[severity].repeat_minutes for severity in order]
    assert repeats == sorted(repeats)
    assert RHYTHMS[Severity.MINOR].siren_s == 0


def test_a_level_makes_a_hazard_graver_and_never_less_grave() -> None:
    rain, flood = hazard("heavy_rain"), hazard("hazard.flash_flood")
    assert severity_of(rain, ()) is Severity.MODERATE
    assert severity_of(rain, ("level.4",)) is Severity.EXTREME
    assert severity_of(flood, ("level.0",)) is Severity.EXTREME
    assert severity_of(rain, ("level.risk_high",)) is Severity.MODERATE
