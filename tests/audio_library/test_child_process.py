import os
import sys
from pathlib import Path

import pytest

from audio_library.child_process import run_child
from audio_library.errors import TookTooLong

PYTHON = (sys.executable, "-I", "-S", "-c")


def test_what_goes_in_comes_out() -> None:
    echo = "import sys; sys.stdout.write(sys.stdin.read())"
    ended = run_child([*PYTHON, echo], given=b"xin", what="echo", timeout_s=20)
    assert (ended.code, ended.out) == (0, b"xin")


def test_stdout_may_go_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = run_child([*PYTHON, "print('xin')"], given=b"", what="print", timeout_s=20, out=out)
    assert ended.out == b""
    assert out.read_text() == "xin\n"


def test_a_child_that_hangs_is_killed_with_what_it_started(tmp_path: Path) -> None:
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    hang = f"import os, time; held = open({str(fifo)!r}, 'w'); os.fork(); time.sleep(60)"
    with pytest.raises(TookTooLong, match="hanging"):
        run_child([*PYTHON, hang], given=b"", what="hanging", timeout_s=1)
    os.set_blocking(reader, True)
    # The end comes when nobody is left that could write.
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_a_failure_tells_its_last_line_or_its_signal() -> None:
    complains = run_child(
        [*PYTHON, "import sys; sys.exit('hỏng rồi')"], given=b"", what="x", timeout_s=20
    )
    assert (complains.code, complains.reason) == (1, "hỏng rồi")
    killed = run_child(
        [*PYTHON, "import os; os.kill(os.getpid(), 11)"], given=b"", what="x", timeout_s=20
    )
    assert (killed.code, killed.reason) == (-11, "signal 11")


def test_a_child_that_does_not_read_its_input_is_no_trouble() -> None:
    ended = run_child([*PYTHON, "pass"], given=b"x" * 2**20, what="x", timeout_s=20)
    assert ended.code == 0
