"""The configuration file of a box, as `loalang-agent run --config` reads it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BoxConfig:
    """Everything a box must know; TOML strings and lists are written as JSON, which they equal."""

    did: str
    state_dir: Path | str
    root_public: str
    placement: str
    broker: str
    password: str
    player: str = "mpv"
    player_argv: Sequence[str] = ()
    audio_output: str = ""
    audio_device: str = ""
    trust_system_clock: bool = False
    sticks: str = ""
    max_spread_s: int | None = None
    """Within how long its downloads begin; None: as the agent holds it."""

    def to_toml(self) -> str:
        """The file's text; it holds a password: write it private."""
        lines = [
            f"did = {json.dumps(self.did)}",
            f"state_dir = {json.dumps(str(self.state_dir))}",
            f"root_public_key = {json.dumps(self.root_public)}",
            f"placement = {json.dumps(self.placement)}",
            f"trust_system_clock = {json.dumps(self.trust_system_clock)}",
            *([] if self.max_spread_s is None else [f"max_spread_s = {self.max_spread_s}"]),
            *([f"sticks = {json.dumps(self.sticks)}"] if self.sticks else []),
            "",
            "[[brokers]]",
            f"url = {json.dumps(self.broker)}",
            f"password = {json.dumps(self.password)}",
            "",
            "[player]",
            f"kind = {json.dumps(self.player)}",
        ]
        if self.player_argv:
            lines.append(f"argv = {json.dumps(list(self.player_argv), ensure_ascii=False)}")
        if self.audio_output:
            lines.append(f"audio_output = {json.dumps(self.audio_output)}")
        if self.audio_device:
            lines.append(f"audio_device = {json.dumps(self.audio_device)}")
        return "\n".join(lines) + "\n"
