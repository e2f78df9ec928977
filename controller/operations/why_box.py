"""What a box will do with cues that are planned for it: what it holds, and how it decides."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from controller.fleet.box_policy import Maintenance
from controller.fleet.box_replay import MAINTENANCE, Faults, Heard, Sent, Span, replay_box
from controller.fleet.box_words import OUTCOMES, because
from controller.operations.box_policy import known_sound, policy_of
from controller.operations.reasons import Reason, Verdict
from controller.storage import places, tables
from controller.storage.instants import to_ms, to_utc
from controller.storage.schedule_tables import ReadinessProof
from edge_agent.contract.alert import Alert
from edge_agent.contract.manifest import Cue
from edge_agent.decide import RULES, Policy
from schedules.as_run import Outcome

BEFORE_MS, AFTER_MS = 3_600_000, 600_000
"""How much before the first and after the last cue the box is followed."""

SWITCHED_OFF = ("kill_switch", "maintenance")
_NEVER_MS = 4_102_444_800_000
_ALWAYS = (Span(0, _NEVER_MS),)


@dataclass(frozen=True, slots=True)
class Told:
    """What one box is told for a day, and which of its cues are asked about."""

    spot: places.Spot
    cues: tuple[Cue, ...]
    asked: Collection[str]
    policy: Policy


@dataclass(frozen=True, slots=True)
class BoxAnswer:
    """What becomes of the cues at one box; `alarmed` if an alert sounds at the instant asked."""

    verdict: Verdict
    chain: tuple[Reason, ...]
    alarmed: bool = False


def ask_box(
    session: Session,
    told: Told,
    at_ms: int,
    alerts: tuple[Alert, ...],
    now_ms: int,
    zone: ZoneInfo,
) -> BoxAnswer:
    """Let the box's own decision run over the cues, with all that it has said of itself."""
    name = told.spot.cluster_name
    said = session.get(tables.ReportedState, told.spot.device_id)
    if said is not None and said.rules and said.rules != RULES:
        return BoxAnswer(Verdict.NO_CLAIM, (_other_rules(name, said.rules),))
    chain: list[Reason] = []
    sent = _sent(session, told, said)
    if said is None or not said.online:
        chain.append(_out_of_touch(name, said))
    if alerts and said is not None and not said.online:
        chain.append(_alert_not_received(name))
        alerts = ()
    if any(s.published_ms == _NEVER_MS and s.cue.id in told.asked for s in sent):
        chain.append(_plan_not_held(name))
    lacking = _lacking(session, told)
    if lacking:
        chain.append(_audio_not_held(name, lacking))
    ordered = policy_of(session, told.spot.device_id)
    works = ordered.maintained_at(to_utc(now_ms))
    if works is not None:
        chain.append(_maintained(name, works, zone))
    faults = Faults(
        alerts=alerts,
        maintenance=(Span(0, to_ms(works.until)),) if works is not None else (),
        never_held=frozenset(lacking),
        clock=_ALWAYS if said is not None and said.clock_source == "untrusted" else (),
        kill_switch=_ALWAYS if (off := _switched_off(session, told, now_ms)) else (),
    )
    if off is not None:
        chain.append(off)
    asked = [cue for cue in told.cues if cue.id in told.asked]
    begun = (*(cue.start for cue in asked), *(alert.issued for alert in alerts))
    since = min(at_ms, *begun) - BEFORE_MS
    until = max([at_ms, *(cue.latest_end for cue in asked)]) + AFTER_MS
    policy = replace(told.policy, fallback=known_sound(session, ordered))
    heard = replay_box(sent, since, until, faults, policy)
    mine = [h for h in heard if h.cue.id in told.asked]
    alarm = _alert_on_air(heard, at_ms, alerts)
    if alarm is not None:
        chain.append(_alarmed(name, alarm, zone))
    chain += [_decided(name, h, zone) for h in mine]
    return BoxAnswer(_verdict(asked, mine), tuple(chain), alarm is not None)


def _alert_on_air(heard: Sequence[Heard], at_ms: int, alerts: Sequence[Alert]) -> Heard | None:
    """What an alert is heard to say at that instant."""
    ids = {alert.id for alert in alerts}
    sounding = (h for h in heard if h.at_ms <= at_ms < h.at_ms + h.sounded_ms)
    return next((h for h in sounding if h.reason == "alert" and h.cue.title in ids), None)


def _sent(session: Session, told: Told, said: tables.ReportedState | None) -> tuple[Sent, ...]:
    """Each cue with whether the box has it: what a box out of touch was never told stays away."""
    serials = _serials(session, told)
    if said is None or said.online:
        return tuple(Sent(cue, 0) for cue in told.cues)
    return tuple(
        Sent(cue, 0 if serials.get(cue.id, _NEVER_MS) <= said.desired else _NEVER_MS)
        for cue in told.cues
    )


def _serials(session: Session, told: Told) -> Mapping[str, int]:
    """With which serial the box was told of each cue."""
    p = tables.PlannedPlay
    query = select(p.cue_id, p.serial).where(
        col(p.device_id) == told.spot.device_id, col(p.cue_id).in_([c.id for c in told.cues])
    )
    return dict(session.exec(query).all())


def _lacking(session: Session, told: Told) -> frozenset[str]:
    """Audio of the asked cues that the box proved not to hold."""
    proof = session.get(ReadinessProof, told.spot.device_id)
    if proof is None:
        return frozenset()
    wanted = {c.asset.sha256 for c in told.cues if c.id in told.asked and c.start < proof.until_ms}
    return frozenset(wanted.intersection(proof.lacking))


