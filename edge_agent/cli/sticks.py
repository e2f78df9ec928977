"""`loalang-agent import | export`: through the desk, or with the files alone if no agent runs."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from edge_agent import desk, identity, log_setup, refuge, settings
from edge_agent.desk import Answer, Done, Said
from edge_agent.errors import NotRunning
from edge_agent.settings import Settings

PATIENCE_S = 600.0
"""Between two signs of life: one large file from a slow stick."""


def carry(op: str, folder: Path, config: Path, tell: Callable[[str], None]) -> None:
    """Do `import` or `export` of `folder`, telling how it goes. Raises `AgentError`."""
    log_setup.configure(level=logging.ERROR)
    for answer in _answers(op, folder.absolute(), refuge.find(settings.load(config))):
        match answer:
            case Said(vi, en):
                tell(f"{vi} / {en}")
            case Done(body):
                tell(f"{body['vi']}\n{body['en']}")


def _answers(op: str, folder: Path, chosen: Settings) -> Iterator[Answer]:
    from edge_agent.wiring import build_bench

    state_dir = Path(chosen.state_dir)
    try:
        yield from desk.ask(state_dir, op, {"folder": str(folder)}, patience_s=PATIENCE_S)
    except (NotRunning, FileNotFoundError):
        identity.prepare(state_dir)
        with identity.claim(state_dir):
            yield from build_bench(chosen).carry(op, folder)
