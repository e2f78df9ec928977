"""Shapes of the JSON API. Instants are RFC 3339 in UTC, lengths whole milliseconds."""

from datetime import date, datetime, time
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from audio_library.bulletin import Bulletin, Kind, State
from audio_library.script import MAX_CHARACTERS
from controller.fleet.status import Status
from controller.operations.show_fleet import ClusterNow
from controller.storage.instants import to_utc
from controller.storage.tables import AsRun
from schedules.as_run import Outcome
from schedules.programme import Recurrence

# The domain says in words how long a text may be; this bound only spares the reader.
LONGEST_BODY = 10 * MAX_CHARACTERS
Text = Annotated[str, Field(max_length=LONGEST_BODY)]
Short = Annotated[str, Field(max_length=300)]
Id = Annotated[str, Field(max_length=120)]


class Shape(BaseModel):
    """Base of all shapes: unknown fields are refused, so that a typing slip is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Refused(Shape):
    """Why something was not done: a stable code, and words for people."""

    code: str
    vi: str
    en: str


class SignInForm(Shape):
    """Name and password of an account."""

    name: Short
    password: Annotated[str, Field(max_length=200)]


class SignedInAs(Shape):
    """An open session; send `token` as `Authorization: Bearer …`."""

    name: str
    token: str


class TextToRead(Shape):
    """Vietnamese text whose spoken form is wanted."""

    text: Text


class SpanOut(Shape):
    """One reading: `written`, at [start, end) of the text, is read as `spoken`."""

    written: str
    spoken: str
    start: int
    end: int


class DoubtOut(Shape):
    """A reading that a person should look at before approving."""

    written: str
    start: int
    end: int
    vi: str
    en: str


class SpokenOut(Shape):
    """What the loudspeaker would say."""

    text: str
    spans: list[SpanOut]
    warnings: list[DoubtOut]


class BulletinIn(Shape):
    """A new bulletin; `scripts` holds the text of each language by its tag."""

    scripts: Annotated[dict[str, Text], Field(min_length=1, max_length=20)]
    title: Short = ""
    kind: Kind = Kind.NORMAL
    topic: Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9_]*$")] = "thong_bao"
    valid_until: AwareDatetime | None = None
    supersedes: Id | None = None


class BulletinEdit(Shape):
    """New words for a bulletin: it becomes a draft again."""

    scripts: Annotated[dict[str, Text], Field(min_length=1, max_length=20)]
    title: Short = ""
    valid_until: AwareDatetime | None = None


class Reason(Shape):
    """Why a bulletin is returned or withdrawn."""

    why: Annotated[str, Field(max_length=500)]


class Approval(Shape):
    """What the approver had before them: `version` of the bulletin as it was shown."""

    version: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class AudioState(Shape):
    """Audio of one language: ready with its address, being made, or the exact reason why not."""

    language: str
    state: Annotated[str, Field(description="ready | waiting | working | failed | missing")]
    url: str | None = None
    sha256: str | None = None
    duration_ms: int | None = None
    lufs: float | None = None
    voice: str | None = None
    vi: str | None = None
    en: str | None = None


class ScriptOut(Shape):
    """One language's words, what will be read, and its audio."""

    language: str
    text: str
    spoken: str
    pinned: bool
    reading_changed: bool
    audio: AudioState


class BulletinOut(Shape):
    """A bulletin as it stands; `version` names words and reading, and is asked for at approval."""

    id: str
    version: str
    title: str
    kind: Kind
    topic: str
    state: State
    author: str
    created_at: datetime
    valid_until: datetime
    supersedes: str | None
    approved_by: str | None
    approved_at: datetime | None
    returned_why: str | None
    withdrawn_why: str | None
    unconfirmed_boxes: int
    """Boxes that have not yet confirmed a withdrawal."""
    scripts: list[ScriptOut]


class ReadinessOut(Shape):
    """Is a bulletin ready in one language, or exactly why not."""

    language: str
    ready: bool
    reason: str | None
    vi: str
    en: str


class BulletinLine(Shape):
    """A bulletin in a list."""

    id: str
    title: str
    kind: Kind
    state: State
    author: str
    created_at: datetime
    valid_until: datetime
    approved_by: str | None

    @classmethod
    def of(cls, b: Bulletin) -> "BulletinLine":
        """Make it of the domain's value."""
        return cls(
            id=b.id,
            title=b.title,
            kind=b.kind,
            state=b.state,
            author=b.author,
            created_at=b.created_at,
            valid_until=b.valid_until,
            approved_by=b.approved_by,
        )


class ProgrammeIn(Shape):
    """When and where approved bulletins air; `villages` are ids or `commune/name`.

    `quiet_ok` is the reason to air outside the commune's airtime law.
    """

    bulletins: Annotated[list[Id], Field(min_length=1, max_length=50)]
    villages: Annotated[list[Short], Field(min_length=1, max_length=500)]
    start_date: date
    wall_time: time
    kind: Recurrence = Recurrence.ONCE
    until: date | None = None
    title: Short = ""
    priority: bool = False
    quiet_ok: Annotated[str, Field(max_length=300)] = ""


