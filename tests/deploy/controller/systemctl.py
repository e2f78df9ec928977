"""As much of systemctl as the installer asks for: keeps the unit's program running, by its pid."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def alive(pid: int) -> bool:
    """Running, and no zombie that nobody buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def main(root: Path, words: list[str]) -> int:
    """`root` is the folder that the installer filled."""
    unit = root / "etc/systemd/system/loalang.service"
    pid_file, log = root / "pid", root / "journal"
    with (root / "asked").open("a") as asked:
        print(*words, file=asked)
    pid = int(pid_file.read_text()) if pid_file.exists() else 0
    match [word for word in words if not word.startswith("--")]:
        case ["is-active", _]:
            return 0 if pid and alive(pid) else 3
        case ["start", "loalang.service"]:
            lines = unit.read_text().splitlines()
            command = next(line for line in lines if line.startswith("ExecStart="))
            settings = (root / "etc/loalang/controller.env").read_text().splitlines()
            given = dict(line.split("=", 1) for line in settings if line and line[0] != "#")
            with log.open("ab") as journal:
                started = subprocess.Popen(
                    f"{root}{command.removeprefix('ExecStart=')}".split(),
                    env={"PATH": os.environ["PATH"], "HOME": str(root), **given},
                    stdin=subprocess.DEVNULL,
                    stdout=journal,
                    stderr=journal,
                    start_new_session=True,
                )
            pid_file.write_text(str(started.pid))
        case ["stop", "loalang.service"]:
            if pid and alive(pid):
                os.kill(pid, signal.SIGTERM)
                deadline = time.monotonic() + 20
                while alive(pid) and time.monotonic() < deadline:
                    time.sleep(0.02)
                if alive(pid):
                    os.kill(pid, signal.SIGKILL)
            pid_file.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