def _switched_off(session: Session, told: Told, now_ms: int) -> Reason | None:
    """The newest play that the box told of was silenced by a switch."""
    a = tables.AsRun
    query = (
        select(a)
        .where(col(a.device_id) == told.spot.device_id, col(a.planned_ms) <= now_ms)
        .order_by(col(a.planned_ms).desc())
        .limit(1)
    )
    newest = session.exec(query).first()
    if newest is None or newest.reason not in SWITCHED_OFF:
        return None
    vi, en = because(newest.reason)
    return Reason(
        newest.reason,
        f"{told.spot.cluster_name}: lần báo gần nhất, {vi}.",
        f"{told.spot.cluster_name}: when it last reported, {en}.",
        to_utc(newest.received_ms),
    )


def _verdict(asked: Sequence[Cue], heard: Sequence[Heard]) -> Verdict:
    whole = {h.cue.id for h in heard if h.outcome is Outcome.PLAYED}
    some = {h.cue.id for h in heard if h.sounded_ms}
    if asked and len(whole) == len(asked):
        return Verdict.WILL_PLAY
    return Verdict.PARTLY if some else Verdict.WILL_NOT_PLAY


def _decided(name: str, heard: Heard, zone: ZoneInfo) -> Reason:
    at = to_utc(heard.at_ms)
    wall = at.astimezone(zone)
    vi, en = because(heard.reason)
    title = f"“{heard.cue.title}” ({heard.cue.language})"
    if heard.outcome is Outcome.PLAYED:
        return Reason(
            "decided_play",
            f"{name}: {title} phát lúc {wall:%H:%M:%S} ({vi}).",
            f"{name}: {title} plays at {wall:%H:%M:%S} ({en}).",
            at,
        )
    if heard.sounded_ms:
        return Reason(
            "decided_cut",
            f"{name}: {title} bị cắt sau {heard.sounded_ms / 1000:.0f} giây: {vi}.",
            f"{name}: {title} is cut after {heard.sounded_ms / 1000:.0f} s: {en}.",
            at,
        )
    if heard.fault and heard.fault != heard.reason:
        why = because(heard.fault)
        vi, en = f"{vi}: {why[0]}", f"{en}: {why[1]}"
    return Reason(
        heard.fault or heard.reason,
        f"{name}: {title} {OUTCOMES[heard.outcome][0]}: {vi}.",
        f"{name}: {title} will be silent: {en}.",
        at,
    )


def _maintained(name: str, works: Maintenance, zone: ZoneInfo) -> Reason:
    until = works.until.astimezone(zone)
    return Reason(
        MAINTENANCE,
        f"{name}: đang bảo trì đến {until:%H:%M %d/%m/%Y} ({works.why}), im lặng đến lúc đó.",
        f"{name}: under maintenance until {until:%H:%M %d/%m/%Y} ({works.why}), silent till then.",
        to_utc(to_ms(works.until)),
    )


def _alarmed(name: str, heard: Heard, zone: ZoneInfo) -> Reason:
    at = to_utc(heard.at_ms)
    since, until = at.astimezone(zone), to_utc(heard.at_ms + heard.sounded_ms).astimezone(zone)
    what = f"“{heard.cue.title}” ({heard.cue.language})"
    return Reason(
        "alert_on_air",
        f"{name}: lúc này đang phát báo động {what}, từ {since:%H:%M:%S} đến {until:%H:%M:%S}; "
        "mọi mục khác phải nhường.",
        f"{name}: an alert is on air then, {what}, from {since:%H:%M:%S} to {until:%H:%M:%S}; "
        "everything else gives way.",
        at,
    )


def _alert_not_received(name: str) -> Reason:
    return Reason(
        "alert_not_received",
        f"{name}: máy đang mất liên lạc, báo động chưa tới được máy.",
        f"{name}: the box is out of touch, the alert does not reach it.",
    )


def _other_rules(name: str, rules: int) -> Reason:
    return Reason(
        "rules_differ",
        f"{name}: máy quyết định theo bộ quy tắc số {rules}, ở đây là số {RULES}. "
        "Không thể nói thay máy; hãy cập nhật máy.",
        f"{name}: the box decides by rules number {rules}, here they are number {RULES}. "
        "Nothing can be said in its place; update the box.",
    )


def _out_of_touch(name: str, said: tables.ReportedState | None) -> Reason:
    if said is None:
        return Reason(
            "never_heard_of",
            f"{name}: máy chưa báo về lần nào; dưới đây là khi máy giữ đủ lịch và tiếng.",
            f"{name}: the box has never said anything; what follows holds if it has the plan.",
        )
    return Reason(
        "out_of_touch",
        f"{name}: máy đang mất liên lạc, phát theo lịch mà máy đang giữ.",
        f"{name}: the box is out of touch and plays by the plan that it holds.",
        to_utc(said.seen_ms),
    )


def _plan_not_held(name: str) -> Reason:
    return Reason(
        "plan_not_held",
        f"{name}: máy chưa nhận lịch có mục này; có liên lạc kịp giờ thì vẫn phát.",
        f"{name}: the box has not taken the plan with this item; in touch in time, it plays.",
    )


def _audio_not_held(name: str, lacking: Collection[str]) -> Reason:
    return Reason(
        "audio_missing",
        f"{name}: máy báo còn thiếu {len(lacking)} tệp tiếng; tải kịp giờ thì vẫn phát.",
        f"{name}: the box said that it lacks {len(lacking)} audio files; in time, it plays.",
    )
