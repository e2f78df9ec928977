import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from controller.__main__ import app
from controller.errors import ControllerError

TEXT = "Họp tại TTVH lúc 7h30, xem https://example.vn.\n\nGiá 1.004 đồng\n"


def said(*arguments: str, given: str = TEXT) -> str:
    result = CliRunner().invoke(app, ["wording", *arguments], input=given)
    if isinstance(result.exception, ControllerError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_every_line_of_a_text_has_one_object_with_its_readings() -> None:
    first, empty, last = lines(said("--spans"))
    assert empty == {"text": "", "spoken": "", "spans": [], "warnings": []}
    assert last["spoken"] == "Giá một nghìn không trăm linh bốn đồng"
    for seen in (first, last):
        assert seen["spans"]
        for span in seen["spans"]:
            assert seen["text"][span["start"] : span["end"]] == span["written"]
            assert span["rule"]
    assert {"start", "end", "written", "vi", "en"} == set(first["warnings"][0])


def test_a_file_is_read_like_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "tin.txt"
    path.write_text(TEXT, "utf-8")
    assert said("--spans", str(path)) == said("--spans")


def test_a_region_and_a_lexicon_change_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "xa.tsv"
    path.write_text("# xã Đăk Hà\n\nTTVH\tTrung tâm Văn hoá\n", "utf-8")

    plain = said("--lexicon", str(path), "--dialect", "south").splitlines()
    assert plain[0].startswith("Họp tại Trung tâm Văn hoá lúc")
    assert plain[2] == "Giá một ngàn không trăm lẻ bốn đồng"
    (first, *_) = lines(said("--spans", "--lexicon", str(path)))
    assert first["spans"][0]["rule"] == "lexicon"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"TTVH Trung\n", 1),
        (b"A\ta\nTTVH\ttrang 5\n", 2),
        (b"A\ta\n\nB\t\n", 3),
        (b"A\ta\n\xff\tb\n", 2),
        (b"A\ta\tb\n", 1),
    ],
)
def test_a_lexicon_that_cannot_be_read_names_its_line(
    tmp_path: Path, content: bytes, line: int
) -> None:
    path = tmp_path / "xa.tsv"
    path.write_bytes(content)
    with pytest.raises(ControllerError) as refusal:
        said("--lexicon", str(path))
    assert f"dòng {line}" in refusal.value.vi
    assert f"line {line}" in refusal.value.en


def test_a_lexicon_file_has_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "xa.tsv"
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(ControllerError, match="bytes"):
        said("--lexicon", str(path))
