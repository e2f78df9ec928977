"""Write the documents that are made from the code: `python docs/generate.py`.

A test makes them again and compares, so they cannot grow old.
"""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import msgspec

from audio_library import approval
from audio_library.recording import take
from controller.app import create_app
from controller.fleet import alert_life
from edge_agent.contract import (
    ack,
    alert,
    commands,
    desired,
    envelope,
    manifest,
    pairing,
    phrase_index,
    renewal,
    report,
    state,
)
from edge_agent.contract import trust as trust_types
from edge_agent.contract.topics import PREFIX
from edge_agent.contract.types import MAX_PAYLOAD_BYTES

HERE = Path(__file__).parent

# topic, who speaks, QoS, retained, signed as, payload, what it is
CHANNELS: tuple[tuple[str, str, int, bool, str | None, type[msgspec.Struct], str], ...] = (
    ("c/keys", "controller", 1, True, "keys", trust_types.KeySet, "Online keys and their grants"),
    ("c/state", "controller", 1, True, None, state.ControllerState, "Is a controller there"),
    (
        "d/{did}/dn/placement",
        "controller",
        1,
        True,
        "placement",
        trust_types.Placement,
        "Where a box stands since it was moved; signed by the root",
    ),
    ("d/{did}/dn/desired", "controller", 1, True, "desired", desired.Desired, "The whole plan"),
    ("d/{did}/dn/cmd", "controller", 1, False, "cmd", commands.Command, "Command to one box"),
    ("g/{scope}/dn/cmd", "controller", 1, False, "cmd", commands.Command, "Command to a group"),
    (
        "g/{scope}/dn/alert/{issuer}",
        "controller",
        1,
        True,
        "alert",
        alert.AlertList,
        "Full list of an issuer's active alerts",
    ),
    ("d/{did}/dn/ack", "controller", 0, False, "ack", ack.ReportAck, "Receipt for reports"),
    ("d/{did}/dn/time", "controller", 0, False, "time", state.TimeAnswer, "Authenticated time"),
    ("d/{did}/up/time", "box", 0, False, None, state.TimeRequest, "Asks for the time"),
    ("d/{did}/up/state", "box", 1, True, None, state.State, "Birth, and the last will"),
    ("d/{did}/up/hello", "box", 1, False, None, state.Hello, "What the box has and is"),
    ("d/{did}/up/ack", "box", 1, False, "step", commands.CommandAck, "One step of one command"),
    (
        "d/{did}/up/alert",
        "box",
        1,
        False,
        "alert_step",
        alert.AlertStep,
        "One step of one alert",
    ),
    ("d/{did}/up/here", "box", 1, False, "presence", state.Presence, "Which run speaks for it now"),
    ("d/{did}/up/report", "box", 1, False, "report", report.Report, "Playback events"),
    ("d/{did}/up/tele", "box", 0, False, None, state.Telemetry, "Heartbeat"),
    ("d/{did}/up/ready", "box", 1, False, "proof", state.Proof, "What it proves to hold"),
    ("d/{did}/up/diag", "box", 1, False, "diagnosis", state.Diagnosis, "Checks, and its last log"),
)
# Bodies that travel inside other messages or over HTTP, named so that readers find their shape.
INSIDE = (
    report.PlaybackEvent,
    commands.Play,
    commands.Stop,
    commands.Volume,
    manifest.DayPage,
    phrase_index.PhraseIndex,
    phrase_index.PhrasePage,
    alert.ClipPage,
    commands.Update,
    renewal.Renewal,
    pairing.Ask,
    pairing.Offer,
    pairing.Poll,
    pairing.Verdict,
)


def asyncapi() -> dict[str, Any]:
    """The wire between controller and box as AsyncAPI 3.0."""
    types = [*(c[5] for c in CHANNELS), *INSIDE]
    unique = list(dict.fromkeys(types))
    _, schemas = msgspec.json.schema_components(unique, ref_template="#/components/schemas/{name}")
    for schema in schemas.values():
        # From Python 3.13 on, docstrings come without their indentation.
        schema["description"] = inspect.cleandoc(schema.get("description", ""))
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for topic, speaker, qos, retained, signed, payload, what in CHANNELS:
        name = re.sub(r"\W+", "_", re.sub(r"\{\w+\}/", "", topic)).strip("_")
        reference = {"$ref": f"#/components/schemas/{payload.__name__}"}
        channels[name] = {
            "address": f"{PREFIX}/{topic}",
            "description": what,
            "parameters": {p: {} for p in re.findall(r"\{(\w+)\}", topic)},
            "messages": {
                payload.__name__: {
                    "contentType": "application/jose" if signed else "application/json",
                    "payload": reference,
                    "x-signed-as": signed,
                }
            },
            "bindings": {"mqtt": {"bindingVersion": "0.2.0"}},
        }
        operations[f"{speaker}_says_{name}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{name}"},
            "title": f"{speaker}: {what}",
            "bindings": {"mqtt": {"qos": qos, "retain": retained, "bindingVersion": "0.2.0"}},
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Loa Làng: controller and boxes",
            "version": "1",
            "description": (
                "MQTT 3.1.1. Messages with `x-signed-as` are JWS compact serializations "
                f"(RFC 7515) with {envelope.ALGORITHM} (RFC 8037); the header holds `kid` and "
                "`typ`, which must be the value of `x-signed-as`. Unknown fields are ignored; "
                f"payloads above {MAX_PAYLOAD_BYTES} bytes are dropped before they are verified."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"schemas": schemas},
    }


def openapi() -> dict[str, Any]:
    """The JSON API of the controller."""
    # The description needs no running parts.
    described: dict[str, Any] = create_app(None, "1").openapi()  # type: ignore[arg-type]
    return described


def written() -> dict[str, str]:
    """Every generated document by file name."""
    as_json = {"asyncapi.json": asyncapi(), "openapi.json": openapi()}
    documents = {
        name: json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        for name, content in as_json.items()
    }
    documents["approval.md"] = _life("a bulletin", "audio_library/approval.py", approval.diagram())
    documents["recording.md"] = _life(
        "a recording", "audio_library/recording/take.py", take.diagram()
    )
    documents["alert.md"] = _life(
        "an alert", "controller/fleet/alert_life.py", alert_life.diagram()
    )
    return documents


def _life(whose: str, table: str, diagram: str) -> str:
    return (
        f"# The life of {whose}\n\n"
        f"Drawn from the transition table in `{table}`.\n\n"
        f"```mermaid\n{diagram.strip()}\n```\n"
    )


def main() -> None:
    """Write them all."""
    for name, content in written().items():
        (HERE / name).write_text(content, "utf-8")


if __name__ == "__main__":
    main()