class LackOut(Shape):
    """A language in which a bulletin cannot be heard yet."""

    bulletin: str
    language: str


class ProgrammeOut(Shape):
    """A programme; `refused` and `missing` list all that will not air although it was chosen."""

    id: str
    title: str
    kind: Recurrence
    start_date: date
    wall_time: time
    until: date | None
    time_zone: str
    bulletins: list[str]
    zones: list[str]
    created_by: str
    refused: list[Refused] = []
    missing: list[LackOut] = []


class VillageOut(Shape):
    """A village and how to name it."""

    id: str
    name: str
    commune: str
    path: str


class NextOut(Shape):
    """The next thing that a cluster will air."""

    cue: str
    title: str
    language: str
    start: datetime
    duration_ms: int


class ClusterOut(Shape):
    """One cluster as it is now."""

    cluster: str
    name: str
    village_id: str
    village: str
    commune: str
    device: str | None
    status: Status
    seen_at: datetime | None
    lacking: int | None
    bytes_held: int
    bytes_wanted: int
    position_ms: int | None
    duration_ms: int | None
    on_air_title: str | None
    next: NextOut | None
    clock_source: str | None
    unconfirmed_since: datetime | None

    @classmethod
    def of(cls, c: ClusterNow) -> "ClusterOut":
        """Make it of the operation's value."""
        coming = c.next
        return cls(
            cluster=c.cluster_id,
            name=c.cluster,
            village_id=c.village_id,
            village=c.village,
            commune=c.commune,
            device=c.device_id,
            status=c.status,
            seen_at=_at(c.seen_ms),
            lacking=c.lacking,
            bytes_held=c.bytes_held,
            bytes_wanted=c.bytes_wanted,
            position_ms=c.position_ms,
            duration_ms=c.duration_ms,
            on_air_title=c.on_air_title,
            next=NextOut(
                cue=coming.cue_id,
                title=coming.title,
                language=coming.language,
                start=to_utc(coming.start_ms),
                duration_ms=coming.duration_ms,
            )
            if coming
            else None,
            clock_source=c.clock_source,
            unconfirmed_since=_at(c.unconfirmed_since_ms),
        )


class AsRunOut(Shape):
    """What was really aired: one row a play."""

    device: str
    play: str
    cue: str
    cluster: str
    village: str
    title: str
    language: str
    bulletin: str
    asset_sha256: str
    voice: str
    author: str
    approved_by: str
    planned_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    start_error_ms: int | None
    played_ms: int
    duration_ms: int
    outcome: Outcome
    reason: str
    clock_source: str

    @classmethod
    def of(cls, r: AsRun) -> "AsRunOut":
        """Make it of the stored row."""
        return cls(
            device=r.device_id,
            play=r.play,
            cue=r.cue_id,
            cluster=r.cluster_name,
            village=r.village,
            title=r.title,
            language=r.language,
            bulletin=r.bulletin_id,
            asset_sha256=r.asset_sha256,
            voice=r.voice,
            author=r.author,
            approved_by=r.approved_by,
            planned_at=to_utc(r.planned_ms),
            started_at=_at(r.started_ms),
            ended_at=_at(r.ended_ms),
            start_error_ms=r.start_error_ms,
            played_ms=r.played_ms,
            duration_ms=r.duration_ms,
            outcome=Outcome(r.outcome),
            reason=r.reason,
            clock_source=r.clock_source,
        )


class WorkItemOut(Shape):
    """A piece of slow work."""

    id: int
    kind: str
    key: str
    state: str
    attempts: int
    progress: float
    vi: str | None
    en: str | None


class EnrolForm(Shape):
    """A box's public key, as `loalang-agent init` printed it, and where it stands."""

    cluster: Id
    public_key: Short


class EnrolledOut(Shape):
    """What the box must know, shown once: the password is stored nowhere here."""

    device: str
    password: str
    broker: str
    root_public_key: str
    placement: str


class PlayIn(Shape):
    """An approved bulletin to be played now; `unit` is the id of a province, commune or village.

    `quiet_ok` is the reason to air outside the commune's airtime law.
    """

    bulletin: Id
    unit: Id
    language: Annotated[str, Field(max_length=20)] = "vi"
    quiet_ok: Annotated[str, Field(max_length=300)] = ""


class StopIn(Shape):
    """Where to stop what sounds; `cue` narrows it to one cue or command."""

    unit: Id
    cue: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,119}$")] | None = None


class PlayOut(Shape):
    """The command that was sent, and the boxes that should obey a play."""

    command: str
    devices: list[str]


class VoiceOut(Shape):
    """One voice that can read a language."""

    id: str
    language: str
    name_vi: str
    engine: str
    licence: str
    online: bool
    ready: bool
    vi: str | None
    en: str | None


def _at(ms: int | None) -> datetime | None:
    return to_utc(ms) if ms is not None else None
