"""What a commune still lacks today, as one list: one sentence a line, the most urgent first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, or_, select

from audio_library.bulletin import Bulletin, Kind, State
from audio_library.languages import language as language_of
from audio_library.next_step import Step, Who, next_step
from audio_library.phrases.readiness import Stage
from audio_library.readiness import Lack, Readiness
from audio_library.speech.engine import Engine
from audio_library.speech.registry import voices
from controller.errors import NotFound
from controller.operations.bulletin_readiness import bulletin_readiness
from controller.operations.find_unit import inside
from controller.operations.find_village import Village, villages
from controller.operations.lack_line import About, LackLine, most_urgent_first, sentence
from controller.operations.phrase_bank import bank_lacks
from controller.operations.place_calendar import coming_airing
from controller.operations.show_fleet import ClusterNow, clusters_now
from controller.storage import bulletins, places, programmes, tables
from controller.storage.instants import to_ms, to_utc
from schedules.area import AreaTree

AHEAD = timedelta(days=60)
"""How far ahead an airing is looked for."""
PATIENCE = timedelta(minutes=10)
"""A box on a slow line has taken its plan by then."""

SCHEDULE = Step(Who.WRITER, "người soạn xếp giờ và nơi phát", "the writer gives it time and places")
ADD_BOX = Step(Who.TECHNICIAN, "kỹ thuật viên lắp và nhận hộp loa", "a technician installs a box")
LOOK_AT_BOX = Step(
    Who.TECHNICIAN,
    "kỹ thuật viên xem điện và mạng của hộp loa",
    "a technician looks at the box's power and network",
)
MEND_VOICE = Step(Who.TECHNICIAN, "kỹ thuật viên bổ sung giọng đọc", "a technician completes it")
FILL_BANK: Mapping[Stage, Step] = MappingProxyType(
    {
        Stage.NO_WORDS: Step(
            Who.WRITER,
            "người soạn nhờ người nói tiếng ấy viết lời",
            "the writer has the words written by somebody who speaks it",
        ),
        Stage.NOT_RECORDED: Step(
            Who.READER, "người đọc thu các câu còn thiếu", "a reader records what is missing"
        ),
        Stage.NOT_HEARD: Step(
            Who.LISTENER,
            "một người thứ hai hiểu tiếng nghe lại",
            "a second person who understands it listens",
        ),
        Stage.NOT_MADE: Step(
            Who.WRITER,
            "người soạn bấm làm âm thanh mọi câu còn thiếu",
            "the writer asks for the audio of all that is missing",
        ),
    }
)
"""What to do about a bank, by the first stage at which any phrase stands."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """A unit, or everywhere: the villages that lie in it and what they listen to."""

    unit_id: str | None
    villages: tuple[Village, ...]
    heard: Mapping[str, tuple[str, ...]]
    """Languages by zone, for the zones that these villages hear."""
    zone: ZoneInfo
    now: datetime

    @property
    def languages(self) -> tuple[str, ...]:
        """All that some village listens to."""
        return tuple(dict.fromkeys(tag for tags in self.heard.values() for tag in tags))

    def without(self, language: str, zone_ids: Iterable[str]) -> tuple[str, ...]:
        """Villages that would hear this language in these zones."""
        hearing = {z for z in zone_ids if language in self.heard.get(z, ())}
        return tuple(v.path for v in self.villages if not hearing.isdisjoint(v.zone_ids))

    def line(
        self,
        about: About,
        code: str,
        subject: str,
        what: tuple[str, str],
        step: Step,
        *,
        village_paths: tuple[str, ...] = (),
        language: str | None = None,
        emergency: bool = False,
        airs_at: datetime | None = None,
    ) -> LackLine:
        """One line, its sentences in the wall time of this place."""
        local = airs_at.astimezone(self.zone) if airs_at else None
        vi, en = sentence(what, step, len(village_paths), local)
        return LackLine(
            about=about,
            code=code,
            subject=subject,
            vi=vi,
            en=en,
            step=step,
            villages=village_paths,
            language=language,
            emergency=emergency,
            airs_at=airs_at,
        )


def show_lacks(
    session: Session,
    unit: str | None,
    now: datetime,
    *,
    engines: Sequence[Engine],
    time_zone: str,
) -> tuple[LackLine, ...]:
    """All that stands between what was decided and what will be heard.

    `unit` is an id or an official code, None for everywhere; raises NotFound.
    """
    tree = places.area_tree(session)
    scope = _scope(session, tree, unit, now, ZoneInfo(time_zone))
    return most_urgent_first(
        (
            *_of_bulletins(session, tree, scope),
            *_of_boxes(session, scope),
            *_of_phrases(session, tree, scope, engines),
            *_of_voices(scope, engines),
        )
    )


def _scope(
    session: Session, tree: AreaTree, unit: str | None, now: datetime, zone: ZoneInfo
) -> _Scope:
    unit_id = _unit_id(tree, unit) if unit else None
    units = inside(tree, unit_id)
    here = tuple(v for v in villages(session) if v.id in units)
    listened = {zone_id for v in here for zone_id in v.zone_ids}
    known = places.zones(session)
    heard = {z: tuple(str(tag) for tag in known[z].languages) for z in sorted(listened)}
    return _Scope(unit_id, here, heard, zone, now)


def _unit_id(tree: AreaTree, asked: str) -> str:
    found = next((u for u in tree.units if asked in (u.id, u.code)), None)
    if found is None:
        raise NotFound("đơn vị", "unit", asked[:80])
    return found.id


# --- bulletins -----------------------------------------------------------------------------------


def _of_bulletins(session: Session, tree: AreaTree, scope: _Scope) -> Iterator[LackLine]:
    """Approved, or waiting for it, or planned; valid, and still to be heard."""
    planned = programmes.standing(session)
    named = {bulletin_id for p in planned.values() for bulletin_id in p.bulletin_ids}
    state = col(tables.Bulletin.state)
    query = select(tables.Bulletin.id).where(
        col(tables.Bulletin.valid_until_ms) > to_ms(scope.now),
        state != State.WITHDRAWN.value,
        # Of drafts there may be thousands: only those that are planned are read.
        or_(state != State.DRAFT.value, col(tables.Bulletin.id).in_(named)),
    )
    for bulletin in bulletins.load_many(session, session.exec(query)):
        chosen = [p for p in planned.values() if bulletin.id in p.bulletin_ids]
        if chosen:
            airs = _airings(session, chosen, bulletin, scope)
            yield from _of_bulletin(session, bulletin, airs, scope)
        elif bulletin.state is not State.DRAFT and not _was_told(session, bulletin):
            units = inside(tree, bulletin.unit)
            meant = {z for v in scope.villages if v.id in units for z in v.zone_ids}
            yield from _of_bulletin(session, bulletin, dict.fromkeys(sorted(meant)), scope)


def _of_bulletin(
    session: Session,
    bulletin: Bulletin,
    airs: Mapping[str, datetime | None],
    scope: _Scope,
) -> Iterator[LackLine]:
    """`airs` gives the first airing in each zone where it is to be heard."""
    wanted = tuple(dict.fromkeys(tag for z in airs for tag in scope.heard[z]))
    lacking = [r for r in bulletin_readiness(session, bulletin, wanted, scope.now) if r.lack]
    waiting = [r for r in lacking if r.lack is Lack.NOT_APPROVED]
    if waiting:
        yield _bulletin_line(bulletin, waiting, airs, scope)
    for found in lacking:
        if found.lack is not Lack.NOT_APPROVED:
            yield _bulletin_line(bulletin, [found], airs, scope)
    if airs and not lacking and not any(airs.values()):
        yield scope.line(
            About.BULLETIN,
            "not_scheduled",
            bulletin.id,
            (f"“{bulletin.title}” đã duyệt, chưa có giờ phát", f"“{bulletin.title}” has no time"),
            SCHEDULE,
            emergency=bulletin.kind is Kind.EMERGENCY,
        )


def _bulletin_line(
    bulletin: Bulletin,
    found: Sequence[Readiness],
    airs: Mapping[str, datetime | None],
    scope: _Scope,
) -> LackLine:
    """One lack of a bulletin, in one language or in several alike."""
    first = found[0]
    assert first.lack is not None
    concerned = {z: at for z, at in airs.items() for r in found if r.language in scope.heard[z]}
    paths = [path for r in found for path in scope.without(r.language, concerned)]
    return scope.line(
        About.BULLETIN,
        first.lack.value,
        bulletin.id,
        (f"“{bulletin.title}”: {first.vi}", f"“{bulletin.title}”: {first.en}"),
        next_step(first.lack),
        village_paths=tuple(dict.fromkeys(paths)),
        language=first.language if len(found) == 1 else None,
        emergency=bulletin.kind is Kind.EMERGENCY,
        airs_at=min((at for at in concerned.values() if at), default=None),
    )


def _airings(
    session: Session, chosen: Iterable[programmes.Planned], bulletin: Bulletin, scope: _Scope
) -> dict[str, datetime | None]:
    """The first airing to come, by zone; nothing for a zone that has had them all."""
    end = min(bulletin.valid_until, scope.now + AHEAD)
    airs: dict[str, datetime | None] = {}
    for planned in chosen:
        coming = coming_airing(session, planned.programme, scope.now)
        start = coming.start_utc if coming is not None and coming.start_utc < end else None
        for zone_id in planned.programme.zone_ids:
            if start is not None and zone_id in scope.heard:
                before = airs.get(zone_id)
                airs[zone_id] = min(before, start) if before else start
    return airs


def _was_told(session: Session, bulletin: Bulletin) -> bool:
    """Some box was told to play it, by a programme that ended or by an order."""
    query = select(tables.PlannedPlay.cue_id).where(tables.PlannedPlay.bulletin_id == bulletin.id)
    return session.exec(query.limit(1)).first() is not None


# --- boxes, phrases, voices ----------------------------------------------------------------------


def _of_boxes(session: Session, scope: _Scope) -> Iterator[LackLine]:
    """Clusters without a box, and boxes without their plan or their audio."""
    here = {v.id: v.path for v in scope.villages}
    for cluster in clusters_now(session, scope.now):
        if cluster.village_id in here:
            what = _box_lacks(cluster, scope)
            if what is not None:
                code, vi, en, step = what
                where = f"{cluster.cluster} ({here[cluster.village_id]})"
                yield scope.line(
                    About.BOX,
                    code,
                    cluster.cluster_id,
                    (f"Cụm loa {where} {vi}", f"The loudspeaker {where} {en}"),
                    step,
                    village_paths=(here[cluster.village_id],),
                    airs_at=to_utc(cluster.next.start_ms) if cluster.next else None,
                )


def _box_lacks(cluster: ClusterNow, scope: _Scope) -> tuple[str, str, str, Step] | None:
    if cluster.device_id is None:
        return "no_box", "chưa có hộp loa", "has no box", ADD_BOX
    since = cluster.unconfirmed_since_ms
    if since is not None and to_utc(since) < scope.now - PATIENCE:
        at = to_utc(since).astimezone(scope.zone)
        return (
            "plan_not_held",
            f"chưa nhận lịch mới từ {at:%H:%M %d/%m/%Y}",
            f"has not taken the plan of {at:%Y-%m-%d %H:%M}",
            LOOK_AT_BOX,
        )
    if cluster.lacking:
        return (
            "audio_not_held",
            f"còn thiếu {cluster.lacking} tệp âm thanh",
            f"still lacks {cluster.lacking} audio files",
            LOOK_AT_BOX,
        )
    return None


def _of_phrases(
    session: Session, tree: AreaTree, scope: _Scope, engines: Sequence[Engine]
) -> Iterator[LackLine]:
    """Languages that cannot say all of an emergency."""
    tops = (scope.unit_id,) if scope.unit_id else tuple(u.id for u in tree.units if not u.parent)
    day = scope.now.astimezone(scope.zone).date()
    for top in tops:
        for bank in bank_lacks(session, top, engines, day):
            if not bank.ready:
                yield scope.line(
                    About.PHRASES,
                    "phrases",
                    bank.language,
                    (bank.vi, bank.en),
                    next(step for stage, step in FILL_BANK.items() if bank.counts[stage]),
                    village_paths=scope.without(bank.language, scope.heard),
                    language=bank.language,
                )


def _of_voices(scope: _Scope, engines: Sequence[Engine]) -> Iterator[LackLine]:
    """Languages that have machine voices of which none may speak here now."""
    known = voices(engines)
    for tag in scope.languages:
        of_language = [v for v in known if v.language == tag]
        if of_language and not any(v.ready for v in of_language):
            name, voice = language_of(tag), of_language[0]
            why_vi = voice.missing.vi if voice.missing else ""
            why_en = voice.missing.en if voice.missing else ""
            yield scope.line(
                About.VOICE,
                "voice_not_ready",
                voice.id,
                (
                    f"Tiếng {name.name_vi} chưa có giọng máy nào sẵn sàng: {why_vi}",
                    f"No machine voice of {name.name_en} is ready: {why_en}",
                ),
                MEND_VOICE,
                language=tag,
            )
