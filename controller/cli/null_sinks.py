"""Where a machine has no sound card: PulseAudio sinks that only listen, one a village.

What mpv sends to a village's sink is recorded, and what was one cue is cut out of it.
"""

import array
import asyncio
import contextlib
import os
import shutil
import wave
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from controller.mqtt import child

RATE = 48_000
SAMPLE_BYTES = 2
READY_WITHIN_S = 10.0


def available() -> bool:
    """Are PulseAudio and its recorder installed."""
    return all(shutil.which(p) for p in ("pulseaudio", "parec"))


class NullSinks:
    """A private PulseAudio with one sink a village; `env` is what players need to find it."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder = folder
        self._names = tuple(names)
        self._socket = folder / "native"
        self.env = {"PULSE_SERVER": f"unix:{self._socket}"}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the sinks and record each, until the block ends."""
        self._folder.mkdir(parents=True, mode=0o700)
        home = {k: str(self._folder) for k in ("XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "HOME")}
        async with contextlib.AsyncExitStack() as stack:
            server = await child.start(
                self._server(), output=asyncio.subprocess.DEVNULL, env={**os.environ, **home}
            )
            stack.push_async_callback(child.stop, server)
            async with asyncio.timeout(READY_WITHIN_S):
                while not self._socket.exists():
                    await asyncio.sleep(0.02)
            for name in self._names:
                recorder = await child.start(
                    self._recorder(name),
                    output=asyncio.subprocess.DEVNULL,
                    env={**os.environ, **self.env},
                )
                stack.push_async_callback(child.stop, recorder)
            yield

    def cut_out(self, name: str, duration_ms: int, out: Path) -> Path | None:
        """Write what was heard in one village, from the first sound on, as a 16-bit mono WAV."""
        heard = array.array("h")
        raw = self._raw(name).read_bytes()
        heard.frombytes(raw[: len(raw) // SAMPLE_BYTES * SAMPLE_BYTES])
        first = next((i for i, sample in enumerate(heard) if sample), None)
        if first is None:
            return None
        with wave.open(str(out), "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(SAMPLE_BYTES)
            wav.setframerate(RATE)
            wav.writeframes(heard[first : first + duration_ms * RATE // 1000].tobytes())
        return out

    def _raw(self, name: str) -> Path:
        return self._folder / f"{name}.raw"

    def _server(self) -> list[str]:
        sinks = [
            f"module-null-sink sink_name={name} rate={RATE} channels=1 format=s16le"
            for name in self._names
        ]
        door = f"module-native-protocol-unix auth-anonymous=1 socket={self._socket}"
        quiet = ["--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disable-shm=yes"]
        return ["pulseaudio", "-n", *quiet, *(a for m in [*sinks, door] for a in ("-L", m))]

    def _recorder(self, name: str) -> list[str]:
        form = ["--raw", "--format=s16le", f"--rate={RATE}", "--channels=1", "--latency-msec=20"]
        return ["parec", "-d", f"{name}.monitor", *form, str(self._raw(name))]
