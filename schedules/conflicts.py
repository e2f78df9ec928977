"""What a programme runs into before anybody hears it: one plain sentence each, with a mend."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain, product
from math import asin, cos, radians, sin, sqrt

from schedules.cue_sheet import Cue, Refusal
from schedules.mends import (
    Day,
    Mend,
    Scene,
    Session,
    mend_of_refusal,
    other_time,
    sessions_of,
    stagger,
)
from schedules.precedence import Rank
from schedules.programme import Programme
from schedules.rundown import LeftOut, Rundown
from schedules.types import (
    BulletinId,
    ClusterId,
    LanguageTag,
    UtcInstant,
    ZoneId,
    elapsed_ms,
    time_zone,
    wall_clock,
)

EARTH_M = 6_371_000
TOGETHER_MS = 500
"""Horns that start the same sound within this time are heard as one."""


class Kind(StrEnum):
    """What is wrong."""

    OVERLAP = "overlap"
    EARSHOT = "earshot"
    REFUSED = "refused"
    MISSING = "missing_recording"
    EXPIRED = "expired"
    LEFT_OUT = "left_out"
    NO_LOUDSPEAKER = "no_loudspeaker"
    NEVER = "never_plays"


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing that is wrong, however often: `first` is when it first shows, `times` how often."""

    kind: Kind
    vi: str
    en: str
    mend: Mend
    zone_ids: tuple[ZoneId, ...]
    first: UtcInstant | None = None
    times: int = 1


@dataclass(frozen=True, slots=True)
class Horn:
    """A cluster on the map: degrees of latitude and longitude, heard `radius_m` far."""

    cluster_id: ClusterId
    name: str
    zone_ids: tuple[ZoneId, ...]
    latitude: float | None
    longitude: float | None
    radius_m: int | None

    def is_heard_beside(self, other: "Horn") -> bool:
        """Somebody stands where both are heard; False where the map does not say."""
        metres = _distance_m(self, other)
        known = metres is not None and self.radius_m and other.radius_m
        return bool(known) and (metres or 0) < (self.radius_m or 0) + (other.radius_m or 0)


def conflicts(
    programme: Programme,
    scenes: Sequence[Scene],
    horns: Sequence[Horn],
    *,
    airs_at_all: bool = True,
    languages: Mapping[LanguageTag, str] | None = None,
) -> tuple[Conflict, ...]:
    """Everything that `programme` runs into in these zones, the gravest first.

    `scenes` are its zones and those of horns nearby; `airs_at_all` is False if its rules give no
    day any more. `languages` names languages for people; a tag stands for itself otherwise.
    """
    mine = [scene for scene in scenes if scene.inputs.zone.id in programme.zone_ids]
    if not airs_at_all:
        return (_never(programme),)
    day = Day(programme, mine, _heard_beside(programme, scenes, horns))
    return (
        *_without_loudspeaker(mine, horns),
        *_overlaps(programme, scenes, horns, day),
        *_in_earshot(programme, scenes, horns, day),
        *_refused(programme, mine, day),
        *_left_out(programme, mine, day),
        *_missing(programme, mine, languages or {}),
        *_expired(programme, mine),
    )


def _heard_beside(
    programme: Programme, scenes: Sequence[Scene], horns: Sequence[Horn]
) -> list[Scene]:
    """Zones in which it does not air, but which share a horn with it or have one in earshot."""
    own = set(programme.zone_ids)
    ours = [horn for horn in horns if not own.isdisjoint(horn.zone_ids)]
    heard = {
        zone_id
        for one, other in product(ours, horns)
        if one is other or one.is_heard_beside(other)
        for zone_id in other.zone_ids
    }
    return [scene for scene in scenes if scene.inputs.zone.id in heard - own]


