"""`loalang-agent run | init | version`."""

import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from edge_agent import identity, log_setup, memory, settings
from edge_agent.agent import StopAsked
from edge_agent.contract.trust import public_to_text
from edge_agent.errors import AgentError
from edge_agent.log_setup import note
from edge_agent.version import VERSION
from edge_agent.wiring import build

log = logging.getLogger("edge_agent.main")

USAGE = """\
loalang-agent run --config TỆP [--with-parent]   chạy thiết bị / run the box
loalang-agent init --state-dir THƯ_MỤC           tạo khoá thiết bị / make the box's key
loalang-agent version                            phiên bản / version
"""
EXIT_USAGE = 2
EXIT_FAILED = 1
EXIT_HARD = 130


def main(argv: list[str] | None = None) -> None:
    """Run the command named by `argv` and exit."""
    sys.exit(_main(sys.argv[1:] if argv is None else argv))


def _main(argv: list[str]) -> int:
    try:
        match argv:
            case ["run", "--config", file]:
                return _run(Path(file), with_parent=False)
            case ["run", "--config", file, "--with-parent"]:
                return _run(Path(file), with_parent=True)
            case ["init", "--state-dir", folder]:
                return _init(Path(folder))
            case ["version"]:
                print(VERSION)
                return 0
            case ["--help" | "-h" | "help"]:
                print(USAGE, end="")
                return 0
        print(USAGE, end="", file=sys.stderr)
        return EXIT_USAGE
    except AgentError as e:
        print(e, file=sys.stderr)
        return EXIT_FAILED


def _init(state_dir: Path) -> int:
    identity.prepare(state_dir)
    key = identity.create_key(state_dir)
    print(json.dumps({"public_key": public_to_text(key.public_key())}))
    return 0


def _run(file: Path, *, with_parent: bool) -> int:
    parent = os.getppid()
    log_setup.configure()
    config = settings.load(file)
    if file.stat().st_mode & 0o077:
        note(log, "config_readable_by_others", level=logging.WARNING, file=str(file))
    state_dir = Path(config.state_dir)
    identity.prepare(state_dir)
    with identity.claim(state_dir):
        agent, events = build(config)
        _stop_on_signal(lambda: events.put(StopAsked()))
        memory.give_back()
        in_order = agent.run(alive=lambda: not with_parent or os.getppid() == parent != 1)
    return 0 if in_order else EXIT_FAILED


def _stop_on_signal(stop: Callable[[], None]) -> None:
    """The first TERM or INT ends in order, the second at once."""

    def handle(number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, _leave)
        signal.signal(signal.SIGINT, _leave)
        stop()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(EXIT_HARD)


if __name__ == "__main__":
    main()
