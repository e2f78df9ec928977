"""One version for another, with the way back: never while something sounds, never half."""

import logging
import os
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge_agent.errors import AgentError
from edge_agent.log_setup import note
from edge_agent.update.errors import UpdateFailed
from edge_agent.update.layout import Layout, Result, UnderWay
from edge_agent.update.rehearsal import GROWING, copy_state
from edge_agent.update.service import Seen

log = logging.getLogger("edge_agent.update")

STILL_BEFORE_MS = 120_000
"""Nothing is exchanged so near before a planned start: the slowest board needs half of it."""

MAX_WAIT_S = 24 * 3_600.0
"""A village where it is never quiet for two minutes keeps what it has."""

MAX_SOUND_S = 1_800.0
LOOK_EVERY_S = 1.0
QUIET_EVERY_S = 5.0
DEAD_AFTER = 12
"""An agent that does not answer so many times is not at work: its watchdog has ended it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """A new version has to be healthy within `within_s`, and stay so for `steady_s`."""

    within_s: float = 180.0
    steady_s: float = 20.0


class Ground(Protocol):
    """What the updater needs of the machine; see `service.Machine`."""

    def look(self) -> Seen | None: ...
    def stop(self) -> None: ...
    def start(self) -> None: ...
    def settle(self, version: str) -> None: ...
    def rehearse(self, version: str, copy: Path) -> str: ...


class Exchange:
    """Lets a version that was laid down run in the place of another; `order` is who asked."""

    def __init__(
        self,
        layout: Layout,
        machine: Ground,
        state_dir: Path,
        patience: Patience,
        *,
        mono_s: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._layout = layout
        self._machine = machine
        self._state_dir = state_dir
        self._patience = patience
        self._mono_s = mono_s
        self._pause = pause

    def run(self, new: str, order: str) -> Result:
        """Exchange, judge, and go back if need be. Raises `UpdateFailed` if all is as it was."""
        old = self._layout.named("current")
        if new == old:
            return self._ended(Result(order, new, "done"))
        was_online = self._wait_for_silence()
        self._machine.stop()
        try:
            copy_state(self._state_dir, self._layout.snapshot)
            self._must_read(new)
            self._layout.keep(UnderWay(order, old, new, was_online))
        except (OSError, AgentError) as e:
            self._machine.start()
            raise _unfit(new, str(e)) from e
        note(log, "update_begun", old=old, new=new)
        return self.resume(UnderWay(order, old, new, was_online))

    def resume(self, under_way: UnderWay) -> Result:
        """Go on from where the new version is let run, also after a power cut."""
        try:
            self._machine.settle(under_way.new)
            self._machine.start()
            why = self._judge(under_way)
        except UpdateFailed as e:
            why = str(e)
        if why:
            return self._back(under_way, why)
        self._layout.trust(under_way.new)
        self._layout.forget_under_way()
        self._tidy(under_way)
        note(log, "update_done", version=under_way.new)
        return self._ended(Result(under_way.order, under_way.new, "done"))

    def _wait_for_silence(self) -> bool:
        """Wait until nothing sounds or is about to; gives whether the box is online."""
        until = self._mono_s() + MAX_WAIT_S
        unanswered = 0
        while self._mono_s() < until and unanswered < DEAD_AFTER:
            seen = self._machine.look()
            unanswered = unanswered + 1 if seen is None else 0
            if seen is not None and _is_quiet(seen):
                return seen.online
            self._pause(QUIET_EVERY_S)
        if unanswered:
            return False
        raise UpdateFailed(
            "Một ngày rồi không lúc nào im lặng đủ hai phút; vẫn dùng phiên bản cũ.",
            "For a day it was never silent for two minutes; the old version stays.",
        )

    def _must_read(self, new: str) -> None:
        """The new version reads a copy of all that the old one left."""
        copy = self._layout.snapshot.with_name("rehearsal")
        try:
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(self._layout.snapshot, copy)
            unread = self._machine.rehearse(new, copy)
        finally:
            shutil.rmtree(copy, ignore_errors=True)
        if unread:
            raise UpdateFailed(f"không đọc được: {unread}", f"it cannot read: {unread}")

    def _judge(self, under_way: UnderWay) -> str:
        """Watch the new version; gives why it is not healthy, "" if it is."""
        until = self._mono_s() + self._patience.within_s
        why, well_since = "no answer", None
        first: Seen | None = None
        last_now = 0
        while self._mono_s() < until:
            seen = self._machine.look()
            why = _unwell(seen, first, last_now, under_way)
            if seen is None or why:
                first, well_since = None, None
            else:
                first = first or seen
                well_since = self._mono_s() if well_since is None else well_since
                if self._mono_s() - well_since >= self._patience.steady_s:
                    return ""
            last_now = seen.now if seen is not None else 0
            self._pause(LOOK_EVERY_S)
        return why or "not steady"

    def _back(self, under_way: UnderWay, why: str) -> Result:
        """Let the old version run again, with a state that it can read."""
        old = under_way.old
        note(log, "update_failed", level=logging.ERROR, new=under_way.new, old=old, error=why)
        self._let_it_end()
        self._machine.stop()
        self._machine.settle(old)
        if self._layout.snapshot.is_dir():
            self._mend_state(old)
        self._machine.start()
        self._layout.forget_under_way()
        self._tidy(under_way)
        return self._ended(Result(under_way.order, under_way.new, "failed", why[:400]))

    def _let_it_end(self) -> None:
        """Also who is to go may say an alert to its end."""
        until = self._mono_s() + MAX_SOUND_S
        while (seen := self._machine.look()) is not None and _sounds(seen):
            if self._mono_s() > until:
                return
            self._pause(LOOK_EVERY_S)

    def _mend_state(self, old: str) -> None:
        """What the new version wrote stays if the old one reads it, else the snapshot comes back.

        What is put out of the way is kept beside, for a person.
        """
        copy = self._layout.snapshot.with_name("rehearsal")
        try:
            copy_state(self._state_dir, copy)
            unread = self._machine.rehearse(old, copy)
        except OSError as e:
            unread = str(e)
        finally:
            shutil.rmtree(copy, ignore_errors=True)
        if not unread:
            return
        note(log, "state_put_back", level=logging.WARNING, unread=unread)
        copy_state(self._state_dir, self._layout.snapshot.with_name("left-behind"))
        owner = self._state_dir.stat()
        for file in self._layout.snapshot.iterdir():
            if file.name in GROWING:
                continue
            target = self._state_dir / file.name
            for side in ("-wal", "-shm"):
                target.with_name(target.name + side).unlink(missing_ok=True)
            # Whoever owns the folder may have laid a link in the way of what root writes there.
            aside = target.with_name(f"{target.name}.{secrets.token_hex(8)}.back")
            with aside.open("xb") as put, file.open("rb") as kept:
                os.fchown(put.fileno(), owner.st_uid, owner.st_gid)
                os.fchmod(put.fileno(), 0o600)
                shutil.copyfileobj(kept, put)
            aside.replace(target)

    def _tidy(self, under_way: UnderWay) -> None:
        """Keep two versions, and no snapshot of what is over."""
        shutil.rmtree(self._layout.snapshot, ignore_errors=True)
        self._layout.bundle.unlink(missing_ok=True)
        kept = {under_way.old, under_way.new}
        for folder in self._layout.version("x").parent.iterdir():
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def _ended(self, result: Result) -> Result:
        self._layout.keep(result)
        return result


def _is_quiet(seen: Seen) -> bool:
    """Whether nothing sounds, nor will soon."""
    return not _sounds(seen) and all(play.start - seen.now >= STILL_BEFORE_MS for play in seen.next)


def _sounds(seen: Seen) -> bool:
    return bool(seen.on_air) or seen.telemetry.on_air is not None


def _unwell(seen: Seen | None, first: Seen | None, last_now: int, under_way: UnderWay) -> str:
    """Why a version that is watched is not healthy, "" as long as it is."""
    if seen is None or not seen.running:
        return "it does not answer"
    if seen.version != under_way.new:
        return f"{seen.version} runs and not {under_way.new}"
    if first is not None and seen.telemetry.boot != first.telemetry.boot:
        return "it started more than once"
    if seen.telemetry.player_restarts:
        return "its player dies"
    if seen.now <= last_now:
        return "its loop does not turn"
    if under_way.was_online and not seen.online:
        return "it does not get online"
    return ""


def _unfit(version: str, why: str) -> UpdateFailed:
    return UpdateFailed(
        f"Phiên bản {version} không dùng được ở đây: {why}. Phiên bản cũ chạy tiếp.",
        f"Version {version} is of no use here: {why}. The old version runs on.",
    )
