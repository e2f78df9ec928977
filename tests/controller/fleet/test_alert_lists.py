"""The list of a scope: what stands there, and what is over there. A law, whatever happened."""

from hypothesis import given
from hypothesis import strategies as st

from controller.fleet.alert_lists import REMEMBERED_MS, Known, Version, alert_list
from controller.fleet.keyring import issuer_of
from edge_agent.contract.alert import Alert, Severity
from edge_agent.decide import active_alerts

START = 1_786_000_000_000
HOUR = 3_600_000
SCOPES = ("a", "b", "c")


def version(alert: str, number: int, areas: tuple[str, ...], expires: int) -> Version:
    wire = Alert(
        id=alert,
        version=number,
        severity=Severity.SEVERE,
        areas=areas,
        issued=START + number,
        expires=expires,
        max_play_s=60,
        spoken=(),
    )
    return Version(wire, areas)


areas = st.lists(st.sampled_from(SCOPES), min_size=1, unique=True).map(tuple)
knowns = st.builds(
    lambda over, several, name: Known(
        over,
        tuple(
            version(f"alert{name}", number, some, START + HOUR)
            for number, some in enumerate(several, start=1)
        ),
    ),
    st.booleans(),
    st.lists(areas, min_size=1, max_size=4),
    st.integers(0, 5),
)


@given(st.lists(knowns, max_size=5, unique_by=lambda each: each.newest.wire.id))
def test_a_box_hears_what_stands_in_its_scopes_and_nothing_else(known: list[Known]) -> None:
    """A box under `a` and `b` reads both lists, as it would by its own rule."""
    mine = {"a", "b"}
    lists = [alert_list("office", scope, 1, START + 10, known) for scope in sorted(mine)]
    gone: dict[str, int] = {}
    for each in lists:
        for ended in each.ended:
            gone[ended.id] = max(ended.version, gone.get(ended.id, 0))
    told = [alert for each in lists for alert in each.alerts]
    heard = active_alerts(told, START + 10, gone=gone, mine=mine)
    wanted = {k.newest.wire.id for k in known if not k.over and mine & set(k.newest.areas)}
    assert {alert.id for alert in heard} == wanted
    for alert in heard:
        newest = next(k.newest.wire for k in known if k.newest.wire.id == alert.id)
        assert alert.version == newest.version


def test_what_is_over_is_named_for_a_day_after_it_would_have_expired() -> None:
    over = Known(True, (version("one", 1, ("a",), START + HOUR),))
    last = START + HOUR + REMEMBERED_MS
    assert alert_list("office", "a", 1, last - 1, [over]).ended
    assert not alert_list("office", "a", 1, last, [over]).ended


def test_an_office_issues_under_one_name_as_long_as_its_root_key() -> None:
    assert issuer_of("abc") == issuer_of("abc") != issuer_of("abd")
    assert issuer_of("abc").isalnum()
