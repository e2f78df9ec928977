"""The agent's service, as the updater sees it: switched by systemd, asked at the desk."""

import logging
import subprocess
from pathlib import Path

import msgspec

from edge_agent.desk import Done, ask
from edge_agent.errors import AgentError
from edge_agent.log_setup import note
from edge_agent.status.status import NextPlay
from edge_agent.update.errors import UpdateFailed
from edge_agent.update.layout import Layout

log = logging.getLogger("edge_agent.update")

UNIT = "loalang-agent.service"
ANSWERS_WITHIN_S = 3.0
INSTALLS_WITHIN_S = 1_800.0
REHEARSES_WITHIN_S = 120.0
_TOLD_CHARS = 300


class Vitals(msgspec.Struct, frozen=True):
    """Of the telemetry, what shows that an agent works."""

    boot: int
    on_air: object | None = None
    player_restarts: int = 0


class Seen(msgspec.Struct, frozen=True):
    """Of the status, what every version says alike."""

    running: bool
    version: str
    now: int
    telemetry: Vitals
    online: bool = False
    on_air: str = ""
    next: tuple[NextPlay, ...] = ()


class Machine:
    """Runs what the updater needs run; `root` is where the system stands."""

    def __init__(self, layout: Layout, config: Path, state_dir: Path, root: Path) -> None:
        self._layout = layout
        self._config = config
        self._state_dir = state_dir
        self._root = root

    def look(self) -> Seen | None:
        """What the running agent says of itself; None if it does not answer."""
        try:
            for answer in ask(self._state_dir, "status", patience_s=ANSWERS_WITHIN_S):
                if isinstance(answer, Done):
                    return msgspec.convert(answer.body, Seen)
        except (AgentError, OSError, msgspec.ValidationError) as e:
            note(log, "agent_silent", level=logging.DEBUG, error=str(e))
        return None

    def stop(self) -> None:
        """End the agent, in order. Raises `UpdateFailed`."""
        self._run(["systemctl", "stop", UNIT])

    def start(self) -> None:
        """Have systemd start what `current` names; waits for nothing. Raises `UpdateFailed`."""
        self._run(["systemctl", "daemon-reload"])
        self._run(["systemctl", "reset-failed", UNIT], must=False)
        self._run(["systemctl", "start", "--no-block", UNIT])

    def lay(self, version: str, bundle: Path) -> str:
        """Have the installer of `version` lay another one beside it; gives that one's number."""
        return self._install(version, "--lay", str(bundle)).strip()

    def settle(self, version: str) -> None:
        """Bring the units of a version in place, and let `current` name it."""
        self._install(version, "--settle", version)

    def rehearse(self, version: str, copy: Path) -> str:
        """Have a version read a copy of the state; gives what it cannot, "" if all is well."""
        argv = [str(self._layout.program(version)), "rehearse", "--config", str(self._config)]
        try:
            done = subprocess.run(
                [*argv, "--state", str(copy)],
                capture_output=True,
                text=True,
                timeout=REHEARSES_WITHIN_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as e:
            return str(e)[:_TOLD_CHARS]
        return "" if done.returncode == 0 else (done.stdout + done.stderr)[-_TOLD_CHARS:].strip()

    def _install(self, version: str, *words: str) -> str:
        below = ["--root", str(self._root)] if self._root != Path("/") else []
        return self._run(["sh", str(self._layout.installer(version)), *words, *below])

    def _run(self, argv: list[str], *, must: bool = True) -> str:
        try:
            done = subprocess.run(
                argv, capture_output=True, text=True, timeout=INSTALLS_WITHIN_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as e:
            raise _failed(" ".join(argv[:2]), str(e)) from e
        if must and done.returncode:
            raise _failed(" ".join(argv[:2]), done.stderr[-_TOLD_CHARS:].strip())
        return done.stdout


def _failed(what: str, why: str) -> UpdateFailed:
    return UpdateFailed(
        f"Không chạy được {what}: {why}.",
        f"{what} did not work: {why}.",
    )
