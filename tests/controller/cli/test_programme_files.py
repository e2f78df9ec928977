"""`loalang programmes import|export|feed` as a person types them, over a real socket."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from controller.cli import programmes
from controller.errors import ControllerError
from tests.controller.console.desk import Desk
from tests.controller.office import Office
from tests.controller.operations.test_import_calendar import ALL_DAY, MORNING, ics

Type = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def typed(tmp_path: Path) -> Iterator[Type]:
    """Run a command against an office: its exit code and lines, or what it refused."""
    office = Office(tmp_path / "office")
    office.boxes(2)
    desk = Desk(office)

    def run(*words: str | Path) -> tuple[int, list[str]]:
        login = ("--url", address, "--user", desk.name, "--password", desk.password)
        typed = [str(word) for word in words]
        result = CliRunner().invoke(programmes.app, [*typed, *login])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output.splitlines()

    with capture_logs(), desk.open() as address:
        yield run
    office.database.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A calendar of next year with a daily session and a day off."""
    path = tmp_path / "lich.ics"
    path.write_bytes(ics(MORNING, ALL_DAY).replace(b"20260811", b"20270811"))
    return path


def test_a_calendar_is_looked_at_taken_in_and_written_again(
    typed: Type, file: Path, tmp_path: Path
) -> None:
    code, lines = typed("import", file, "--unit", "51", "--dry-run")
    assert code == 2
    assert lines[-1].startswith("1 mới")
    assert "chưa lưu gì" in lines[-1]
    assert any("cả ngày" in line for line in lines)

    assert "1 mới" in typed("import", file, "--unit", "51")[1][-1]
    assert "1 như cũ" in typed("import", file, "--unit", "51")[1][-1]

    out = tmp_path / "ra.ics"
    code, lines = typed("export", out)
    assert (code, lines) == (0, [f"{out}: 1 sự kiện / events"])
    code, lines = typed("import", out)
    assert code == 0
    assert "1 như cũ" in lines[-1]


def test_a_template_file_says_what_airs(typed: Type, file: Path, tmp_path: Path) -> None:
    template = tmp_path / "khuon.json"
    template.write_text('{"items": [{"kind": "cart", "cart": "greeting"}]}', "utf-8")
    village = "Xã Đăk Hà/Thôn 1"

    typed("import", file, "--villages", village, "--template", template)
    out = tmp_path / "ra.ics"
    typed("export", out)

    assert '"cart":"greeting"' in out.read_text("utf-8").replace("\n ", "").replace("\\", "")
    template.write_text('{"items": [{"kind": "cart"}]}', "utf-8")
    with pytest.raises(ControllerError, match="Khuôn"):
        typed("import", file, "--villages", village, "--template", template)


def test_a_feed_is_made_read_listed_and_closed(typed: Type, file: Path) -> None:
    _, lines = typed("feed", "--unit", "51")
    token = lines[0].rsplit("/", 1)[-1]
    assert len(token) > 32
    (row,) = typed("feeds")[1]
    feed_id, unit, *_ = row.split("\t")

    assert unit == "Quảng Ngãi"
    assert typed("close-feed", feed_id) == (0, [])
    assert "đã đóng" in typed("feeds")[1][0]
    with pytest.raises(ControllerError):
        typed("close-feed", "khong-co")
