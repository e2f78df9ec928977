"""`loalang-agent status` and `log`: asks the agent that runs, or reads what one left behind."""

import sys
import time
from pathlib import Path

import msgspec
from msgspec.structs import replace

from edge_agent import refuge, settings
from edge_agent.cli.line import BadUsage
from edge_agent.desk import Done, ask
from edge_agent.errors import AgentError, NotRunning, StateUnreadable
from edge_agent.hardware import read_hardware
from edge_agent.health import read_health
from edge_agent.logbook import MAX_LINES
from edge_agent.status import words
from edge_agent.status.folder import read_stopped
from edge_agent.status.status import Status
from edge_agent.version import VERSION


def show(config: Path, *, as_json: bool) -> int:
    """Print how the box is; gives the exit status: 1 if no agent runs. Raises `AgentError`."""
    status = _status(refuge.find(settings.load(config)))
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(status)).decode())
    else:
        print(words.screen(status))
    return 0 if status.running else 1


def show_log(config: Path, most: str) -> int:
    """Print the last lines that the running agent has logged. Raises `AgentError`."""
    if most and not most.isdigit():
        raise BadUsage(f"--lines cần một số, không phải {most!r}.", "--lines takes a number.")
    state_dir = Path(refuge.find(settings.load(config)).state_dir)
    found = _answer(state_dir, "log", {"lines": int(most) if most else MAX_LINES})
    lines = found.get("lines")
    for line in lines if isinstance(lines, list) else ():
        print(line)
    return 0


def _status(config: settings.Settings) -> Status:
    state_dir = Path(config.state_dir)
    try:
        return msgspec.convert(_answer(state_dir, "status", {}), Status)
    except msgspec.ValidationError as e:
        raise AgentError(
            f"Câu trả lời của loalang-agent không hiểu được: {e}. Hãy cập nhật cả hai.",
            f"The answer of loalang-agent is not understood: {e}. Update both.",
        ) from e
    except NotRunning:
        try:
            now_ms = time.time_ns() // 1_000_000
            status = read_stopped(config.did, state_dir, VERSION, read_health(), now_ms)
            return replace(status, offices=config.offices, hardware=read_hardware())
        except OSError as e:
            raise StateUnreadable(
                f"Không đọc được {state_dir}: {e}. Không có gì bị thay đổi.",
                f"Cannot read {state_dir}: {e}. Nothing was changed.",
            ) from e


def _answer(state_dir: Path, op: str, body: dict[str, object]) -> dict[str, object]:
    """Ask the agent, showing its progress; gives the result. Raises `AgentError`."""
    for answer in ask(state_dir, op, body):
        if isinstance(answer, Done):
            return answer.body
        print(f"{answer.vi} / {answer.en}", file=sys.stderr)
    return {}
