"""`python -m audio_library.mastering.sound_check_child`: checks one brought file.

JSON on stdin: source, into, whole, memory_bytes, cpu_seconds.
JSON on stdout: the fields of Measured, or error: the code of an error and what it is made of.
"""

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from audio_library.errors import AudioUnreadable, StoreFull
from audio_library.no_room import is_no_room
from audio_library.recording.errors import NotARecording, RecordingCutOff, RecordingTooLong


def main(request: dict[str, Any]) -> dict[str, Any]:
    memory, seconds = request["memory_bytes"], request["cpu_seconds"]
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        # Under the limits already: the decoders come with it.
        from audio_library.mastering.sound_check import check_sound

        source, into = Path(request["source"]), Path(request["into"])
        return asdict(check_sound(source, into, whole=request["whole"]))
    except AudioUnreadable as error:
        return {"error": [error.code, error.reason]}
    except (NotARecording, RecordingTooLong, RecordingCutOff) as error:
        return {"error": [error.code, *error.given]}
    except MemoryError:
        return {"error": [AudioUnreadable.code, f"> {memory // 2**20} MiB"]}
    except OSError as error:
        if is_no_room(error):
            return {"error": [StoreFull.code]}
        return {"error": [AudioUnreadable.code, str(error)[:120]]}


if __name__ == "__main__":
    json.dump(main(json.load(sys.stdin)), sys.stdout)
