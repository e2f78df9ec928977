"""A player without sound: a file is JSON {"duration_ms": n, "script": "…"}; it keeps the time.

A stream hangs up after the milliseconds that its address ends in, "0" cannot be opened.

Scripts: "" plays to the end; "truncated" ends half way with eof; "dies" leaves at half;
"unloadable" fails to load; "deaf" never starts. Every line it hears goes into the file
named by the first argument, with the wall time.
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

lock = threading.Lock()


def say(**event: object) -> None:
    with lock:
        print(json.dumps(event), flush=True)


class Play:
    def __init__(self, name: str, content: dict[str, Any]) -> None:
        self.name = name
        self.content = content
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=lambda: None)

    def start(self, at: float) -> None:
        self.thread = threading.Thread(target=self.run, args=(at,), daemon=True)
        self.thread.start()

    def run(self, at: float) -> None:
        script = self.content.get("script", "")
        if script == "deaf":
            return
        if self.stopped.wait(max(0.0, at - time.time())):
            say(event="ended", id=self.name, played_ms=0, reason="stopped")
            return
        say(event="started", id=self.name, at_unix=time.time())
        start = time.monotonic()
        whole = self.content["duration_ms"] / 1000
        end = start + (whole if script == "" else whole / 2)
        while (left := end - time.monotonic()) > 0:
            if self.stopped.wait(min(left, 0.2)):
                break
            say(event="position", id=self.name, ms=round((time.monotonic() - start) * 1000))
        if script == "dies" and not self.stopped.is_set():
            import os

            os._exit(3)
        reason = "stopped" if self.stopped.is_set() else "eof"
        played = round((time.monotonic() - start) * 1000)
        say(event="ended", id=self.name, played_ms=played, reason=reason)


def main() -> None:
    heard = Path(sys.argv[1])
    plays: dict[str, Play] = {}
    for line in sys.stdin:
        order = json.loads(line)
        with heard.open("a") as file:
            heard_at = {"at": time.time(), "mono": time.monotonic()}
            file.write(json.dumps({**heard_at, **order}) + "\n")
        name = order.get("id", "")
        match order["op"]:
            case "load":
                play = plays[name] = Play(name, json.loads(Path(order["path"]).read_text()))
                if play.content.get("script") == "unloadable":
                    say(event="error", id=name, error="cannot decode")
                else:
                    say(event="ready", id=name, duration_ms=play.content["duration_ms"])
            case "tune":
                lasts_ms = int(order["url"].rpartition("/")[2])
                plays[name] = Play(name, {"duration_ms": lasts_ms})
                if lasts_ms:
                    say(event="ready", id=name, duration_ms=0)
                else:
                    say(event="error", id=name, error="HTTP 404")
            case "play":
                plays[name].start(order["at_unix"])
            case "stop":
                if plays[name].thread.is_alive():
                    plays[name].stopped.set()
                else:
                    say(event="ended", id=name, played_ms=0, reason="stopped")
            case "quit":
                return


main()
