"""A box whose power goes in mid play knows afterwards how much has sounded."""

from pathlib import Path

import msgspec
import pytest

from edge_agent.contract.manifest import Leave
from edge_agent.past import MAX_STARTS, PastState
from edge_agent.player import Position, Ready
from edge_agent.playout import KEEP_POSITION_AT_MOST_MS, KEEP_POSITION_MS
from tests.edge_agent.fakes import FakePlayer
from tests.edge_agent.test_playout import ASSET, Horn, soon


@pytest.fixture
def horn(tmp_path: Path) -> Horn:
    return Horn(tmp_path)


def sound(horn: Horn, *positions: int) -> None:
    """Let the player tell how far the play has come."""
    before = 0
    for position in positions:
        horn.time.pass_ms(position - before)
        horn.hear(Position(horn.play, position))
        before = position


def power_cut(horn: Horn) -> None:
    """Lose everything but the disk, and start again; the next play is loaded."""
    horn.spool.close()
    horn.player = FakePlayer()
    horn.__post_init__()
    horn.spool.recover(horn.time.reading(), boot=2, reason="agent_died")
    horn.step()


def test_an_interruption_tells_how_much_had_sounded(horn: Horn) -> None:
    bulletin = soon(horn, 500)
    horn.begin(bulletin)
    sound(horn, 400, 1_100, 3_300, 3_700)
    power_cut(horn)
    told = horn.events()[-1]
    assert (told.kind, told.reason, told.played_ms) == ("interrupted", "agent_died", 3_300)
    past = horn.spool.history[bulletin.id]
    assert (past.state, past.played_ms) == (PastState.INTERRUPTED, 3_300)


def test_what_resumes_goes_on_where_it_was_also_after_a_second_cut(horn: Horn) -> None:
    bulletin = soon(horn, 500, leave=Leave.RESUME)
    horn.begin(bulletin)
    sound(horn, 3_300)
    power_cut(horn)
    assert horn.player.told[0][-1] == 3_300

    horn.hear(Ready(horn.play, 10_000))
    sound(horn, 2_000)
    power_cut(horn)
    assert horn.events()[-1].played_ms == 2_000
    assert horn.player.told[0][-1] == 5_300
    assert horn.spool.history[bulletin.id].starts == 2 < MAX_STARTS


def test_the_disk_is_not_written_more_than_once_a_second(horn: Horn) -> None:
    horn.begin(soon(horn, 500))
    sound(horn, *range(100, 3_000, 100))
    power_cut(horn)
    assert horn.events()[-1].played_ms == 2 * KEEP_POSITION_MS


def test_of_long_sound_a_cut_forgets_a_sixtieth_at_most_and_the_card_is_spared(horn: Horn) -> None:
    hour = msgspec.structs.replace(ASSET, duration_ms=3_600_000)
    start = horn.time.system_ms + 500
    horn.begin(soon(horn, 500, asset=hour, latest_end=start + 3_700_000))
    sound(horn, *range(1_000, 1_193_000, 1_000))
    power_cut(horn)
    forgotten_ms = 1_192_000 - horn.events()[-1].played_ms
    assert KEEP_POSITION_MS < forgotten_ms <= KEEP_POSITION_AT_MOST_MS
