"""Commands under odd surroundings: closed streams, bytes that are no text."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_closed_stream_does_not_crash_a_command(closed: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "controller", "voices"],
        capture_output=True,
        timeout=60,
        preexec_fn=lambda: os.close(closed),
        check=False,
    )

    assert done.returncode == 0


def test_bytes_that_are_no_text_are_refused_in_two_languages() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "controller", "say", "-"],
        input=b"Th\xf4ng",
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert b"UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr
