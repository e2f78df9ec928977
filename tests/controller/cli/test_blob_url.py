"""A store that cannot be meant is refused before anything runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("s3://loa/am-thanh", "AWS_ACCESS_KEY_ID"),
        ("s3://loa?endpoint=http://10.0.0.5:9000", "plain_http"),
        ("gopher://loa", "file:"),
    ],
)
def test_serve_says_what_is_wrong_with_the_address(tmp_path: Path, address: str, says: str) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    keys = {"AWS_ACCESS_KEY_ID": "key"} if "endpoint" in address else {}
    done = subprocess.run(
        [sys.executable, "-m", "controller", "serve", "--data-dir", str(tmp_path), "--port", "0"],
        env={**kept, **keys, "LOALANG_BLOB_URL": address},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert "LOALANG_BLOB_URL" in done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "loalang.sqlite3").exists(), "nothing was started"
