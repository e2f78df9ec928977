import shutil
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from audio_library.speech.espeak import Espeak
from tests.browser.office_page import OfficePage
from tests.controller.console.desk import Desk
from tests.controller.office import Office

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)


# Not for the whole session: while it lives, its event loop counts as running in this thread.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(QUIET)
        )
        yield browser
        browser.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An office under the default airtime law, on the wall clock."""
    office = Office(tmp_path, law=None)
    yield Desk(office)
    office.database.close()


@pytest.fixture(params=[1280, 390])
def width(request: pytest.FixtureRequest) -> int:
    """A laptop, and a phone."""
    given: int = request.param
    return given


@pytest.fixture
def page(chromium: Browser, desk: Desk, width: int) -> Iterator[OfficePage]:
    """The officer's page, signed in."""
    with desk.open() as address:
        context = chromium.new_context(
            viewport={"width": width, "height": 844},
            locale="vi-VN",
            timezone_id="Asia/Ho_Chi_Minh",
        )
        opened = OfficePage(context.new_page(), address)
        opened.sign_in(desk.name, desk.password)
        yield opened
        context.close()


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    """A WAV of somebody speaking."""
    engine = Espeak()
    speech, *_ = engine.speak(
        ["Bà con chú ý, ngày mai họp thôn tại nhà rông."],
        engine.voices()[0],
        into=tmp_path / "speech",
        timeout_s=20,
    )
    path = tmp_path / "mai họp.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, speech.sample_rate, 0, "NONE", ""))
        file.writeframes(speech.path.read_bytes())
    return path
