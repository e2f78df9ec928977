"""`python -m audio_library.mastering.child`: masters one file; hostile audio dies in here.

JSON on stdin: source, media_type, sample_rate, out, chime, memory_bytes, cpu_seconds.
JSON on stdout: the fields of Mastered, or error and reason.
"""

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from audio_library.errors import AudioUnreadable, MasteringFailed, SilentAudio, StoreFull
from audio_library.no_room import is_no_room
from audio_library.speech.engine import Speech


def main(request: dict[str, Any]) -> dict[str, Any]:
    memory, seconds = request["memory_bytes"], request["cpu_seconds"]
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    speech = Speech(Path(request["source"]), request["media_type"], request["sample_rate"])
    try:
        # Under the limits already: the decoders come with it.
        from audio_library.mastering.master import master

        mastered = master(speech, Path(request["out"]), chime=request["chime"])
    except (AudioUnreadable, SilentAudio, MasteringFailed) as error:
        return {"error": error.code, "reason": error.reason}
    except MemoryError:
        return {"error": AudioUnreadable.code, "reason": f"> {memory // 2**20} MiB"}
    except OSError as error:
        kind = StoreFull if is_no_room(error) else MasteringFailed
        return {"error": kind.code, "reason": str(error)}
    return {**asdict(mastered), "path": str(mastered.path)}


if __name__ == "__main__":
    json.dump(main(json.load(sys.stdin)), sys.stdout)
