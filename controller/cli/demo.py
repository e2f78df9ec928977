"""The whole way on one machine: a controller, a broker, villages with loudspeakers."""

import asyncio
import contextlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from audio_library.script import check_text
from audio_library.writing.unicode import shortened
from controller.app import create_app
from controller.cli import null_sinks
from controller.cli.api_client import Api
from controller.cli.null_sinks import NullSinks
from controller.cli.village_boxes import Loudspeaker, VillageBox, set_up_box, start_box
from controller.errors import ControllerError
from controller.mqtt import child
from controller.operations.find_village import find_village
from controller.operations.load_sample import AT_ANY_HOUR, SampleVillage, load_sample
from controller.operations.sign_in import enrol_first_account
from controller.server import listen, serving, stop_on_signals
from controller.settings import Settings
from controller.storage.database import Database
from controller.version import VERSION
from controller.wiring import Controller, utc_now

NOT_HELD = 2
INTERRUPTED = 130
LARGEST_FILE_BYTES = 1_000_000
HOLD_WITHIN_S = 60.0
SPEECH_WITHIN_S = 300.0
AFTER_END_S = 45.0
LOOK_EVERY_S = 0.2

SAMPLE_BULLETIN = (
    "Thông báo tiêm chủng: 7h30 ngày 15/8/2026, Trạm Y tế xã Đăk Hà tiêm vắc xin sởi cho trẻ "
    "từ 9 tháng đến 5 tuổi. Bà con nhớ mang theo sổ tiêm. Điện thoại: 02603.866.127."
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs while the demonstration runs."""

    api: Api
    boxes: Sequence[VillageBox]
    url: str
    wav_folder: Path
    sinks: NullSinks | None

    def wav_of(self, box: VillageBox, play: str, duration_ms: int) -> Path | None:
        """The sound of one play as a WAV file, where it was recorded."""
        wav = self.wav_folder / box.village.village_id / f"{play}.wav"
        if self.sinks is not None:
            return self.sinks.cut_out(box.village.village_id, duration_ms, wav)
        return wav if wav.exists() else None


class NotHeld(Exception):
    """Not every village held the audio in time."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What `loalang demo` was asked for."""

    once: bool
    bulletin: Path | None
    villages: int
    chosen: tuple[str, ...]
    delay_s: float
    player: str
    json_file: Path | None
    port: int


def demo(options: DemoOptions) -> int:
    """Run the demonstration; gives the exit code."""
    text = check_text(_read(options.bulletin) if options.bulletin else SAMPLE_BULLETIN)
    if options.json_file:
        options.json_file.write_text("[]\n", "utf-8")
    if options.player == "mpv" and shutil.which("mpv") is None:
        raise ControllerError(
            "mpv_missing",
            "Chưa cài mpv. Hãy chạy “make parts”, hoặc bỏ --player mpv. Chưa chạy gì.",
            "mpv is not installed. Run “make parts”, or leave out --player mpv. Nothing was run.",
        )
    folder = Path(tempfile.mkdtemp(prefix="loalang-demo-"))
    try:
        import uvloop

        return uvloop.run(_demo(options, text, folder))
    finally:
        _keep_only_sound(folder)


def _read(path: Path) -> bytes:
    """A bulletin file, and not more of it than says that it is too long."""
    with path.open("rb") as file:
        return file.read(LARGEST_FILE_BYTES)


def say(line: str) -> None:
    """Tell the person what goes on."""
    print(line, file=sys.stderr, flush=True)


async def _demo(options: DemoOptions, text: str, folder: Path) -> int:
    stopping = stop_on_signals(at_once=partial(_keep_only_sound, folder))
    say("Loa Làng · bản trình diễn / demonstration")
    async with _running(options, folder) as stage:
        airing = asyncio.create_task(_run_once(options, stage, text))
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait({airing, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not airing.done():
            airing.cancel()
            say("Đã dừng theo yêu cầu / stopped as asked")
            return INTERRUPTED
        code = airing.result()
        if not options.once:
            say(f"Trang làm việc vẫn mở / the page stays open:  {stage.url}")
            say("  Ctrl-C để dừng / to stop")
            await stop
        stop.cancel()
        return code


@contextlib.asynccontextmanager
async def _running(options: DemoOptions, folder: Path) -> AsyncIterator[Stage]:
    sock = listen("127.0.0.1", options.port)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    settings = Settings(data_dir=folder / "controller", allow_trial_broker=True)
    async with contextlib.AsyncExitStack() as stack:
        controller = Controller(settings, url)
        stack.push_async_callback(controller.stop)
        villages = load_sample(controller.database, options.villages, law=AT_ANY_HOUR)
        villages = _choose(controller.database, villages, options.chosen)
        made = enrol_first_account(controller.database, utc_now())
        assert made is not None
        await controller.start()
        assert controller.broker is not None
        if controller.broker.kind == "amqtt":
            say("  Không có mosquitto: dùng amqtt, chỉ để thử trên máy này")
            say(
                "  mosquitto is not installed: amqtt stands in, for trying out on this machine only"
            )
        say(f"  Máy chủ {url} · MQTT {controller.broker.kind} cổng/port {controller.broker.port}")
        await stack.enter_async_context(serving(create_app(controller.services, VERSION), sock))
        stack.callback(controller.services.closing.set)
        if not options.once:
            say(f"  Mở trang này / open this page:  {url}")
            say(f"  Tên đăng nhập / user: {made[0]}    mật khẩu / password: {made[1]}")
        api = Api(url)
        await asyncio.to_thread(api.sign_in, *made)
        sinks = await _sinks(options.player, villages, folder, stack)
        boxes = await _start_boxes(api, villages, folder, options.player, sinks, stack)
        yield Stage(api, boxes, url, folder / "wav", sinks)


def _choose(
    database: Database, sample: tuple[SampleVillage, ...], asked: Sequence[str]
) -> tuple[SampleVillage, ...]:
    """The villages that were asked for, or all; raises `UnknownVillage` with candidates."""
    if not asked:
        return sample
    with database.read() as session:
        wanted = {find_village(session, name).id for name in asked}
    return tuple(v for v in sample if v.village_id in wanted)


async def _sinks(
    player: str, villages: Sequence[SampleVillage], folder: Path, stack: contextlib.AsyncExitStack
) -> NullSinks | None:
    """For mpv: sinks that record, where PulseAudio is installed."""
    if player != "mpv":
        return None
    if not null_sinks.available():
        say("  Không có PulseAudio: mpv phát vào hư không, không có tệp WAV")
        say("  PulseAudio is not installed: mpv plays to nowhere, there will be no WAV files")
        return None
    sinks = NullSinks(folder / "sinks", [v.village_id for v in villages])
    await stack.enter_async_context(sinks.running())
    return sinks


async def _start_boxes(
    api: Api,
    villages: Sequence[SampleVillage],
    folder: Path,
    player: str,
    sinks: NullSinks | None,
    stack: contextlib.AsyncExitStack,
) -> list[VillageBox]:
    places = {v: folder / "boxes" / v.village_id for v in villages}
    speakers = {v: _loudspeaker(player, sinks, v, folder / "wav") for v in villages}
    dids = await asyncio.gather(*(set_up_box(api, v, places[v], speakers[v]) for v in villages))
    boxes = []
    for village, did in zip(villages, dids, strict=True):
        box = await start_box(did, village, places[village], sinks.env if sinks else {})
        stack.push_async_callback(child.stop, box.process)
        boxes.append(box)
    say(f"  {len(boxes)} làng / villages: " + "; ".join(v.path for v in villages))
    return boxes


def _loudspeaker(
    player: str, sinks: NullSinks | None, village: SampleVillage, wav_folder: Path
) -> Loudspeaker:
    wav_dir = wav_folder / village.village_id
    wav_dir.mkdir(parents=True, mode=0o700)
    if player == "mpv" and sinks is not None:
        device = f"pulse/{village.village_id}"
        return Loudspeaker("mpv", audio_output="pulse", audio_device=device)
    if player == "mpv":
        return Loudspeaker("mpv", audio_output="null")
    virtual = "audio_library.mastering.virtual_loudspeaker"
    return Loudspeaker("command", (sys.executable, "-m", virtual, "--wav-dir", str(wav_dir)))


async def _run_once(options: DemoOptions, stage: Stage, text: str) -> int:
    api, boxes = stage.api, stage.boxes
    villages = [b.village.village_id for b in boxes]
    bulletin = await asyncio.to_thread(api.post, "/bulletins", {"scripts": {"vi": text}})
    say(f"Bản tin / bulletin: {bulletin['title']}")
    say(f"  loa sẽ đọc / will be read: {shortened(bulletin['scripts'][0]['spoken'], 300)}")
    seen = {"version": bulletin["version"]}
    await asyncio.to_thread(api.post, f"/bulletins/{bulletin['id']}/approve", seen)
    asset = await _wait_for_speech(api, bulletin["id"])
    say(
        f"  tiếng nói / speech: {asset['duration_ms'] / 1000:.1f} s, {asset['lufs']:.1f} LUFS, "
        f"{asset['sha256'][:12]}…"
    )
    try:
        await _wait_until_held(api, bulletin["id"], villages)
    except NotHeld as e:
        say(f"Sau 60 giây vẫn có làng chưa có tiếng / no audio yet after 60 s: {e}")
        _write(options, [_result(stage, box, None, None) for box in boxes])
        return NOT_HELD
    planned = await _plan(api, bulletin["id"], villages, utc_now() + _whole(options.delay_s))
    say(f"Phát lúc / airs at {planned:%H:%M:%S} UTC")
    patience = (planned - utc_now()).total_seconds() + asset["duration_ms"] / 1000 + AFTER_END_S
    rows = await _wait_for_as_run(api, boxes, planned, patience)
    _show(boxes, rows)
    found = [_result(stage, box, rows.get(box.did), planned) for box in boxes]
    _write(options, found)
    return 0 if all(f["outcome"] == "played" for f in found) else 1


async def _wait_for_speech(api: Api, bulletin_id: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        shown = await asyncio.to_thread(api.get, f"/bulletins/{bulletin_id}")
        audio: dict[str, Any] = shown["scripts"][0]["audio"]
        if audio["state"] == "failed":
            raise ControllerError("speech_failed", audio["vi"], audio["en"])
        return audio if audio["state"] == "ready" else None

    found: dict[str, Any] | None = await _until(look, SPEECH_WITHIN_S)
    if found is None:
        raise ControllerError(
            "speech_late", "Chưa tạo xong tiếng nói.", "The speech is not ready yet."
        )
    return found


async def _wait_until_held(api: Api, bulletin_id: str, villages: Sequence[str]) -> None:
    """Have every box fetch the audio under a plan for tomorrow, which is then taken back."""
    tomorrow = utc_now() + timedelta(days=1)
    provisional = await _post_programme(api, bulletin_id, villages, tomorrow)
    shown: dict[str, str] = {}

    async def look() -> bool | None:
        every = await asyncio.to_thread(api.get, "/clusters")
        clusters = [c for c in every if c["village_id"] in villages]
        for c in clusters:
            now = (
                "có tiếng / holds the audio"
                if c["status"] == "san" and c["next"]
                else f"{c['status']} · {c['bytes_held']}/{c['bytes_wanted']} B"
            )
            if shown.get(c["cluster"]) != now:
                shown[c["cluster"]] = now
                say(f"  {c['commune']}/{c['village']}: {now}")
        ready = all(c["status"] == "san" and c["next"] for c in clusters)
        return True if ready else None

    held = await _until(look, HOLD_WITHIN_S)
    await asyncio.to_thread(api.delete, f"/programmes/{provisional}")
    if held is None:
        raise NotHeld("; ".join(f"{k}: {v}" for k, v in shown.items() if "holds" not in v))


async def _plan(api: Api, bulletin_id: str, villages: Sequence[str], at: datetime) -> datetime:
    start = at.replace(microsecond=0)
    await _post_programme(api, bulletin_id, villages, start)
    return start


async def _post_programme(api: Api, bulletin_id: str, villages: Sequence[str], at: datetime) -> str:
    local = at.astimezone(ZoneInfo("Asia/Ho_Chi_Minh"))
    kept = await asyncio.to_thread(
        api.post,
        "/programmes",
        {
            "bulletins": [bulletin_id],
            "villages": list(villages),
            "start_date": local.date().isoformat(),
            "wall_time": local.time().replace(microsecond=0).isoformat(),
        },
    )
    programme: str = kept["id"]
    return programme


async def _wait_for_as_run(
    api: Api, boxes: Sequence[VillageBox], planned: datetime, patience_s: float
) -> dict[str, dict[str, Any]]:
    """As-run rows of this start by device; may lack some when patience ends."""
    rows: dict[str, dict[str, Any]] = {}
    shown: dict[str, str] = {}
    names = {b.did: b.village.path for b in boxes}

    async def look() -> bool | None:
        for row in await asyncio.to_thread(api.get, "/as-run"):
            if datetime.fromisoformat(row["planned_at"]) == planned:
                rows[row["device"]] = row
        for did, row in rows.items():
            if shown.get(did) != row["outcome"]:
                shown[did] = row["outcome"]
                word = "đang phát / on air" if row["outcome"] == "unknown" else row["outcome"]
                say(f"  {names.get(did, did)}: {word}")
        done = [d for d, r in rows.items() if r["outcome"] != "unknown"]
        return True if len(done) == len(boxes) else None

    await _until(look, patience_s)
    return rows


async def _until(look: Callable[[], Any], within_s: float) -> Any:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        found = await look()
        if found is not None:
            return found
        await asyncio.sleep(LOOK_EVERY_S)
    return None


def _write(options: DemoOptions, found: list[dict[str, Any]]) -> None:
    if options.json_file:
        text = json.dumps(found, ensure_ascii=False, indent=2)
        options.json_file.write_text(text + "\n", "utf-8")


def _result(
    stage: Stage, box: VillageBox, row: dict[str, Any] | None, planned: datetime | None
) -> dict[str, Any]:
    row = row or {}
    wav = stage.wav_of(box, row["play"], row["duration_ms"]) if row else None
    return {
        "device": box.did,
        "cue": row.get("cue"),
        "planned_start": row.get("planned_at") or (planned.isoformat() if planned else None),
        "started_at": row.get("started_at"),
        "ended_at": row.get("ended_at"),
        "start_error_ms": row.get("start_error_ms"),
        "outcome": row.get("outcome", "unknown"),
        "asset_sha256": row.get("asset_sha256"),
        "wav": str(wav) if wav else None,
    }


def _show(boxes: Sequence[VillageBox], rows: dict[str, dict[str, Any]]) -> None:
    head = ("làng / village", "bắt đầu / started", "lệch / error", "kết quả / outcome", "đã phát")
    table = [head]
    for box in boxes:
        row = rows.get(box.did)
        if row is None:
            table.append((box.village.path, "—", "—", "unknown", "—"))
            continue
        error = row["start_error_ms"]
        table.append(
            (
                box.village.path,
                (row["started_at"] or "—")[11:23],
                "—" if error is None else f"{error:+d} ms",
                row["outcome"] + (f" ({row['reason']})" if row["reason"] else ""),
                f"{row['played_ms'] / 1000:.2f}/{row['duration_ms'] / 1000:.2f} s",
            )
        )
    widths = [max(len(line[i]) for line in table) for i in range(len(head))]
    for line in table:
        print("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip())


def _whole(delay_s: float) -> timedelta:
    """The delay, rounded up so that the start is a whole second and never earlier than asked."""
    return timedelta(seconds=delay_s + 0.999)


def _keep_only_sound(folder: Path) -> None:
    """Remove keys, database and logs; what was heard stays for those who want to listen."""
    wavs = list(folder.glob("wav/*/*.wav"))
    for part in folder.iterdir():
        if part.name != "wav" or not wavs:
            shutil.rmtree(part, ignore_errors=True)
    if wavs:
        say(f"Tiếng đã phát / what was played: {folder / 'wav'}")
    else:
        folder.rmdir()
