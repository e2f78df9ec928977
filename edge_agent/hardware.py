"""Which machine this is: its own serial number, so that a copied card is noticed elsewhere."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from edge_agent.health import SYS

_SERIALS = (
    "firmware/devicetree/base/serial-number",
    "class/dmi/id/product_uuid",
    "class/dmi/id/board_serial",
)
_MODELS = ("firmware/devicetree/base/model", "class/dmi/id/product_name")
_SAY_NOTHING = frozenset({"default string", "none", "not specified", "to be filled by o.e.m."})
MODEL_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class Presenter:
    """Who speaks for the box: this run of the agent, random, and the machine, hashed or ""."""

    run: str
    hardware: str


def this_run(sys: Path = SYS) -> Presenter:
    """A new run of the agent on this machine."""
    return Presenter(os.urandom(8).hex(), read_hardware(sys))


def read_hardware(sys: Path = SYS) -> str:
    """SHA-256 of the machine's serial number; "" where it has none, or none that we may read."""
    for name in _SERIALS:
        serial = _read(sys / name).lower()
        if len(set(serial) - {"-", " "}) > 1 and serial not in _SAY_NOTHING:
            return hashlib.sha256(f"loalang-hardware/{serial}".encode()).hexdigest()
    return ""


def read_model(sys: Path = SYS) -> str:
    """What kind of machine it is, in its maker's words; "" where it does not say."""
    found = (_read(sys / name) for name in _MODELS)
    return next((model[:MODEL_CHARACTERS] for model in found if model), "")


def _read(file: Path) -> str:
    try:
        text = file.read_text("utf-8", errors="replace")
    except OSError:
        return ""
    return "".join(letter for letter in text if letter.isprintable()).strip()
