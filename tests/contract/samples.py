"""One message of every type, as it stands in `golden/`."""

import msgspec

from edge_agent.contract.ack import ReportAck
from edge_agent.contract.alert import Alert, AlertList, Severity, Spoken
from edge_agent.contract.commands import AckStatus, Command, CommandAck, Play, Stop, Volume
from edge_agent.contract.desired import Desired, QuietHours, ReportPolicy, VolumeStep
from edge_agent.contract.manifest import (
    Asset,
    Cue,
    DayPage,
    Enter,
    Leave,
    Manifest,
    PageRef,
    Rank,
    Stream,
)
from edge_agent.contract.phrase_index import PhraseIndex, PhrasePage, to_digest
from edge_agent.contract.report import EventKind, PlaybackEvent, Report
from edge_agent.contract.state import (
    CacheState,
    Clock,
    ClockSource,
    ControllerState,
    HeldAlerts,
    Hello,
    OnAir,
    Proof,
    SpoolRange,
    State,
    Telemetry,
    TimeAnswer,
    TimeRequest,
)
from edge_agent.contract.trust import Grant, KeySet, Kind, Placement, PublishedKey
from edge_agent.contract.types import encode

DID = "abcdef123456"
NOW = 1_795_000_000_000
SHA = "a" * 64
ASSET = Asset(SHA, 1_750_000, 600_000)
CUE = Cue(
    id="c-0001",
    asset=ASSET,
    start=NOW,
    latest_start=NOW + 60_000,
    latest_end=NOW + 900_000,
    valid_until=NOW + 7 * 86_400_000,
    rank=Rank.PROGRAMME,
    enter=Enter.CUT,
    leave=Leave.RESTART,
    gain_db=-3.5,
    title="Lịch tiêm chủng xã Đăk Hà",
    language="vi",
)
RELAYED = msgspec.structs.replace(
    CUE,
    id="c-0002",
    rank=Rank.RELAY,
    leave=Leave.RESUME,
    title="Tiếp sóng Đài Tiếng nói Việt Nam",
    play_ms=1_800_000,
    stream=Stream("http://dai.example/vov1", "chủ tịch xã cho phép"),
    fallback=Asset("b" * 64, 1_000_000, 300_000),
)
PLAY = Play(
    asset=ASSET,
    rank=Rank.PRIORITY,
    enter=Enter.CUT,
    leave=Leave.DROP,
    gain_db=0.0,
    max_play_ms=600_000,
    title="Thông báo gấp",
    language="sed",
    quiet_ok="lãnh đạo xã cho phép",
)
EVENT = PlaybackEvent(
    seq=7,
    kind=EventKind.STARTED,
    play="p-0001",
    cue="c-0001",
    asset_sha256=SHA,
    wall=NOW + 3,
    mono=123_456,
    boot=4,
    clock=Clock(ClockSource.NTP),
    planned=NOW,
    duration_ms=600_000,
    rank=Rank.PROGRAMME,
    rules=1,
    desired=42,
    gain_db=-3.5,
    title="Lịch tiêm chủng xã Đăk Hà",
    language="vi",
)
SAMPLES: dict[str, msgspec.Struct] = {
    "keys": KeySet(
        3,
        (
            PublishedKey(
                "k1",
                "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg",
                NOW + 400 * 86_400_000,
                (Grant(Kind.DESIRED, ("tinh-51",)), Grant(Kind.COMMAND, ("tinh-51",))),
            ),
        ),
        ("k0",),
    ),
    "placement": Placement(DID, ("xa-dak-ha", "tinh-51"), 1),
    "desired": Desired(
        did=DID,
        serial=42,
        issued=NOW,
        manifest=Manifest(SHA, NOW, NOW + 86_400_000, (PageRef("2026-11-18", SHA, 2_048),)),
        withdrawn=("b" * 64,),
        sources=("https://dai.example/media",),
        scopes=("xa-dak-ha",),
        volume=(VolumeStep("05:00", -6.0),),
        quiet_hours=QuietHours("21:00", "05:00", "Asia/Ho_Chi_Minh"),
        report=ReportPolicy(60),
    ),
    "day_page": DayPage("2026-11-18", "Asia/Ho_Chi_Minh", (CUE, RELAYED)),
    "command": Command("cmd-1", "play", DID, NOW, NOW + 60_000, msgspec.Raw(encode(PLAY))),
    "play": PLAY,
    "stop": Stop("c-0001"),
    "volume": Volume(-6.0),
    "command_ack": CommandAck("cmd-1", AckStatus.REFUSED, NOW, "unsupported"),
    "alerts": AlertList(
        "province",
        "xa-dak-ha",
        5,
        NOW,
        (
            Alert(
                id="lu-quet-1",
                version=2,
                severity=Severity.EXTREME,
                areas=("xa-dak-ha",),
                issued=NOW,
                expires=NOW + 3_600_000,
                max_play_s=1_200,
                spoken=(Spoken("vi", (ASSET,)), Spoken("sed", (ASSET,))),
                repeat_s=300,
                supersedes=("lu-quet-0",),
            ),
        ),
    ),
    "phrase_index": PhraseIndex(NOW, {"vi": to_digest(SHA), "bdq": to_digest("b" * 64)}),
    "phrase_page": PhrasePage("vi", {"hazard.flash_flood": Asset(SHA, 4_200, 1_100)}),
    "state": State(4, 9, True),
    "controller_state": ControllerState(True, 2),
    "hello": Hello(
        boot=4,
        conn=9,
        agent="0.1.0",
        rules=1,
        capabilities=("play", "stop"),
        desired=42,
        keys=3,
        cache=CacheState(12, 0, SHA),
        spool=SpoolRange("5d1f", 8, 7),
        clock=Clock(ClockSource.CONTROLLER, -1_200),
        losses=("spool.sqlite damaged",),
        alerts=(HeldAlerts("province", "xa-dak-ha", 5),),
    ),
    "telemetry": Telemetry(
        boot=4,
        at=NOW,
        desired=42,
        lacking=1,
        bytes_wanted=2_000,
        bytes_held=1_000,
        on_air=OnAir("p-0001", "c-0001", 1_000, 600_000),
        temperature_c=51.5,
        under_voltage=False,
        disk_free_bytes=10_000_000,
    ),
    "proof": Proof(4, NOW, 42, NOW + 4_500_000, (SHA,), ("b" * 64,)),
    "time_request": TimeRequest("n-1"),
    "time_answer": TimeAnswer("n-1", NOW),
    "event": EVENT,
    "report": Report("5d1f", (msgspec.Raw(encode(EVENT)),)),
    "report_ack": ReportAck("5d1f", 7),
}
