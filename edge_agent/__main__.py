"""`loalang-agent run | status | log | selftest | import | export | init | version`."""

import logging
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

from edge_agent import identity, log_setup, memory, paired, refuge, settings
from edge_agent.agent import StopAsked
from edge_agent.cli.line import USAGE, BadUsage, read_line
from edge_agent.contract.trust import public_to_text
from edge_agent.errors import AgentError
from edge_agent.log_setup import note
from edge_agent.logbook import LogBook
from edge_agent.version import VERSION
from edge_agent.watchdog import watch_threads
from edge_agent.wiring import build

log = logging.getLogger("edge_agent.main")

EXIT_USAGE = 2
EXIT_FAILED = 1
EXIT_HARD = 130


def main(argv: list[str] | None = None) -> None:
    """Run the command named by `argv` and exit."""
    sys.exit(_main(sys.argv[1:] if argv is None else argv))


def _main(argv: list[str]) -> int:
    try:
        return _obey(argv)
    except BadUsage as e:
        print(f"{e}\n\n{USAGE}", end="", file=sys.stderr)
        return EXIT_USAGE
    except AgentError as e:
        print(e, file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_HARD
    except BrokenPipeError:
        # Who read has read enough; what Python would flush at its end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _obey(argv: list[str]) -> int:
    config = ("--config",)
    match argv:
        case ["run", *rest]:
            line = read_line(rest, values=config, switches=("--with-parent",))
            return _run(line.path("--config"), with_parent="--with-parent" in line.switches)
        case ["status", *rest]:
            from edge_agent.cli import status

            line = read_line(rest, values=config, switches=("--json",))
            return status.show(line.path("--config"), as_json="--json" in line.switches)
        case ["log", *rest]:
            from edge_agent.cli import status

            line = read_line(rest, values=(*config, "--lines"))
            return status.show_log(line.path("--config"), line.values.get("--lines", ""))
        case ["import" | "export" as op, *rest]:
            from edge_agent.cli import sticks

            line = read_line(rest, words=1, values=config)
            tell = partial(print, flush=True)
            sticks.carry(op, Path(line.words[0]), line.path("--config"), tell)
            return 0
        case ["selftest", *rest]:
            from edge_agent.cli import selftest

            line = read_line(rest, values=config, switches=("--tone",))
            tell = partial(print, flush=True)
            return selftest.run(line.path("--config"), tone="--tone" in line.switches, tell=tell)
        case ["update", *rest]:
            return _update(rest)
        case ["rehearse", *rest]:
            from edge_agent.cli import update

            line = read_line(rest, values=(*config, "--state"))
            return update.show_rehearsal(line.path("--config"), line.path("--state"))
        case ["pin", *rest]:
            from edge_agent.cli import pin

            line = read_line(rest, values=config, switches=("--drop",))
            tell = partial(print, flush=True)
            return pin.choose(line.path("--config"), drop="--drop" in line.switches, tell=tell)
        case ["pair", *rest]:
            from edge_agent.cli import pair

            values = (*config, "--from")
            line = read_line(rest, optional=2, values=values, switches=("--anew",))
            tell = partial(print, flush=True)
            return pair.run(line, tell)
        case ["init", *rest]:
            return _init(read_line(rest, values=("--state-dir",)).path("--state-dir"))
        case ["version" | "--version", *rest]:
            read_line(rest)
            print(VERSION)
            return 0
        case ["help" | "--help" | "-h", *_]:
            print(USAGE, end="")
            return 0
        case [word, *_]:
            raise BadUsage(f"Không có lệnh {word!r}.", f"There is no command {word!r}.")
    raise BadUsage("Thiếu tên lệnh.", "Name a command.")


def _update(rest: list[str]) -> int:
    from edge_agent.cli import update
    from edge_agent.update.exchange import Patience

    values = ("--config", "--to", "--root", "--within", "--steady")
    line = read_line(rest, values=values, switches=("--pin",))
    usual = Patience()
    return update.run(
        line.path("--config"),
        root=Path(line.values.get("--root", "/")),
        version=line.values.get("--to", ""),
        pin="--pin" in line.switches,
        patience=Patience(
            within_s=line.seconds("--within", usual.within_s),
            steady_s=line.seconds("--steady", usual.steady_s),
        ),
    )


def _init(state_dir: Path) -> int:
    identity.prepare(state_dir)
    key = identity.create_key(state_dir)
    print(f'{{"public_key": "{public_to_text(key.public_key())}"}}')
    return 0


def _run(file: Path, *, with_parent: bool) -> int:
    parent = os.getppid()
    log_setup.configure()
    chosen = settings.read(file)
    _take_up_papers(chosen)
    config = settings.identified(chosen)
    book = LogBook(broker.password for broker in config.brokers)
    logging.getLogger().addHandler(book)
    if file.stat().st_mode & 0o007:
        note(log, "config_readable_by_others", level=logging.WARNING, file=str(file))
    identity.prepare(Path(config.state_dir))
    config = refuge.enter(config)
    state_dir = Path(config.state_dir)
    with identity.claim(state_dir):
        memory.share_one_heap()
        agent, events = build(config, book)
        watch_threads(events.put)
        _stop_on_signal(lambda: events.put(StopAsked()))
        memory.give_back()
        in_order = agent.run(alive=lambda: not with_parent or os.getppid() == parent != 1)
    return 0 if in_order else EXIT_FAILED


def _take_up_papers(chosen: settings.Settings) -> None:
    """Be who a pairing says since the last run; a card that takes nothing leaves it as it was."""
    try:
        state_dir = Path(chosen.state_dir)
        paired.take_up(state_dir, did=chosen.did, root=chosen.root_public_key)
    except OSError as e:
        note(log, "papers_not_taken_up", level=logging.ERROR, error=str(e))


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
