from pathlib import Path

import pytest

from tests.audio_library.recording.sounds import spoken


@pytest.fixture(scope="session")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean recording; only for tests that need espeak-ng and ffmpeg."""
    return spoken(tmp_path_factory.mktemp("voice") / "voice.wav")
