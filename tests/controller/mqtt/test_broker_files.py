import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from controller.mqtt.broker_files import write_private


def test_many_writers_at_once_leave_one_whole_private_file(tmp_path: Path) -> None:
    path = tmp_path / "passwd"
    contents = [f"{n}:" + "x" * 5_000 + "\n" for n in range(200)]

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda content: write_private(path, content), contents))

    assert path.read_text() in contents
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["passwd"]
