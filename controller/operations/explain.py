"""Why did, or why will, something play or not play in a village at an instant."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from audio_library.writing.search_key import search_key
from controller.errors import NotFound
from controller.fleet.plan import wire_cue
from controller.operations.find_village import Village
from controller.operations.imagined_alert import ImaginedAlert, imagined_alert
from controller.operations.plan_calendar import FURTHEST, days_from, foresee
from controller.operations.reasons import About, Explanation, Reason, Subject, Verdict, together
from controller.operations.why_box import Told, ask_box
from controller.operations.why_history import chain_of, records_at, unheard_then
from controller.operations.why_planned import CARRIED_DAYS, ZoneAnswer, ask_plan
from controller.operations.zone_inputs import Foreseen, PlanRules, today
from controller.storage import places, programmes, tables
from controller.storage.instants import to_ms
from controller.storage.schedule_tables import Programme as ProgrammeRow
from edge_agent.contract.desired import QuietHours
from edge_agent.contract.manifest import Cue
from edge_agent.decide import Policy
from schedules.airtime import AirtimeLaw
from schedules.types import ClusterId, time_zone

DAY = timedelta(days=1)


def explain(
    session: Session,
    village: Village,
    at: datetime,
    asked: str,
    rules: PlanRules,
    now: datetime,
    imagined: tuple[ImaginedAlert, ...] = (),
) -> Explanation:
    """Answer for the past from what boxes were told and reported, for the future by `decide`.

    `asked` is the id or title of a programme or bulletin, "" for whatever is on air then. Alerts
    that are `imagined` are taken to be active. Raises `NotFound`, `DaysOutOfReach`.
    """
    subject = find_subject(session, village, asked)
    if not village.zone_ids:
        chain: tuple[Reason, ...] = (_nobody_hears(village),)
        return Explanation(village.path, at, subject.title, Verdict.WILL_NOT_PLAY, chain)
    if at <= now:
        verdict, chain = _past(session, village, subject, at, rules, now)
    else:
        verdict, chain = _future(session, village, subject, at, rules, now, imagined)
    return Explanation(village.path, at, subject.title, verdict, chain)


def find_subject(session: Session, village: Village, asked: str) -> Subject:
    """What is meant by an id or a title; what stands here comes first, then the newest.

    Raises `NotFound`.
    """
    if not asked.strip():
        return Subject(About.ANYTHING)
    programme = programmes.find(session, asked)
    if programme is not None:
        return Subject(About.PROGRAMME, asked, programme.programme.title)
    bulletin = session.get(tables.Bulletin, asked)
    if bulletin is not None:
        return Subject(About.BULLETIN, asked, bulletin.title)
    wanted = search_key(asked)
    for planned in programmes.standing_in(session, village.zone_ids):
        if search_key(planned.programme.title) == wanted:
            return Subject(About.PROGRAMME, planned.programme.id, planned.programme.title)
    title = asked.strip()
    newest = col(ProgrammeRow.changed_ms).desc()
    row = session.exec(
        select(ProgrammeRow).where(ProgrammeRow.title == title).order_by(newest).limit(1)
    ).first()
    if row is not None:
        return Subject(About.PROGRAMME, row.id, row.title)
    latest = col(tables.Bulletin.created_ms).desc()
    titled = session.exec(
        select(tables.Bulletin).where(tables.Bulletin.title == title).order_by(latest).limit(1)
    ).first()
    if titled is None:
        raise NotFound("chương trình hay bản tin", "programme or bulletin", asked)
    return Subject(About.BULLETIN, titled.id, titled.title)


def policy_of(law: AirtimeLaw, zone_name: str) -> Policy:
    """What holds for the whole box, as its desired state says it; its player is one that mixes."""
    quiet = law.silence
    if quiet is None:
        return Policy(time_zone=zone_name, can_mix=True)
    hours = QuietHours(f"{quiet.opens:%H:%M}", f"{quiet.closes:%H:%M}", zone_name)
    return Policy(quiet_hours=hours, time_zone=zone_name, can_mix=True)


def _past(
    session: Session,
    village: Village,
    subject: Subject,
    at: datetime,
    rules: PlanRules,
    now: datetime,
) -> tuple[Verdict, tuple[Reason, ...]]:
    clusters: set[ClusterId] = set()
    zone = time_zone(rules.time_zone)
    for zone_id in village.zone_ids:
        found = places.zone(session, zone_id)
        if found is not None:
            zone = time_zone(found[0].time_zone)
            clusters.update(found[0].clusters_at(at.astimezone(zone).date()))
    records = records_at(session, clusters, subject, at)
    if records:
        chain = [reason for record in records for reason in chain_of(session, record, zone)]
        return together([r.verdict for r in records], Verdict.UNKNOWN), tuple(chain)
    then = [
        reason
        for zone_id in village.zone_ids
        for reason in unheard_then(session, zone_id, subject, at, zone)
    ]
    if then:
        return Verdict.NOT_PLAYED, tuple(dict.fromkeys(then))
    nothing = Reason(
        "nothing_was_planned",
        "Không máy nào ở đây được giao lịch cho lúc này; điều sau đây theo dữ liệu hiện nay.",
        "No box here was told of anything for that time; what follows is by today's data.",
    )
    long_ago = now - at > FURTHEST
    answers = [] if long_ago else _plan(session, village, subject, at, rules, now)
    chain = [nothing, *(reason for answer in answers for reason in answer.chain)]
    return Verdict.NOT_PLAYED, tuple(dict.fromkeys(chain))


def _future(
    session: Session,
    village: Village,
    subject: Subject,
    at: datetime,
    rules: PlanRules,
    now: datetime,
    imagined: tuple[ImaginedAlert, ...],
) -> tuple[Verdict, tuple[Reason, ...]]:
    answers = _plan(session, village, subject, at, rules, now)
    chain = [reason for answer in answers for reason in answer.chain]
    alarmable = bool(imagined) and subject.about is About.ANYTHING
    told = _told(answers, today(rules, at) if alarmable else None)
    reached = frozenset[str]().union(*(each.asked for each in told))
    alerts = tuple(imagined_alert(alert) for alert in imagined)
    verdicts: list[Verdict] = []
    for answer in answers:
        if answer.cues and reached.isdisjoint(cue.id for cue in answer.cues):
            chain.append(_no_box(answer.foreseen.loaded.inputs.zone.name))
            verdicts.append(Verdict.WILL_NOT_PLAY)
    for each in told:
        zone = time_zone(rules.time_zone)
        said = ask_box(session, each, to_ms(at), alerts, to_ms(now), zone)
        chain += said.chain
        verdicts.append(Verdict.WILL_PLAY if alarmable and said.alarmed else said.verdict)
    return together(verdicts, Verdict.WILL_NOT_PLAY), tuple(dict.fromkeys(chain))


def _plan(
    session: Session,
    village: Village,
    subject: Subject,
    at: datetime,
    rules: PlanRules,
    now: datetime,
) -> list[ZoneAnswer]:
    day = today(rules, at)
    days_from(day, 1, rules, now)
    last = day + CARRIED_DAYS * DAY if subject.about is About.BULLETIN else day
    foreseen = [foresee(session, z, day, last, rules, now) for z in village.zone_ids]
    return [ask_plan(session, each, subject, at) for each in foreseen]


def _told(answers: Sequence[ZoneAnswer], alarmed_on: date | None) -> list[Told]:
    """Every box that is to play what is asked about, with all its cues of whichever zone.

    On a day of an alert, boxes that are to play nothing then belong to it, too.
    """
    asked = {cue.id for answer in answers for cue in answer.cues}
    dates = {cue.local_date for answer in answers for cue in answer.cues}
    dates |= {alarmed_on} if alarmed_on else set()
    days = {day + n * DAY for day in dates for n in (-1, 0, 1)}
    everything = [answer.foreseen for answer in answers]
    found: dict[str, Told] = {}
    for foreseen in everything:
        inputs = foreseen.loaded.inputs
        for spot in foreseen.loaded.spots:
            near = cues_for(everything, spot.cluster_id, days)
            cues = sorted(near, key=lambda c: (c.start, c.id))
            mine = asked.intersection(cue.id for cue in cues)
            if mine or alarmed_on:
                policy = policy_of(inputs.law, inputs.zone.time_zone)
                found.setdefault(spot.device_id, Told(spot, tuple(cues), mine, policy))
    return list(found.values())


def cues_for(zones: Iterable[Foreseen], cluster_id: str, days: Collection[date]) -> Iterator[Cue]:
    """The cues of these zones that a cluster airs on these dates, as its box is told them."""
    for foreseen in zones:
        zone = foreseen.loaded.inputs.zone
        for cue in foreseen.plan.cues:
            if cue.local_date in days and cluster_id in zone.clusters_at(cue.local_date):
                yield wire_cue(cue, foreseen.loaded.assets)


def _nobody_hears(village: Village) -> Reason:
    return Reason(
        "no_cluster",
        f"Làng {village.path} chưa nghe được cụm loa nào.",
        f"No loudspeaker is heard in {village.path}.",
    )


def _no_box(zone: str) -> Reason:
    return Reason(
        "no_box",
        f"{zone}: chưa có máy loa nào được lắp ở đây.",
        f"{zone}: no box is installed here.",
    )
