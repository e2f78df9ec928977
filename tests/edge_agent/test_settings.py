"""The configuration file: what is wrong is said in two languages."""

import os
from pathlib import Path
from typing import Any

import pytest

from edge_agent.errors import BadConfig
from edge_agent.settings import load

GOOD: dict[str, str] = {
    "did": '"abcdef123456"',
    "state_dir": '"/var/lib/loalang-agent"',
    "root_public_key": '"k"',
    "placement": '"p"',
    "brokers": '[{ url = "mqtts://dai.example", password = "secret" }]',
    "player": '{ kind = "mpv", audio_output = "alsa" }',
}


def write(folder: Path, **changes: str | None) -> Path:
    file = folder / "agent.toml"
    lines = [f"{key} = {value}" for key, value in (GOOD | changes).items() if value is not None]
    file.write_text("\n".join(lines))
    return file


def test_a_good_file_is_read(tmp_path: Path) -> None:
    settings = load(write(tmp_path, amplifier='{ on = ["gpio", "1"], lead_ms = 1500 }'))
    broker = settings.brokers[0]
    assert (broker.host, broker.port, broker.tls) == ("dai.example", 8883, True)
    assert settings.amplifier.lead_ms == 1_500
    assert settings.trust_system_clock is False


@pytest.mark.parametrize(
    "change",
    [
        {"did": '"ABC"'},
        {"did": None},
        {"brokers": "[]"},
        {"brokers": '[{ url = "http://x" }]'},
        {"brokers": '[{ url = "mqtt://x:99999" }]'},
        {"brokers": '[{ url = "mqtt://" }]'},
        {"player": '{ kind = "gramophone" }'},
        {"player": '{ kind = "command" }'},
        {"heartbeat_s": "0"},
        {"hartbeat_s": "30"},
        {"did": "'unfinished"},
    ],
)
def test_a_wrong_file_is_refused_in_two_languages(tmp_path: Path, change: dict[str, Any]) -> None:
    file = write(tmp_path, **change)
    with pytest.raises(BadConfig) as raised:
        load(file)
    assert str(file) in raised.value.vi
    assert str(file) in raised.value.en
    assert raised.value.code == "bad_config"


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="Cannot read"):
        load(tmp_path / "none.toml")
    file = tmp_path / "binary.toml"
    file.write_bytes(b"\xff\xfe" + os.urandom(10))
    with pytest.raises(BadConfig, match="is wrong"):
        load(file)


def test_secrets_stay_out_of_messages(tmp_path: Path) -> None:
    assert "secret" not in repr(load(write(tmp_path)))
