"""Boxes on this machine for the demonstration: real agents, each with its own loudspeaker."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from controller.cli.api_client import Api
from controller.errors import ControllerError
from controller.fleet.box_config import BoxConfig
from controller.mqtt import child
from controller.mqtt.broker_files import write_private
from controller.operations.load_sample import SampleVillage

AGENT = (sys.executable, "-m", "edge_agent")


@dataclass(frozen=True, slots=True)
class Loudspeaker:
    """What turns files into sound at one village."""

    kind: str
    argv: tuple[str, ...] = ()
    audio_output: str = ""
    audio_device: str = ""


@dataclass(frozen=True, slots=True)
class VillageBox:
    """One agent process and where its sound goes."""

    did: str
    village: SampleVillage
    process: asyncio.subprocess.Process
    folder: Path


async def set_up_box(
    api: Api, village: SampleVillage, folder: Path, loudspeaker: Loudspeaker
) -> str:
    """Have the box make its key, enrol it and write its configuration; gives its id."""
    folder.mkdir(parents=True, mode=0o700)
    state = folder / "state"
    made = await asyncio.create_subprocess_exec(
        *AGENT, "init", "--state-dir", str(state), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await made.communicate()
    if made.returncode:
        raise ControllerError(
            "agent_failed",
            f"Hộp loa không tạo được khoá (mã {made.returncode}).",
            f"The box could not make its key (code {made.returncode}).",
        )
    form = {"cluster": village.cluster_id, "public_key": json.loads(out)["public_key"]}
    enrolled = await asyncio.to_thread(api.post, "/boxes", form)
    config = BoxConfig(
        did=enrolled["device"],
        state_dir=state,
        root_public=enrolled["root_public_key"],
        placement=enrolled["placement"],
        broker=enrolled["broker"],
        password=enrolled["password"],
        player=loudspeaker.kind,
        player_argv=loudspeaker.argv,
        audio_output=loudspeaker.audio_output,
        audio_device=loudspeaker.audio_device,
        trust_system_clock=True,
        # All of them stand on this machine, and people wait.
        max_spread_s=0,
    )
    write_private(folder / "agent.toml", config.to_toml())
    return config.did


async def start_box(
    did: str, village: SampleVillage, folder: Path, env: dict[str, str]
) -> VillageBox:
    """Start the agent of a box that was set up; its log goes to `agent.log` beside it."""
    log = os.open(folder / "agent.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = await child.start(
            [*AGENT, "run", "--config", str(folder / "agent.toml"), "--with-parent"],
            output=log,
            env={**os.environ, **env},
        )
    finally:
        os.close(log)
    return VillageBox(did, village, process, folder)
