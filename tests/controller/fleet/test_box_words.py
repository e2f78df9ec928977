"""Codes of a box in words for people."""

from controller.fleet.box_words import because, of_alert, waits
from edge_agent.contract.state import Waits


def test_every_reason_to_wait_has_words() -> None:
    for reason in Waits:
        vi, en = waits(reason)
        assert vi
        assert en


def test_several_reasons_stand_in_one_line_and_strange_ones_are_passed_over() -> None:
    assert waits("off_peak, from_the_future, disk_full") == (
        "đợi giờ rẻ, đĩa đầy",
        "it waits for cheap hours, the disk is full",
    )
    assert waits("") == ("", "")


def test_what_an_alert_lacks_is_told_with_the_languages_that_lack_it() -> None:
    vi, en = of_alert("clip_instead: sed; phrases_missing: jra, hre")
    assert vi == "phát câu ghi sẵn thay vào (sed); máy thiếu mẫu câu (jra, hre)"
    assert en == "the clip of its hazard sounds instead (sed); the box lacks phrases (jra, hre)"
    assert of_alert("") == ("", "")


def test_whatever_keeps_an_alert_silent_or_ends_it_has_words() -> None:
    lacks = ("audio_missing", "phrases_missing", "clip_missing", "clip_instead", "cannot_end")
    switches = ("kill_switch", "maintenance", "clock_untrusted")
    for code in (*lacks, *switches, "updated", "ended", "expired", "local_alert"):
        assert because(code) != (code, code)
