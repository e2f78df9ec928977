"""Shapes of alerts in the JSON API."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from audio_library.phrases.compose import MAX_PHRASES_A_SLOT
from controller.api.phrase_shapes import MomentIn, Number
from controller.api.shapes import Id, Language, Shape, Short
from controller.fleet.alert_board import Answer
from controller.fleet.alert_life import State, repeats_s
from controller.fleet.hazards import Hazard
from controller.operations.alert_audience import Listener
from controller.operations.alert_board import Board, BoardLine
from controller.operations.alert_order import MOST_MINUTES, AlertChange, AlertOrder
from controller.operations.alert_words import Speaks, Words
from controller.operations.hazard_clips import ShownClip, clip_title
from controller.operations.prepare_alert import MOST_AREAS, Preview
from controller.storage.alert_tables import Alert, AlertVersion
from controller.storage.instants import to_utc

MOST_LANGUAGES = 18
LONGEST_SIREN_S = 30

Severity = Literal["extreme", "severe", "moderate", "minor"]
Minutes = Annotated[int, Field(ge=1, le=MOST_MINUTES)]
RepeatMinutes = Annotated[int, Field(ge=0, le=MOST_MINUTES)]
SirenSeconds = Annotated[int, Field(ge=0, le=LONGEST_SIREN_S)]
Scopes = Annotated[tuple[Short, ...], Field(min_length=1, max_length=MOST_AREAS)]
Languages = Annotated[tuple[Language, ...], Field(max_length=MOST_LANGUAGES)]
Phrases = Annotated[tuple[Id, ...], Field(max_length=MAX_PHRASES_A_SLOT)]
Told = Annotated[str, Field(max_length=2_000)]


class AlertIn(Shape):
    """An alert to be raised; what is left out is chosen by its hazard and its area."""

    scopes: Scopes
    """Units by id, official code or name: province, communes, villages."""
    hazard: Id = ""
    """A hazard of the phrase bank, as `flash_flood`; a test names none."""
    test: bool = False
    """Try it out: other words, and never a siren."""
    languages: Languages = ()
    """In this order; left out: all that the loudspeakers of the area speak, Vietnamese first."""
    minutes: Minutes | None = None
    """How long it stands, then it ends by itself on every box; left out: 60. A test: 10, 30 at
    most."""
    severity: Severity | None = None
    """Left out: that of the hazard, or of the level if that is graver."""
    level: Phrases = ()
    """Phrases `level.…`, as `3` or `risk_high`."""
    when: Phrases = ()
    """Phrases `time.…`, as `next_hours`."""
    since: MomentIn | None = None
    """From when on, as it is said."""
    until: MomentIn | None = None
    """Until when, as it is said."""
    wind: Number | None = None
    """Wind level."""
    rain_mm: Number | None = None
    """Rain in millimetres."""
    instructions: Phrases | None = None
    """Phrases `instruction.…`; left out: those of the hazard."""
    source: Id = ""
    """A phrase `source.…`; left out: the commune, or the province if the area is one."""
    places: Phrases = ()
    """Phrases `place.…` beside the areas, as `along_stream`."""
    repeat_minutes: RepeatMinutes | None = None
    """Between two rounds, 0: once; left out: by severity."""
    siren_seconds: SirenSeconds | None = None
    """Before each round; left out: by severity."""
    supersedes: Annotated[tuple[Id, ...], Field(max_length=50)] = ()
    """Alerts that end because this one takes their place."""
    without_missing: bool = False
    """Leave out the languages of which nothing could be heard."""
    authorised_by: Short = ""
    """Who may order this and did; a test needs no one."""
    reason: Told = ""
    """Why; a test needs none."""

    def order(self) -> AlertOrder:
        """For the domain; raises SlotMisfilled."""
        return AlertOrder(
            scopes=self.scopes,
            hazard=self.hazard,
            languages=self.languages,
            minutes=self.minutes,
            test=self.test,
            severity=self.severity,
            level=self.level,
            when=self.when,
            since=self.since.value() if self.since else None,
            until=self.until.value() if self.until else None,
            wind=self.wind,
            rain_mm=self.rain_mm,
            instructions=self.instructions,
            source=self.source,
            places=self.places,
            repeat_minutes=self.repeat_minutes,
            siren_s=self.siren_seconds,
            supersedes=self.supersedes,
            without_missing=self.without_missing,
            authorised_by=self.authorised_by,
            reason=self.reason,
        )


class AlertChangeIn(Shape):
    """What an update says otherwise; what is left out stays as it was."""

    scopes: Scopes | None = None
    """The new area, whole."""
    hazard: Id | None = None
    """Another hazard, with its own instructions and severity."""
    languages: Languages | None = None
    """The new order, whole."""
    minutes: Minutes | None = None
    """From now on; left out: until when it stood before."""
    severity: Severity | None = None
    """How grave."""
    level: Phrases | None = None
    """Phrases `level.…`."""
    when: Phrases | None = None
    """Phrases `time.…`."""
    since: MomentIn | None = None
    """From when on, as it is said."""
    until: MomentIn | None = None
    """Until when, as it is said."""
    wind: Number | None = None
    """Wind level."""
    rain_mm: Number | None = None
    """Rain in millimetres."""
    instructions: Phrases | None = None
    """Phrases `instruction.…`."""
    source: Id | None = None
    """A phrase `source.…`."""
    places: Phrases | None = None
    """Phrases `place.…` beside the areas."""
    repeat_minutes: RepeatMinutes | None = None
    """Between two rounds, 0: once."""
    siren_seconds: SirenSeconds | None = None
    """Before each round."""
    without_missing: bool = False
    """Leave out the languages of which nothing could be heard."""
    authorised_by: Short = ""
    """Who may order this and did; left out: as before."""
    reason: Told
    """Why it is said anew."""

    def change(self) -> AlertChange:
        """For the domain; raises SlotMisfilled."""
        return AlertChange(
            scopes=self.scopes,
            hazard=self.hazard,
            languages=self.languages,
            minutes=self.minutes,
            severity=self.severity,
            level=self.level,
            when=self.when,
            since=self.since.value() if self.since else None,
            until=self.until.value() if self.until else None,
            wind=self.wind,
            rain_mm=self.rain_mm,
            instructions=self.instructions,
            source=self.source,
            places=self.places,
            repeat_minutes=self.repeat_minutes,
            siren_s=self.siren_seconds,
            without_missing=self.without_missing,
            authorised_by=self.authorised_by,
            reason=self.reason,
        )


class AlertEndIn(Shape):
    """Why an alert ends."""

    reason: Told
    """What has changed."""
    all_clear: bool = False
    """Have the boxes say once, without a siren, that the danger is over."""


class ReviewIn(Shape):
    """What people say of an alert afterwards."""

    text: Annotated[str, Field(max_length=10_000)]
    """Was it right, was it heard, what is to be mended."""


class AlertWordsOut(Shape):
    """An alert in one language."""

    language: str
    """Tag of the language."""
    chosen: bool
    """Whether boxes are told it; else it may be added."""
    text: str | None
    """What is said; null while words are missing."""
    missing: list[str]
    """Phrases without words or audio."""
    speaks: Speaks
    """What can be heard: these words, the clip of the hazard in their place, or nothing."""
    duration_ms: int
    """How long it is; 0 where phrases are missing."""
    confirmed: bool
    """False: in the Vietnamese order, which nobody who speaks the language has confirmed."""

    @staticmethod
    def of(words: Words, *, chosen: bool) -> "AlertWordsOut":
        """From the domain."""
        return AlertWordsOut(
            language=words.language,
            chosen=chosen,
            text=words.text,
            missing=list(words.missing),
            speaks=words.speaks,
            duration_ms=words.duration_ms,
            confirmed=words.confirmed,
        )


class ListenerOut(Shape):
    """A box in the area as it is now."""

    device: str
    """Id of the box."""
    cluster: str
    """Its loudspeakers."""
    village: str
    """Where they stand."""
    online: bool
    """Whether it is in touch."""
    seen_at: AwareDatetime | None
    """When it was heard of last; null: never."""
    silenced: str
    """The switch or order that keeps it silent; empty: none."""
    quiet: bool
    """Whether the alert breaks its quiet hours."""
    lacks: list[str]
    """Languages of the alert that it holds no phrases of."""

    @staticmethod
    def of(listener: Listener, lacks: Sequence[str]) -> "ListenerOut":
        """From the domain."""
        return ListenerOut(
            device=listener.device_id,
            cluster=listener.cluster_name,
            village=listener.village,
            online=listener.online,
            seen_at=to_utc(listener.seen_ms) if listener.seen_ms else None,
            silenced=listener.silenced,
            quiet=listener.quiet,
            lacks=list(lacks),
        )


class AreaOut(Shape):
    """A unit that an alert is for."""

    id: str
    """Id of the unit."""
    name: str
    """Its name."""


class AlertPreviewOut(Shape):
    """What an order would send, and to whom; nothing was sent."""

    areas: list[AreaOut]
    """The area."""
    hazard: str
    """What it is about: a hazard, `all_clear` or `test`."""
    vi: str
    """The same in Vietnamese."""
    en: str
    """The same in English."""
    severity: Severity
    """The most severe goes first."""
    expires_at: AwareDatetime
    """When it ends by itself."""
    repeat_minutes: int
    """Between two rounds; 0: said once."""
    siren_seconds: int
    """Before each round."""
    words: list[AlertWordsOut]
    """In each language, and in Vietnamese if that was not chosen."""
    boxes: list[ListenerOut]
    """Every box in the area."""
    offline: int
    """So many of them are out of touch."""
    silenced: int
    """So many are kept silent by a switch or an order."""
    in_quiet_hours: int
    """So many are in quiet hours, which this breaks."""

    @staticmethod
    def of(seen: Preview) -> "AlertPreviewOut":
        """From the domain."""
        ready = seen.ready
        vi, en = clip_title(ready.hazard)
        return AlertPreviewOut(
            areas=[AreaOut(id=unit.id, name=unit.name) for unit in ready.areas],
            hazard=ready.hazard,
            vi=vi,
            en=en,
            severity=ready.severity.value,
            expires_at=to_utc(ready.expires_ms),
            repeat_minutes=repeats_s(ready.repeat_s, ready.issued_ms, ready.expires_ms) // 60,
            siren_seconds=ready.siren_s,
            words=[
                *(AlertWordsOut.of(words, chosen=True) for words in ready.words),
                *(AlertWordsOut.of(words, chosen=False) for words in ready.others),
            ],
            boxes=[ListenerOut.of(box, seen.lacks(box)) for box in seen.audience],
            offline=sum(not box.online for box in seen.audience),
            silenced=sum(bool(box.silenced) for box in seen.audience),
            in_quiet_hours=seen.in_quiet_hours,
        )


class AlertRaisedOut(Shape):
    """What was sent."""

    id: str
    """Id of the alert."""
    version: int
    """Its version; a later one is greater."""
    boxes: int
    """So many boxes it is for."""


class AlertVersionOut(Shape):
    """What was ordered, by whom, on whose authority and why."""

    version: int
    """Later versions are greater."""
    severity: Severity
    """How grave."""
    areas: list[str]
    """Ids of its units."""
    languages: list[str]
    """In their order."""
    texts: dict[str, str | None]
    """What is said, by language; null where words are missing."""
    repeat_minutes: int
    """Between two rounds; 0: said once."""
    siren_seconds: int
    """Before each round."""
    issued_at: AwareDatetime
    """When it was ordered."""
    expires_at: AwareDatetime
    """When it ends by itself."""
    ordered_by: str
    """Who was signed in; empty: somebody at the box."""
    authorised_by: str
    """Who allowed it."""
    reason: str
    """Why."""
    supersedes: list[str]
    """Alerts whose place it took."""

    @staticmethod
    def of(row: AlertVersion) -> "AlertVersionOut":
        """From the table."""
        spoken: list[dict[str, Any]] = row.spoken
        texts: Mapping[str, str | None] = {
            each["language"]: each["text"] for each in spoken if each["sent"]
        }
        return AlertVersionOut(
            version=row.version,
            severity=row.severity,  # type: ignore[arg-type]
            areas=row.areas,
            languages=row.languages,
            texts=dict(texts),
            repeat_minutes=repeats_s(row.repeat_s, row.issued_ms, row.expires_ms) // 60,
            siren_seconds=row.siren_s,
            issued_at=to_utc(row.issued_ms),
            expires_at=to_utc(row.expires_ms),
            ordered_by=row.ordered_by,
            authorised_by=row.authorised_by,
            reason=row.reason,
            supersedes=row.supersedes,
        )


class AlertOut(Shape):
    """One alert from its order to its review."""

    id: str
    """Id of the alert."""
    state: State
    """active, updated, ended or expired."""
    version: int
    """Its newest version."""
    test: bool
    """Only tried out."""
    local: bool
    """Raised at a box, which told of it afterwards."""
    device: str | None
    """That box."""
    hazard: str
    """What it is about: a hazard, `all_clear` or `test`."""
    vi: str
    """The same in Vietnamese."""
    en: str
    """The same in English."""
    raised_at: AwareDatetime
    """When it was ordered; of a local one when the office heard of it."""
    expires_at: AwareDatetime
    """When it ends, or would have ended, by itself."""
    ended_at: AwareDatetime | None
    """When it was over."""
    ended_by: str | None
    """Who ended it; null: nobody, or somebody at the box."""
    ended_why: str | None
    """Why."""
    reviewed_by: str | None
    """Who reviewed it afterwards."""
    reviewed_at: AwareDatetime | None
    """When."""
    review: str | None
    """What they wrote."""

    @staticmethod
    def of(row: Alert) -> "AlertOut":
        """From the table."""
        vi, en = clip_title(row.hazard)
        return AlertOut(
            id=row.id,
            state=State(row.state),
            version=row.version,
            test=row.test,
            local=row.origin_device_id is not None,
            device=row.origin_device_id,
            hazard=row.hazard,
            vi=vi,
            en=en,
            raised_at=to_utc(row.raised_ms),
            expires_at=to_utc(row.expires_ms),
            ended_at=None if row.ended_ms is None else to_utc(row.ended_ms),
            ended_by=row.ended_by,
            ended_why=row.ended_why,
            reviewed_by=row.reviewed_by,
            reviewed_at=None if row.reviewed_ms is None else to_utc(row.reviewed_ms),
            review=row.review,
        )


class AlertWhole(Shape):
    """One alert with all its versions, oldest first."""

    alert: AlertOut
    """Where it stands."""
    versions: list[AlertVersionOut]
    """What was ordered."""


class BoardLineOut(Shape):
    """One box and the newest version of an alert."""

    device: str
    """Id of the box."""
    cluster: str
    """Its loudspeakers."""
    village: str
    """Where they stand."""
    online: bool
    """Whether it is in touch now."""
    seen_at: AwareDatetime | None
    """When it was heard of last; null: never."""
    silenced: str
    """What kept it silent when the alert was ordered."""
    answer: Answer
    """`unanswered`: in touch, but nothing came within 10 s; `unreached`: out of touch."""
    reason: str
    """Why it is silent, or what it could not say."""
    round: int
    """The last round that it told of, from 0."""
    after_ms: dict[str, int]
    """From the order to its first step of each kind, by the office's clock."""

    @staticmethod
    def of(line: BoardLine) -> "BoardLineOut":
        """From the domain."""
        found = line.progress
        return BoardLineOut(
            device=line.device_id,
            cluster=line.cluster,
            village=line.village,
            online=line.online,
            seen_at=to_utc(line.seen_ms) if line.seen_ms else None,
            silenced=line.silenced,
            answer=found.answer,
            reason=found.reason,
            round=found.round,
            after_ms=dict(found.after_ms or {}),
        )


