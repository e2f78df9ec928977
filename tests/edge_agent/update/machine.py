"""A machine with versions of the agent side by side, and a stand-in for systemd that runs them."""

import os
import shutil
import socketserver
import subprocess
import sys
import threading
from pathlib import Path

from tests.edge_agent.office import Office
from tests.edge_agent.real_parts import Box

TREE = Path(__file__).parents[3]
UNIT = "loalang-agent.service"
RESTART_S = 0.3
KILLED_AFTER_S = 1.5


class Systemd:
    """Starts and stops one service, and starts it anew when it ends; `systemctl` reaches it."""

    def __init__(self, folder: Path, argv: list[str]) -> None:
        self._argv = argv
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._log = (folder / "service.log").open("ab")
        self.starts = 0
        self.calls: list[list[str]] = []
        address = folder / "systemd"
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                outer.obey(self.rfile.readline().decode().split())
                self.wfile.write(b"ok\n")

        self._server = socketserver.ThreadingUnixStreamServer(str(address), Handler)
        self._threads = [
            threading.Thread(target=self._server.serve_forever, args=(0.02,)),
            threading.Thread(target=self._supervise),
        ]
        self.path = folder / "bin"
        self.path.mkdir()
        program = self.path / "systemctl"
        program.write_text(
            f"#!{sys.executable}\nimport socket, sys\n"
            "link = socket.socket(socket.AF_UNIX)\n"
            f"link.connect({str(address)!r})\n"
            "link.sendall((' '.join(sys.argv[1:]) + '\\n').encode())\n"
            "sys.exit(not link.recv(10))\n"
        )
        program.chmod(0o755)
        self._closing = threading.Event()
        for thread in self._threads:
            thread.start()

    def obey(self, words: list[str]) -> None:
        self.calls.append(words)
        if words[0] == "start":
            self._wanted.set()
        elif words[0] == "stop":
            self._wanted.clear()
            with self._lock:
                process = self._process
                if process is not None:
                    process.terminate()
                    try:
                        process.wait(KILLED_AFTER_S)
                    except subprocess.TimeoutExpired:
                        process.kill()
                        process.wait()

    def _supervise(self) -> None:
        while not self._closing.wait(RESTART_S):
            with self._lock:
                ended = self._process is None or self._process.poll() is not None
                if ended and self._wanted.is_set():
                    self.starts += 1
                    self._process = subprocess.Popen(self._argv, stderr=self._log)

    def close(self) -> None:
        self._closing.set()
        self.obey(["stop", UNIT])
        self._server.shutdown()
        for thread in self._threads:
            thread.join()
        self._server.server_close()
        self._log.close()


class Machine:
    """The folder of a system in which a box is installed and runs."""

    def __init__(self, folder: Path, office: Office, port: int) -> None:
        self.root = folder / "system"
        self.home = self.root / "opt/loalang-agent"
        self.records = self.root / "var/lib/loalang-update"
        self.office = office
        (folder / "box").mkdir()
        self.box = Box(office, folder / "box", port, update={"folder": str(self.records)})
        argv = [str(self.home / "current/bin/loalang-agent"), "run", "--config"]
        self.systemd = Systemd(folder, [*argv, str(self.box.config)])

    def lay(self, version: str, *changes: tuple[str, str, str]) -> None:
        """Put a version there: this tree's, but for its number and `changes` (file, old, new)."""
        place = self.home / "versions" / version
        shutil.copytree(TREE / "edge_agent", place / "lib/edge_agent")
        number = ("version.py", 'VERSION = "', f'VERSION = "{version}"  # ')
        for name, old, new in (number, *changes):
            file = place / "lib/edge_agent" / name
            text = file.read_text()
            assert old in text
            file.write_text(text.replace(old, new, 1))
        shutil.copytree(TREE / "deploy/agent", place / "deploy")
        program = place / "bin/loalang-agent"
        program.parent.mkdir()
        program.write_text(
            f"#!/bin/sh\nexport PYTHONPATH={place}/lib\n"
            f'exec {sys.executable} -P -m edge_agent "$@"\n'
        )
        program.chmod(0o755)

    def begin(self, version: str) -> None:
        """Let that version run as the one that is trusted."""
        for link in ("current", "trusted"):
            (self.home / link).symlink_to(f"versions/{version}")
        self.systemd.obey(["start", UNIT])

    def running(self) -> str:
        return (self.home / "current").readlink().name

    def trusted(self) -> str:
        return (self.home / "trusted").readlink().name

    def update(
        self, *words: str, within: int = 12, steady: int = 2
    ) -> "subprocess.CompletedProcess[str]":
        """Run the updater of the trusted version, as systemd does."""
        program = str(self.home / "trusted/bin/loalang-agent")
        argv = [program, "update", "--config", str(self.box.config), "--root", str(self.root)]
        return subprocess.run(
            [*argv, "--within", str(within), "--steady", str(steady), *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
            env=os.environ | {"PATH": f"{self.systemd.path}:{os.environ['PATH']}"},
        )

    def close(self) -> None:
        self.systemd.close()
        self.box.close()
