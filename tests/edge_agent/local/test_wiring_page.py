"""The wiring page: its settings are read by a box, its pins are those of its drawing."""

import re
from pathlib import Path
from xml.etree import ElementTree

from edge_agent.settings import Settings, load

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "wiring.md").read_text("utf-8")
HEAD = """
did = "abcdef123456"
state_dir = "/var/lib/loalang-agent"
root_public_key = "k"
placement = "p"
brokers = [{ url = "mqtts://dai.example" }]
player = { kind = "mpv" }
"""


def wired(folder: Path) -> Settings:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    file = folder / "agent.toml"
    file.write_text(HEAD + block)
    return load(file)


def pins(settings: Settings) -> set[int]:
    local = settings.local_alert
    single = (
        settings.amplifier.gpio,
        settings.switches.kill_gpio,
        local.key_gpio,
        local.all_clear_gpio,
    )
    return {pin for pin in single if pin is not None} | {each.gpio for each in local.buttons}


def test_a_box_reads_the_settings_and_every_pin_is_in_table_and_drawing(tmp_path: Path) -> None:
    drawing = "".join(ElementTree.parse(DOCS / "wiring.svg").getroot().itertext())
    for pin in pins(wired(tmp_path)):
        assert f"GPIO{pin}" in PAGE
        assert f"GPIO{pin} (" in drawing


def test_no_pin_is_one_that_other_boards_need(tmp_path: Path) -> None:
    taken = {0, 1, 2, 3, 14, 15, 18, 19, 20, 21}
    assert not pins(wired(tmp_path)) & taken
