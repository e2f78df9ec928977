"""`loalang-agent update | rehearse`: what the system's updater does, as root."""

import json
import logging
import sys
from pathlib import Path

from edge_agent import log_setup, settings
from edge_agent.errors import AgentError
from edge_agent.log_setup import note
from edge_agent.settings import Settings
from edge_agent.update import intake
from edge_agent.update.errors import UpdateFailed
from edge_agent.update.exchange import Exchange, Patience
from edge_agent.update.layout import Layout, Result, UnderWay
from edge_agent.update.order import Pinned
from edge_agent.update.rehearsal import rehearse
from edge_agent.update.service import Machine

log = logging.getLogger("edge_agent.update")


def run(config: Path, *, root: Path, version: str, pin: bool, patience: Patience) -> int:
    """Pin the office's root key, let a version run that lies here, or do what was ordered.

    Gives 1 if the old version runs again. Raises `AgentError`.
    """
    log_setup.configure()
    chosen = settings.load(config)
    layout = Layout.below(root)
    layout.records.mkdir(mode=0o755, parents=True, exist_ok=True)
    if pin:
        known = layout.recall(Pinned)
        # Paired again with its office, a box takes no older order than before.
        if known is None or known.root != chosen.root_public_key:
            layout.keep(Pinned(chosen.root_public_key))
        print("đã ghi khoá gốc cho việc cập nhật / the root key is pinned for updates")
        return 0
    state_dir = Path(chosen.state_dir)
    machine = Machine(layout, config, state_dir, root)
    exchange = Exchange(layout, machine, state_dir, patience)
    under_way = layout.recall(UnderWay)
    if under_way is not None:
        result = exchange.resume(under_way)
    elif version:
        result = exchange.run(version, "")
    else:
        ordered = _obey(chosen, layout, machine, exchange)
        if ordered is None:
            return 0
        result = ordered
    return _told(result)


def show_rehearsal(config: Path, copy: Path) -> int:
    """Say what this version cannot read of a copy of a state folder; gives 1 if anything."""
    # What a start loads has to be there.
    import edge_agent.wiring  # noqa: F401

    log_setup.configure(level=logging.CRITICAL)
    settings.load(config)
    losses = rehearse(copy)
    print(json.dumps({"losses": losses}, ensure_ascii=False))
    return 1 if losses else 0


def _obey(chosen: Settings, layout: Layout, machine: Machine, exchange: Exchange) -> Result | None:
    """Do what the agent was ordered, if anything; whatever goes wrong is told to the agent."""
    found = intake.take(Path(chosen.state_dir))
    if found is None:
        return None
    try:
        ordered = intake.verified(found, chosen, layout)
        laid = machine.lay(layout.named("trusted"), layout.bundle)
        if laid != ordered.update.version:
            raise UpdateFailed(
                f"Gói chứa phiên bản {laid}, lệnh nói {ordered.update.version}.",
                f"The bundle holds version {laid}, the order says {ordered.update.version}.",
            )
        return exchange.run(laid, found.order)
    except AgentError as e:
        result = Result(found.order, "", "failed", str(e)[:400])
        note(log, "update_not_done", level=logging.ERROR, error=str(e))
        layout.keep(result)
        return result
    finally:
        layout.bundle.unlink(missing_ok=True)


def _told(result: Result) -> int:
    if result.status == "done":
        print(f"loalang-agent {result.version}: chạy tốt / it is healthy")
        return 0
    print(f"vẫn dùng phiên bản cũ / the old version stays: {result.reason}", file=sys.stderr)
    return 1
