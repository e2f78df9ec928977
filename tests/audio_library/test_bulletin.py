from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from audio_library.bulletin import Bulletin, Kind, State, new_bulletin
from audio_library.errors import BadBulletin, NaiveTime
from audio_library.script import Script

NOW = datetime(2026, 8, 15, 7, 30, tzinfo=UTC)


def bulletin(**changes: object) -> Bulletin:
    made = new_bulletin(
        id="b1",
        title="Tiêm chủng",
        kind=Kind.NORMAL,
        topic="y_te",
        scripts=[Script("vi", "Bà con nhớ mang sổ tiêm.")],
        author="An",
        at=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_new_bulletin_is_a_draft_for_a_week() -> None:
    made = bulletin()
    assert made.state is State.DRAFT
    assert made.valid_until == NOW + timedelta(days=7)
    assert made.languages == ("vi",)
    assert made.pins == ()


@pytest.mark.parametrize("field", ["created_at", "valid_until", "approved_at"])
def test_a_time_without_its_zone_is_refused(field: str) -> None:
    with pytest.raises(NaiveTime, match=field):
        bulletin(**{field: datetime(2026, 9, 1)})


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "  "},
        {"scripts": ()},
        {"scripts": (Script("vi", "một"), Script("vi", "hai"))},
        {"valid_until": NOW},
        {"supersedes": "b1"},
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(BadBulletin):
        bulletin(**changes)


def test_airable_only_approved_and_in_time() -> None:
    approved = bulletin(state=State.APPROVED)
    assert approved.airable(NOW)
    assert not approved.airable(approved.valid_until)
    assert not bulletin().airable(NOW)
    assert not bulletin(state=State.WITHDRAWN).airable(NOW)
