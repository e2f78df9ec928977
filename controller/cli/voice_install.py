"""`loalang voices install`: shows what comes, from where and under which licence."""

import sys

from audio_library.speech.catalogue import PUBLISHER
from audio_library.speech.install import Consent, entry_named, install
from controller.settings import Settings


def install_voice(name: str, consent: Consent, settings: Settings) -> None:
    """Download a voice of the catalogue into the folder of voices, with progress on stderr."""
    entry = entry_named(name)
    publisher = settings.voices_url or PUBLISHER
    folder = settings.voices_folder()
    print(f"{entry.name}: {entry.megabytes} MB, {publisher}/{entry.folder}")
    print(f"  giấy phép / licence: {entry.licence}")
    print(f"  hãy đọc / read: {publisher}/{entry.folder}/MODEL_CARD")
    print(f"  SHA-256: {entry.sha256 or 'chưa ai xác nhận / nobody has verified it'}")
    shown = Progress()
    made = install(entry, folder, consent, told=shown.told, publisher=publisher)
    shown.end()
    done = "đã cài / installed" if made.fresh else "đã có từ trước / was here before"
    print(f"{made.path}: {made.bytes} byte, SHA-256 {made.sha256}, {done}")


class Progress:
    """One line on stderr, rewritten at each whole percent."""

    def __init__(self) -> None:
        self._last = -1

    def told(self, done: int, total: int | None) -> None:
        """Take the bytes so far."""
        step = done * 100 // total if total else done // 10**6
        if step == self._last:
            return
        self._last = step
        share = f"{step} %" if total else f"{step} MB"
        print(f"\r  {share}  ", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Go to the next line, if there was any progress."""
        if self._last >= 0:
            print(file=sys.stderr)