def _overlaps(
    programme: Programme, scenes: Sequence[Scene], horns: Sequence[Horn], day: Day
) -> Iterator[Conflict]:
    """Sessions at one time on one loudspeaker, also where two zones share it."""
    sessions = {s.inputs.zone.id: tuple(sessions_of(s.plan)) for s in scenes}
    names = {s.inputs.zone.id: s.inputs.zone.name for s in scenes}
    together = {frozenset(z for z in horn.zone_ids if z in sessions) for horn in horns}
    together |= {frozenset((zone_id,)) for zone_id in sessions}
    met: defaultdict[str, dict[tuple[ZoneId, UtcInstant], Session]] = defaultdict(dict)
    rivals: defaultdict[str, list[Session]] = defaultdict(list)
    for zone_ids in together:
        heard = [s for z in zone_ids for s in sessions[z]]
        for own, other in product(heard, heard):
            rival = other.programme
            if own.programme.id != programme.id or rival.id == programme.id:
                continue
            if own.meets(other) and not _settled(programme.rank, rival.rank):
                met[rival.id][own.zone_id, own.start] = own
                rivals[rival.id].append(other)
    for rival_id, clashes in met.items():
        mend = other_time(day.free_start())
        rival = rivals[rival_id][0].programme
        yield _overlap(programme, rival, list(clashes.values()), names, mend)


def _overlap(
    programme: Programme,
    rival: Programme,
    clashes: Sequence[Session],
    names: Mapping[ZoneId, str],
    mend: Mend,
) -> Conflict:
    first = min(clashes, key=lambda session: session.start)
    at = _wall(programme, first.start)
    where = _listed(names[z] for z in dict.fromkeys(c.zone_id for c in clashes))
    waits = programme if programme.rank < rival.rank else rival
    waits_vi = waits_en = ""
    if programme.rank != rival.rank:
        waits_vi, waits_en = f" «{waits.title}» sẽ phải nhường.", f" “{waits.title}” gives way."
    times = len({c.start for c in clashes})
    return Conflict(
        Kind.OVERLAP,
        f"«{programme.title}» và «{rival.title}» cùng phát ở {where}, "
        f"lần đầu {at:%H:%M %d/%m/%Y}{_more_vi(times)}.{waits_vi}",
        f"“{programme.title}” and “{rival.title}” air at one time in {where}, "
        f"first at {at:%H:%M %d/%m/%Y}{_more_en(times)}.{waits_en}",
        mend,
        tuple(dict.fromkeys(c.zone_id for c in clashes)),
        first.start,
        times,
    )


def _in_earshot(
    programme: Programme, scenes: Sequence[Scene], horns: Sequence[Horn], day: Day
) -> Iterator[Conflict]:
    """Loudspeakers near each other that say different things at one time."""
    by_zone = {scene.inputs.zone.id: scene for scene in scenes}
    pairs: dict[tuple[ZoneId, ZoneId], tuple[Horn, Horn]] = {}
    for one, other in product(horns, horns):
        if one.cluster_id == other.cluster_id or not one.is_heard_beside(other):
            continue
        for ours, theirs in product(one.zone_ids, other.zone_ids):
            known = ours in by_zone and theirs in by_zone and ours != theirs
            if known and ours in programme.zone_ids and (theirs, ours) not in pairs:
                pairs.setdefault((ours, theirs), (one, other))
    for (ours, theirs), (one, other) in pairs.items():
        own = [c for c in by_zone[ours].plan.cues if c.programme_id == programme.id]
        clashes = [(a, b) for a in own for b in by_zone[theirs].plan.cues if _talk_at_once(a, b)]
        if clashes:
            yield _earshot(programme, clashes, (one, other), day)


def _earshot(
    programme: Programme,
    clashes: Sequence[tuple[Cue, Cue]],
    pair: tuple[Horn, Horn],
    day: Day,
) -> Conflict:
    first, against = min(clashes, key=lambda clash: clash[0].start_utc)
    at = _wall(programme, max(first.start_utc, against.start_utc))
    metres = round(_distance_m(*pair) or 0)
    days = len({one.local_date for one, _ in clashes})
    one, other = pair
    zone_ids = (first.zone_id, against.zone_id)
    if against.programme_id == programme.id:
        mend = Mend(
            "align",
            f"Cho hai nơi cùng một thứ tự tiếng để nói cùng một lúc, hoặc tách «{programme.title}» "
            f"thành hai chương trình so le.",
            f"Give both places one order of languages, so that they speak as one, or split "
            f"“{programme.title}” into two that follow each other.",
        )
    else:
        mend = stagger(day.free_start())
    return Conflict(
        Kind.EARSHOT,
        f"Loa «{one.name}» và loa «{other.name}» cách nhau {metres} m, nghe lẫn vào nhau: lúc "
        f"{at:%H:%M:%S %d/%m/%Y} hai nơi nói hai điều khác nhau{_more_vi(days)}.",
        f"The loudspeakers “{one.name}” and “{other.name}” are {metres} m apart and are heard "
        f"together: at {at:%H:%M:%S %d/%m/%Y} they say different things{_more_en(days)}.",
        mend,
        zone_ids,
        first.start_utc,
        days,
    )


