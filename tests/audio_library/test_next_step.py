import pytest

from audio_library.next_step import Who, next_step
from audio_library.readiness import Lack


@pytest.mark.parametrize("lack", Lack)
def test_every_lack_has_a_next_step_for_somebody(lack: Lack) -> None:
    step = next_step(lack)
    assert step.who.title_vi
    assert not step.vi.endswith(".")
    assert step.vi != step.en


def test_a_minority_language_without_a_voice_is_a_readers_turn() -> None:
    assert next_step(Lack.WAITS_FOR_RECORDING).who is Who.READER
