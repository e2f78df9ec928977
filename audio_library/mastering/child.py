"""`python -m audio_library.mastering.child`: works on sound; hostile audio dies in here.

JSON on stdin: `task` (opus, mp3, peaks, figure, joined), memory_bytes, cpu_seconds, and what the
task needs.
JSON on stdout: its result, or error and reason.
"""

import errno
import json
import resource
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from audio_library.cart import Figure
from audio_library.errors import AudioUnreadable, MasteringFailed, SilentAudio, StoreFull
from audio_library.mastering.aim import Aim
from audio_library.mastering.preset import Preset
from audio_library.mastering.programme import understood
from audio_library.no_room import is_no_room
from audio_library.phrases.joining import Piece

Answer = dict[str, Any]


def main(request: dict[str, Any]) -> Answer:
    memory, seconds = request["memory_bytes"], request["cpu_seconds"]
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        return _TASKS[request["task"]](request)
    except (AudioUnreadable, SilentAudio, MasteringFailed) as error:
        return {"error": error.code, "reason": error.reason}
    except MemoryError:
        return {"error": AudioUnreadable.code, "reason": f"> {memory // 2**20} MiB"}
    except OSError as error:
        if error.errno == errno.ENOMEM:
            return {"error": AudioUnreadable.code, "reason": f"> {memory // 2**20} MiB"}
        kind = StoreFull if is_no_room(error) else MasteringFailed
        return {"error": kind.code, "reason": str(error)}


def _master(request: dict[str, Any]) -> Answer:
    # Under the limits already: the decoders come with it.
    from audio_library.mastering.master import master, master_mp3

    made = (master_mp3 if request["task"] == "mp3" else master)(
        tuple(understood(request["parts"])),
        Path(request["out"]),
        preset=Preset(request["preset"]),
        aim=Aim(**request["aim"]),
        folder=Path(request["folder"]),
    )
    return {**asdict(made), "path": str(made.path)}


def _peaks(request: dict[str, Any]) -> Answer:
    from audio_library.mastering.peaks import peaks

    return {**peaks(Path(request["source"]), request["points"])}


def _figure(request: dict[str, Any]) -> Answer:
    from audio_library.mastering.as_it_is import master_figure

    made = master_figure(Figure(request["figure"]), Path(request["out"]), Path(request["folder"]))
    return {**asdict(made), "path": str(made.path)}


def _joined(request: dict[str, Any]) -> Answer:
    from audio_library.mastering.as_it_is import master_joined

    pieces = [Piece(Path(path), pause_ms) for path, pause_ms in request["pieces"]]
    made = master_joined(pieces, Path(request["out"]), Path(request["folder"]))
    return {**asdict(made), "path": str(made.path)}


_TASKS: dict[str, Callable[[dict[str, Any]], Answer]] = {
    "opus": _master,
    "mp3": _master,
    "peaks": _peaks,
    "figure": _figure,
    "joined": _joined,
}


if __name__ == "__main__":
    json.dump(main(json.load(sys.stdin)), sys.stdout)