def _refused(programme: Programme, scenes: Sequence[Scene], day: Day) -> Iterator[Conflict]:
    """What the plan itself refuses, by reason; over-long sessions among it."""
    found: defaultdict[str, list[tuple[Scene, Refusal]]] = defaultdict(list)
    for scene in scenes:
        for refusal in scene.plan.refusals:
            if refusal.occurrence.programme_id == programme.id:
                found[refusal.reasons[0].code].append((scene, refusal))
    for code, refused in found.items():
        if code == "past":
            continue
        _, first = min(refused, key=lambda each: each[1].start_utc)
        sessions = {(s.inputs.zone.id, r.occurrence.start_utc) for s, r in refused}
        where = _listed(dict.fromkeys(s.inputs.zone.name for s, _ in refused))
        yield Conflict(
            Kind.REFUSED,
            f"{first.vi} Nơi không nghe được: {where}{_more_vi(len(sessions))}.",
            f"{first.en} Places that will not hear it: {where}{_more_en(len(sessions))}.",
            mend_of_refusal(code, day),
            tuple(dict.fromkeys(s.inputs.zone.id for s, _ in refused)),
            first.start_utc,
            len(sessions),
        )


def _left_out(programme: Programme, scenes: Sequence[Scene], day: Day) -> Iterator[Conflict]:
    """What a person put into the template and the session has no room or no sound for.

    What a rule finds no room for only waits for the next session.
    """
    named = (None, *programme.template.chosen)
    found: defaultdict[tuple[str, str], list[tuple[Scene, LeftOut]]] = defaultdict(list)
    for scene in scenes:
        for each in scene.plan.left_out:
            if each.occurrence.programme_id == programme.id and each.bulletin_id in named:
                found[each.code, each.title].append((scene, each))
    for (code, _), met in found.items():
        _, first = min(met, key=lambda each: each[1].occurrence.start_utc)
        sessions = {each.occurrence.start_utc for _, each in met}
        yield Conflict(
            Kind.LEFT_OUT,
            first.vi + _more_vi(len(sessions)),
            first.en + _more_en(len(sessions)),
            mend_of_refusal(code, day),
            tuple(dict.fromkeys(scene.inputs.zone.id for scene, _ in met)),
            min(sessions),
            len(sessions),
        )


def _missing(
    programme: Programme, scenes: Sequence[Scene], languages: Mapping[LanguageTag, str]
) -> Iterator[Conflict]:
    """Languages in which something chosen or due cannot be heard yet."""
    where: defaultdict[tuple[BulletinId, LanguageTag], list[tuple[Scene, Rundown]]] = defaultdict(
        list
    )
    for scene in scenes:
        for rundown in scene.plan.rundowns:
            if rundown.programme.id == programme.id:
                for lack in rundown.missing:
                    where[lack.bulletin_id, lack.language].append((scene, rundown))
    for (bulletin_id, language), lacking in where.items():
        named = languages.get(language, language)
        title = _title(bulletin_id, (scene for scene, _ in lacking))
        zones = tuple(dict.fromkeys(scene.inputs.zone.id for scene, _ in lacking))
        places = _listed(dict.fromkeys(scene.inputs.zone.name for scene, _ in lacking))
        yield Conflict(
            Kind.MISSING,
            f"«{title}» chưa có bản tiếng {named}: {places} sẽ không nghe phần ấy.",
            f"“{title}” has no recording in {named}: {places} will not hear that part.",
            Mend(
                "record",
                f"Viết lời và thu âm tiếng {named}, hoặc chọn giọng máy nếu tiếng ấy có.",
                f"Write and record it in {named}, or choose a synthetic voice if there is one.",
            ),
            zones,
            min(rundown.occurrence.start_utc for _, rundown in lacking),
            len(lacking),
        )