class BoardOut(Shape):
    """Who has received, who plays, who is silent and why."""

    alert: AlertOut
    """Where it stands."""
    counts: dict[Answer, int]
    """So many boxes of each answer."""
    boxes: list[BoardLineOut]
    """Box by box."""

    @staticmethod
    def of(board: Board) -> "BoardOut":
        """From the domain."""
        return BoardOut(
            alert=AlertOut.of(board.alert),
            counts=dict(board.counts),
            boxes=[BoardLineOut.of(line) for line in board.lines],
        )


class HazardOut(Shape):
    """One hazard of the phrase bank, and what is said of it by default."""

    hazard: str
    """Its word."""
    vi: str
    """What it is, in Vietnamese."""
    en: str
    """What it is, in English."""
    severity: Severity
    """How grave it is taken to be."""
    instructions: list[str]
    """What to do, in phrases; of a hazard without any, boxes hold no clip."""
    why: str
    """Why so."""

    @staticmethod
    def of(found: Hazard) -> "HazardOut":
        """From the domain."""
        vi, en = clip_title(found.word)
        return HazardOut(
            hazard=found.word,
            vi=vi,
            en=en,
            severity=found.severity.value,
            instructions=list(found.instructions),
            why=found.why,
        )


class ClipIn(Shape):
    """The recording that is heard for a hazard in one language."""

    cart: Id
    """Id of the cart whose sound it is."""


class ClipOut(Shape):
    """What boxes hold of one hazard in one language, for when nobody can order words."""

    hazard: str
    """A hazard, `all_clear` or `test`."""
    vi: str
    """The same in Vietnamese."""
    en: str
    """The same in English."""
    language: str
    """Tag of the language."""
    phrases: str
    """What is said in phrases."""
    audio: str | None
    """SHA-256 of the recording that is heard in their place, if there is one."""
    set_by: str | None
    """Who chose it."""

    @staticmethod
    def of(clip: ShownClip) -> "ClipOut":
        """From the domain."""
        return ClipOut(
            hazard=clip.hazard,
            vi=clip.vi,
            en=clip.en,
            language=clip.language,
            phrases=clip.say,
            audio=clip.asset_sha256,
            set_by=clip.set_by,
        )
