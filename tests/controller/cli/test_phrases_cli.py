"""`loalang phrases` and `loalang carts` as a person types them, over a real socket."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from controller.cli import carts, phrases
from controller.errors import ControllerError
from tests.controller.console.desk import Desk
from tests.controller.office import Office

Type = Callable[..., list[str]]


@pytest.fixture
def typed(tmp_path: Path) -> Iterator[Type]:
    """Run a command of `loalang phrases` against an office; its lines, or what it refused."""
    office = Office(tmp_path, law=None)
    office.boxes(1)
    desk = Desk(office)

    def run(*words: str) -> list[str]:
        login = ("--url", address, "--user", desk.name, "--password", desk.password)
        result = CliRunner().invoke(phrases.app, [*words, *login])
        if result.exception is not None:
            raise result.exception
        return result.output.splitlines()

    with capture_logs(), desk.open() as address:
        yield run
    office.database.close()


def test_a_bank_is_listed_filled_and_made(typed: Type) -> None:
    assert "Ba Na" in typed("list", "--lang", "bdq")[0]
    assert typed("set", "hazard.storm", "lời thử", "--lang", "bdq") == ["hazard.storm\tlời thử"]
    lacking = typed("list", "--lang", "bdq", "--lacking")
    assert "hazard.storm\tlời thử\tbão\t—" in lacking
    assert not any(line.startswith("number.17\t") for line in lacking)
    assert typed("render", "--unit", "dv-23500")[0].startswith("mới yêu cầu / asked 3")


def test_a_sentence_is_composed_and_what_it_lacks_is_named(typed: Type) -> None:
    short = ("compose", "--hazard", "storm", "--issued", "05:30 15/8")
    said = typed(*short)
    assert said[0].endswith("lúc năm giờ ba mươi phút ngày mười lăm tháng tám.")
    assert "! hazard.storm: no_sound" in said
    assert any("chưa ai xác nhận" in line for line in typed(*short, "--lang", "bdq"))
    with pytest.raises(ControllerError, match="05:30"):
        typed("compose", "--hazard", "storm", "--issued", "half past five")


def test_the_index_tells_its_size(typed: Type) -> None:
    assert typed("index")[-1].endswith("0 thứ tiếng / languages")


def test_carts_are_written_with_their_figures(tmp_path: Path) -> None:
    result = CliRunner().invoke(carts.app, ["make", str(tmp_path), "--commune", "Xã Đăk Hà"])
    assert result.exit_code == 0, result.output
    assert result.output.count("LUFS") == len(list(tmp_path.glob("*.opus"))) == 7
    assert "espeak:vi: Đây là đài truyền thanh xã Đăk Hà." in result.output