def _expired(programme: Programme, scenes: Sequence[Scene]) -> Iterator[Conflict]:
    """Bulletins that are no longer valid when a session that names them begins."""
    late: defaultdict[BulletinId, list[tuple[Scene, Rundown]]] = defaultdict(list)
    for scene in scenes:
        for rundown in scene.plan.rundowns:
            if rundown.programme.id == programme.id:
                for bulletin_id in {lack.bulletin_id for lack in rundown.expired}:
                    late[bulletin_id].append((scene, rundown))
    for bulletin_id, met in late.items():
        first = min(rundown.occurrence.start_utc for _, rundown in met)
        sessions = len({rundown.occurrence.start_utc for _, rundown in met})
        title, at = _title(bulletin_id, (scene for scene, _ in met)), _wall(programme, first)
        yield Conflict(
            Kind.EXPIRED,
            f"«{title}» hết hiệu lực trước buổi {at:%H:%M %d/%m/%Y}{_more_vi(sessions)}.",
            f"“{title}” is no longer valid at {at:%H:%M %d/%m/%Y}{_more_en(sessions)}.",
            mend_of_refusal("expired", Day(programme, scenes)),
            tuple(dict.fromkeys(scene.inputs.zone.id for scene, _ in met)),
            first,
            sessions,
        )


def _without_loudspeaker(scenes: Sequence[Scene], horns: Sequence[Horn]) -> Iterator[Conflict]:
    served = set(chain.from_iterable(horn.zone_ids for horn in horns))
    deaf = [s.inputs.zone for s in scenes if s.inputs.zone.id not in served]
    if deaf:
        places = _listed(zone.name for zone in deaf)
        yield Conflict(
            Kind.NO_LOUDSPEAKER,
            f"Chưa có loa nào đang lắp ở {places}: không ai nghe được.",
            f"No loudspeaker is installed in {places}: nobody will hear it.",
            Mend(
                "install",
                "Lắp hộp cho cụm loa ở đó, hoặc bỏ nơi ấy khỏi chương trình.",
                "Install a box at a cluster there, or take the place out of the programme.",
            ),
            tuple(zone.id for zone in deaf),
        )


def _never(programme: Programme) -> Conflict:
    return Conflict(
        Kind.NEVER,
        f"«{programme.title}» sẽ không bao giờ phát: không còn ngày nào hợp với quy tắc của nó.",
        f"“{programme.title}” will never air: no coming day fits its rules.",
        Mend(
            "change_rule",
            "Xem lại ngày bắt đầu, ngày kết thúc, mùa và các ngày đã bỏ.",
            "Look again at its first and last day, its season and the days taken out.",
        ),
        programme.zone_ids,
    )


def _settled(one: Rank, other: Rank) -> bool:
    """Precedence alone says who speaks: filler gives way, an emergency never does."""
    return min(one, other) is Rank.FILLER or max(one, other).is_emergency


def _talk_at_once(one: Cue, other: Cue) -> bool:
    if not (one.start_utc < other.end_utc and other.start_utc < one.end_utc):
        return False
    apart = abs(elapsed_ms(one.start_utc, other.start_utc))
    return one.asset_sha256 != other.asset_sha256 or apart > TOGETHER_MS


def _distance_m(one: Horn, other: Horn) -> float | None:
    """Great-circle distance in metres; None where the map does not say."""
    if None in (one.latitude, one.longitude, other.latitude, other.longitude):
        return None
    lat1, lon1 = radians(one.latitude or 0), radians(one.longitude or 0)
    lat2, lon2 = radians(other.latitude or 0), radians(other.longitude or 0)
    chord = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_M * asin(min(1.0, sqrt(chord)))


def _title(bulletin_id: BulletinId, scenes: Iterable[Scene]) -> str:
    notices = chain.from_iterable(scene.inputs.shelf.notices for scene in scenes)
    return next((n.title for n in notices if n.bulletin_id == bulletin_id), bulletin_id)


def _wall(programme: Programme, at: UtcInstant) -> datetime:
    return wall_clock(at, time_zone(programme.timing.time_zone))


def _listed(names: Iterable[str]) -> str:
    known = list(dict.fromkeys(names))
    rest = len(known) - 3
    return ", ".join(known[:3]) + (f" (+{rest})" if rest > 0 else "")


def _more_vi(times: int) -> str:
    return f" ({times} lần trong kỳ xem trước)" if times > 1 else ""


def _more_en(times: int) -> str:
    return f" ({times} times in the days looked at)" if times > 1 else ""
