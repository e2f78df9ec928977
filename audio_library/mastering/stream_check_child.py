"""`python -m audio_library.mastering.stream_check_child`: listens to one stream.

JSON on stdin: url, proved, listen_s, patience_s, memory_bytes, cpu_seconds.
JSON on stdout: the fields of Heard, or dead: why nothing is heard.
"""

import json
import resource
import sys
from typing import Any


def main(request: dict[str, Any]) -> dict[str, Any]:
    memory, seconds = request.pop("memory_bytes"), request.pop("cpu_seconds")
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    # Under the limits already: the decoders come with it.
    from audio_library.mastering.stream_listening import Dead, listen

    try:
        return listen(**request)
    except Dead as dead:
        return {"dead": dead.why}
    except MemoryError:
        return {"dead": f"> {memory // 2**20} MiB"}


if __name__ == "__main__":
    json.dump(main(json.load(sys.stdin)), sys.stdout)
