"""Laws of an exchange, on a machine of paper: no sound is cut, and a power cut leaves no ruin."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge_agent.status.status import NextPlay
from edge_agent.update.errors import UpdateFailed
from edge_agent.update.exchange import STILL_BEFORE_MS, Exchange, Patience
from edge_agent.update.layout import Layout, UnderWay
from edge_agent.update.service import Seen, Vitals

NOW = 1_800_000_000_000


class PowerCut(Exception):
    """The machine is off."""


@dataclass
class Paper:
    """A machine that is only written down; `views` are what the agent says, by its version."""

    layout: Layout
    views: Callable[["Paper"], Seen | None]
    unread: dict[str, str] = field(default_factory=dict)
    cut_at: int = 10**6
    done: list[str] = field(default_factory=list)
    running: str = "1.0.0"
    at_s: float = 0.0

    def _do(self, what: str) -> None:
        if len(self.done) >= self.cut_at:
            raise PowerCut
        self.done.append(what)

    def look(self) -> Seen | None:
        return self.views(self)

    def stop(self) -> None:
        self._do("stop")
        self.running = ""

    def start(self) -> None:
        self._do("start")
        self.running = self.layout.named("current")

    def settle(self, version: str) -> None:
        self._do(f"settle {version}")
        link = self.layout.home / "current"
        link.unlink(missing_ok=True)
        link.symlink_to(f"versions/{version}")

    def rehearse(self, version: str, copy: Path) -> str:
        self._do(f"rehearse {version}")
        return self.unread.get(version, "")

    def pause(self, seconds: float) -> None:
        self.at_s += seconds


def seen(paper: Paper, **changes: object) -> Seen:
    now = NOW + round(paper.at_s * 1000) + 1
    fields: dict[str, object] = {
        "running": True,
        "version": paper.running,
        "now": now,
        "telemetry": Vitals(boot=1),
        "online": True,
    }
    return Seen(**(fields | changes))  # type: ignore[arg-type]


@dataclass
class Scene:
    """A layout with two versions, and a state folder with something in it."""

    root: Path

    def __post_init__(self) -> None:
        self.layout = Layout.below(self.root)
        self.layout.records.mkdir(parents=True)
        for version in ("1.0.0", "1.1.0"):
            self.layout.version(version).mkdir(parents=True)
        for link in ("current", "trusted"):
            (self.layout.home / link).symlink_to("versions/1.0.0")
        self.state = self.root / "state"
        self.state.mkdir()
        for name in ("desired.json", "boot"):
            (self.state / name).write_text("old")

    def exchange(self, paper: Paper) -> Exchange:
        return Exchange(
            self.layout,
            paper,
            self.state,
            Patience(within_s=30, steady_s=5),
            mono_s=lambda: paper.at_s,
            pause=paper.pause,
        )


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_what_sounds_is_never_cut_and_nothing_begins_near_a_start(scene: Scene) -> None:
    def views(paper: Paper) -> Seen:
        if paper.running == "1.0.0" and paper.at_s < 600:
            return seen(paper, on_air="Dân ca")
        if paper.running == "1.0.0" and paper.at_s < 900:
            start = NOW + round(paper.at_s * 1000) + STILL_BEFORE_MS - 1_000
            return seen(paper, next=(NextPlay("c", "Bản tin", start, held=True),))
        return seen(paper)

    paper = Paper(scene.layout, views)
    assert scene.exchange(paper).run("1.1.0", "").status == "done"
    assert paper.at_s >= 900
    assert scene.layout.named("trusted") == "1.1.0"


def test_where_it_is_never_quiet_the_old_version_stays(scene: Scene) -> None:
    paper = Paper(scene.layout, lambda paper: seen(paper, on_air="Dân ca"))
    with pytest.raises(UpdateFailed, match="never silent"):
        scene.exchange(paper).run("1.1.0", "")
    assert paper.done == []


UNWELL: dict[str, Callable[[Paper], Seen | None]] = {
    "does not answer": lambda paper: None,
    "get online": lambda paper: seen(paper, online=False),
    "player dies": lambda paper: seen(paper, telemetry=Vitals(boot=1, player_restarts=1)),
    "loop does not turn": lambda paper: seen(paper, now=NOW),
    "runs and not": lambda paper: seen(paper, version="9.9.9"),
    "started more than once": lambda paper: seen(paper, telemetry=Vitals(boot=int(paper.at_s))),
}


@pytest.mark.parametrize("why", sorted(UNWELL))
def test_who_is_not_healthy_is_left_again(scene: Scene, why: str) -> None:
    def views(paper: Paper) -> Seen | None:
        return UNWELL[why](paper) if paper.running == "1.1.0" else seen(paper)

    result = scene.exchange(Paper(scene.layout, views)).run("1.1.0", "o")
    assert result.status == "failed"
    assert why in result.reason or result.reason == "not steady"
    assert (scene.layout.named("current"), scene.layout.named("trusted")) == ("1.0.0", "1.0.0")
    assert scene.layout.recall(UnderWay) is None


def test_who_is_left_again_may_say_its_alert_to_the_end(scene: Scene) -> None:
    def views(paper: Paper) -> Seen | None:
        if paper.running == "1.1.0" and paper.at_s < 200:
            return seen(paper, online=False, on_air="Lũ quét")
        return seen(paper, online=paper.running == "1.0.0")

    paper = Paper(scene.layout, views)
    assert scene.exchange(paper).run("1.1.0", "").status == "failed"
    assert paper.at_s >= 200


def test_who_was_offline_before_need_not_be_online(scene: Scene) -> None:
    paper = Paper(scene.layout, lambda paper: seen(paper, online=False))
    assert scene.exchange(paper).run("1.1.0", "").status == "done"


def test_a_state_that_the_old_version_cannot_read_comes_back_but_no_count_does(
    scene: Scene,
) -> None:
    def views(paper: Paper) -> Seen | None:
        if paper.running == "1.1.0":
            for name in ("desired.json", "boot"):
                (scene.state / name).write_text("new")
            return None
        return seen(paper)

    others = scene.root / "of-root"
    others.write_text("kept")
    (scene.state / "desired.json.back").symlink_to(others)
    paper = Paper(scene.layout, views, unread={"1.0.0": "desired.json damaged"})
    assert scene.exchange(paper).run("1.1.0", "").status == "failed"
    assert (scene.state / "desired.json").read_text() == "old"
    assert (scene.state / "desired.json").stat().st_mode & 0o777 == 0o600
    assert others.read_text() == "kept", "root wrote through a link that the box's user laid"
    assert (scene.state / "boot").read_text() == "new"
    assert (scene.layout.records / "left-behind/desired.json").read_text() == "new"


@pytest.mark.parametrize("healthy", [True, False])
@pytest.mark.parametrize("cut_at", range(9))
def test_a_power_cut_anywhere_leaves_a_version_that_runs_and_is_trusted(
    scene: Scene, cut_at: int, healthy: bool
) -> None:
    def views(paper: Paper) -> Seen | None:
        return None if paper.running == "1.1.0" and not healthy else seen(paper)

    paper = Paper(scene.layout, views, cut_at=cut_at)
    try:
        scene.exchange(paper).run("1.1.0", "")
    except PowerCut:
        # The machine starts: systemd runs what `current` names, then the updater that is trusted.
        paper.cut_at = 10**6
        paper.start()
        under_way = scene.layout.recall(UnderWay)
        if under_way is not None:
            scene.exchange(paper).resume(under_way)
    current = scene.layout.named("current")
    assert scene.layout.named("trusted") == current == paper.running
    assert current == "1.0.0" or healthy
    assert scene.layout.recall(UnderWay) is None
