"""Shapes of the JSON API. Instants are RFC 3339 in UTC, lengths whole milliseconds.

The text under a field is its description in docs/openapi.json.
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from audio_library.bulletin import Bulletin, Kind, State
from audio_library.script import MAX_CHARACTERS
from audio_library.writing.language_guard import Judgement, Verdict
from controller.fleet.status import Status
from controller.operations.show_fleet import ClusterNow
from controller.storage.instants import to_utc
from controller.storage.tables import AsRun
from schedules.as_run import Heard, Outcome

# The domain says in words how long a text may be; this bound only spares the reader.
LONGEST_BODY = 10 * MAX_CHARACTERS
Text = Annotated[str, Field(max_length=LONGEST_BODY)]
Short = Annotated[str, Field(max_length=300)]
Id = Annotated[str, Field(max_length=120)]
Language = Annotated[str, Field(max_length=20)]
Scripts = Annotated[dict[Language, Text], Field(min_length=1, max_length=20)]
# An instant near an end of the calendar overflows where zones are added to it.
EARLIEST, LATEST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
Instant = Annotated[AwareDatetime, Field(ge=EARLIEST, lt=LATEST)]


class Shape(BaseModel):
    """Base of all shapes: unknown fields are refused, so that a typing slip is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Refused(Shape):
    """Why something was not done: a stable code, and words for people."""

    code: str
    """Stable name of the reason, for programs."""
    vi: str
    """What happened, what was kept and what to do, in Vietnamese."""
    en: str
    """The same in English."""


class UnclearVillage(Refused):
    """No village, or more than one, answers to a name."""

    candidates: list[str]
    """Villages that may be meant, as `commune/name`."""


class SignInForm(Shape):
    """Name and password of an account."""

    name: Short
    """Name of the account."""
    password: Annotated[str, Field(max_length=200)]
    """Its password."""


class SignedInAs(Shape):
    """An open session; send `token` as `Authorization: Bearer …`."""

    name: str
    """Name of the account."""
    token: str
    """Good for twelve hours, or until it signs out."""
    time_zone: str
    """Where the loudspeakers stand: an IANA name, for showing instants."""


class SpanOut(Shape):
    """One reading: `written`, at [start, end) of the text, is read as `spoken`."""

    written: str
    """The part of the text that is not read letter by letter."""
    spoken: str
    """The words that are read in its place."""
    start: int
    """Index of its first character in the text, from 0."""
    end: int
    """Index after its last character in the text."""
    rule: str
    """Whose reading it is: a family of rules, or `lexicon`."""


class DoubtOut(Shape):
    """A reading that a person should look at before approving."""

    written: str
    """The part of the text that may be read wrongly."""
    start: int
    """Index of its first character in the text, from 0."""
    end: int
    """Index after its last character in the text."""
    vi: str
    """What is doubtful about it, in Vietnamese."""
    en: str
    """The same in English."""


class JudgementOut(Shape):
    """Whether a text is in the language that it is marked with."""

    verdict: Verdict
    """`fits`; `doubtful`: to be confirmed at approval; `other`: it will not be approved."""
    looks_like: list[str]
    """Tags of languages that it may be in, the likeliest first; empty: it cannot be said."""
    evidence: list[str]
    """Words that tell it."""
    vi: str
    """What to ask or to do, in Vietnamese; empty when it fits."""
    en: str
    """The same in English."""

    @classmethod
    def of(cls, j: Judgement) -> "JudgementOut":
        """Make it of the domain's value."""
        return cls(
            verdict=j.verdict,
            looks_like=list(j.looks_like),
            evidence=list(j.evidence),
            vi=j.vi,
            en=j.en,
        )


class BulletinIn(Shape):
    """A new bulletin; `scripts` holds the text of each language by its tag."""

    scripts: Scripts
    """The text of each language, by its BCP 47 tag: `vi`, `sed`, `ren`, …"""
    title: Short = ""
    """Empty: the first words of the text."""
    kind: Kind = Kind.NORMAL
    """`thuong` normal, `uu_tien` priority, `khan_cap` emergency."""
    topic: Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9_]*$")] = "thong_bao"
    """A word of the office's own by which bulletins are grouped."""
    valid_until: Instant | None = None
    """Not aired from then on; seven days from now unless given."""
    supersedes: Id | None = None
    """Id of an older bulletin, withdrawn when this one is approved."""
    unit: Id | None = None
    """Id of the unit whose bulletin it is and whose lexicon reads it; left out: the topmost."""


class BulletinEdit(Shape):
    """New words for a bulletin: it becomes a draft again."""

    scripts: Scripts
    """The text of each language, by its BCP 47 tag; languages left out are dropped."""
    title: Short = ""
    """Empty: as it was."""
    valid_until: Instant | None = None
    """Not aired from then on; left out: as it was."""
    unit: Id | None = None
    """Id of the unit whose bulletin it is; left out: as it was."""


class Reason(Shape):
    """Why a bulletin is returned or withdrawn."""

    why: Annotated[str, Field(max_length=500)]
    """Words for the record and for whoever wrote the bulletin; not empty."""


class Approval(Shape):
    """What the approver had before them: `version` of the bulletin as it was shown."""

    version: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    """`version` of the bulletin as the approver read it."""
    language_confirmed: Annotated[list[Language], Field(max_length=20)] = []
    """Tags of the languages that were doubtful and that the approver knows to be right."""


class AudioState(Shape):
    """Audio of one language: ready with its address, being made, or the exact reason why not."""

    language: str
    """BCP 47 tag."""
    state: str
    """ready | waiting | working | failed | missing | to_record (a person must read it)"""
    url: str | None = None
    """Where the audio can be fetched, when ready."""
    sha256: str | None = None
    """SHA-256 of the audio file, in hexadecimal."""
    duration_ms: int | None = None
    """Length in ms."""
    lufs: float | None = None
    """Loudness in LUFS (ITU-R BS.1770), measured on the file."""
    voice: str | None = None
    """Id of the voice that reads."""
    vi: str | None = None
    """Why there is no audio, in Vietnamese."""
    en: str | None = None
    """The same in English."""


class ScriptOut(Shape):
    """One language's words, what will be read, and its audio."""

    language: str
    """BCP 47 tag."""
    text: str
    """As it was written."""
    spoken: str
    """Word for word what is read aloud; of an approved bulletin, what was approved."""
    pinned: bool
    """These words and this reading are approved."""
    reading_changed: bool
    """Rules, lexicon or dialect have changed since: today it would be read otherwise."""
    wording_version: str | None
    """Rules, lexicon and dialect of the approved reading; null: not approved."""
    guard: JudgementOut
    """Whether the words are in this language; if doubtful, approval asks to confirm it."""
    audio: AudioState
    """Its audio."""


class BulletinOut(Shape):
    """A bulletin as it stands; `version` names words and reading, and is asked for at approval."""

    id: str
    """Names the bulletin."""
    version: str
    """Names the words and the reading that are shown here."""
    title: str
    """For people, in lists and on plans."""
    kind: Kind
    """`thuong` normal, `uu_tien` priority, `khan_cap` emergency."""
    topic: str
    """A word of the office's own by which bulletins are grouped."""
    state: State
    """Only what is `approved` airs."""
    author: str
    """Account that wrote it first."""
    created_at: datetime
    """When it was first kept."""
    valid_until: datetime
    """Not aired from then on."""
    supersedes: str | None
    """Id of the bulletin that its approval withdraws."""
    unit: str | None
    """Id of the unit whose bulletin it is; null: the topmost."""
    approved_by: str | None
    """Account that approved it."""
    approved_at: datetime | None
    """When it was approved."""
    returned_why: str | None
    """Why it was sent back to its editor; gone when approved."""
    withdrawn_why: str | None
    """Why it was taken off air."""
    unconfirmed_boxes: int
    """Boxes that have not yet confirmed a withdrawal."""
    scripts: list[ScriptOut]
    """One a language, Vietnamese first."""


class ReadinessOut(Shape):
    """Is a bulletin ready in one language, or exactly why not."""

    language: str
    """BCP 47 tag."""
    ready: bool
    """It can be aired in this language."""
    reason: str | None
    """Stable name of what is lacking; null when ready."""
    vi: str
    """What is lacking, in Vietnamese."""
    en: str
    """The same in English."""


class BulletinLine(Shape):
    """A bulletin in a list."""

    id: str
    """Names the bulletin."""
    title: str
    """For people."""
    kind: Kind
    """`thuong` normal, `uu_tien` priority, `khan_cap` emergency."""
    state: State
    """Only what is `approved` airs."""
    author: str
    """Account that wrote it first."""
    created_at: datetime
    """When it was first kept."""
    valid_until: datetime
    """Not aired from then on."""
    approved_by: str | None
    """Account that approved it."""

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


class VillageOut(Shape):
    """A village and how to name it."""

    id: str
    """Names the village."""
    name: str
    """As people call it; several villages may share one."""
    commune: str
    """Name of its commune."""
    path: str
    """`commune/name`, which no other village has."""


class NextOut(Shape):
    """The next thing that a cluster will air."""

    cue: str
    """Id of the planned play."""
    title: str
    """Title of what will be heard."""
    language: str
    """BCP 47 tag."""
    start: datetime
    """When it begins."""
    duration_ms: int
    """Length in ms."""


class ClusterOut(Shape):
    """One cluster as it is now."""

    cluster: str
    """Id of the cluster."""
    name: str
    """For people."""
    village_id: str
    """Id of the village where it stands."""
    village: str
    """Name of that village."""
    commune: str
    """Name of its commune."""
    device: str | None
    """Id of the box at the cluster; null: none."""
    status: Status
    """`thieu` no box, `mat` out of touch, `chua` not heard from yet, `cho` plan not confirmed,
    `duyet` fetching audio, `san` ready, `phat` on air, `tre` late,
    `bao_tri` under maintenance: silent by order."""
    seen_at: datetime | None
    """When the box last spoke."""
    lacking: int | None
    """Audio files that the box has still to fetch; null: it has not said."""
    bytes_held: int
    """Bytes of planned audio that the box holds."""
    bytes_wanted: int
    """Bytes of audio that its plan asks for."""
    position_ms: int | None
    """How much of what is on air was heard, in ms."""
    duration_ms: int | None
    """Length of what is on air, in ms."""
    on_air_title: str | None
    """What is on air."""
    next: NextOut | None
    """What comes next."""
    clock_source: str | None
    """What the box's clock was set by."""
    unconfirmed_since: datetime | None
    """Since when the box has not confirmed its newest plan."""

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
    """Id of the box."""
    play: str
    """Names the play on that box."""
    cue: str
    """Id of the planned play, of the command, or of what an alert says."""
    cluster: str
    """Name of the cluster at that time."""
    village: str
    """Name of the village at that time."""
    title: str
    """Title of what was aired."""
    language: str
    """BCP 47 tag."""
    bulletin: str
    """Id of the bulletin."""
    asset_sha256: str
    """SHA-256 of the audio file, in hexadecimal."""
    voice: str
    """Id of the voice that read."""
    author: str
    """Account that wrote the bulletin, or ordered the alert."""
    approved_by: str
    """Account that approved it; of an alert, who authorised it."""
    planned_at: datetime
    """When it was to begin."""
    started_at: datetime | None
    """When it began, by the box's clock; null: it did not, or the box has not said."""
    ended_at: datetime | None
    """When it ended, by the box's clock."""
    start_error_ms: int | None
    """Start after (before: negative) the planned time, in ms."""
    played_ms: int
    """How much was heard, in ms."""
    duration_ms: int
    """Length of the audio, in ms."""
    outcome: Outcome
    """`played` means at least 95 % of it was heard."""
    reason: str
    """Why it was not played whole."""
    clock_source: str
    """What the box's clock was set by."""
    heard: Heard
    """What an ear at the horn noticed: `no` means played, not heard at the horn."""
    heard_dbfs: float | None
    """How loud it was at the ear, in dBFS; null: no ear, or it cannot tell."""
    source: str
    """Who wanted it: `plan`, `command`, `alert`, or `local`: somebody at the box."""
    alert: str
    """Id of the alert that it spoke for; empty: none."""

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
            heard=Heard(r.heard),
            heard_dbfs=r.heard_dbfs,
            source=r.source,
            alert=r.alert_id,
        )


class WorkItemOut(Shape):
    """A piece of slow work."""

    id: int
    """Names the work."""
    kind: str
    """What sort of work it is."""
    key: str
    """What it is about; one item a kind and key."""
    state: str
    """waiting | working | failed | stopped"""
    attempts: int
    """How often it was begun."""
    progress: float
    """Share that is done, 0 to 1."""
    vi: str | None
    """Why it failed last, in Vietnamese."""
    en: str | None
    """The same in English."""


class EnrolForm(Shape):
    """A box's public key, as `loalang-agent init` printed it, and where it stands."""

    cluster: Id
    """Id of the cluster where the box stands."""
    public_key: Short
    """Ed25519 public key, as the box printed it."""


class EnrolledOut(Shape):
    """What the box must know, shown once: the password is stored nowhere here."""

    device: str
    """Id that the box goes by from now on."""
    password: str
    """The box's password for the broker."""
    broker: str
    """Address of the broker."""
    root_public_key: str
    """Key that signs which keys the box may believe."""
    placement: str
    """Signed word on where the box stands."""


class PlayIn(Shape):
    """An approved bulletin to be played now; `unit` is the id of a province, commune or village.

    `quiet_ok` is the reason to air outside the commune's airtime law.
    """

    bulletin: Id
    """Id of an approved bulletin."""
    unit: Id
    """Id of a province, commune or village."""
    language: Language = "vi"
    """BCP 47 tag."""
    quiet_ok: Annotated[str, Field(max_length=300)] = ""
    """Why it may air at hours that the airtime law forbids; empty: it may not."""


class StopIn(Shape):
    """Where to stop what sounds; `cue` narrows it to one cue or command."""

    unit: Id
    """Id of a province, commune or village."""
    cue: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,119}$")] | None = None
    """Id of a cue or of a command; left out: whatever sounds."""


class PlayOut(Shape):
    """The command that was sent, and the boxes that should obey a play."""

    command: str
    """Id of the command, under which its plays are recorded."""
    devices: list[str]
    """Ids of the boxes that should play; empty for a stop."""


def _at(ms: int | None) -> datetime | None:
    return to_utc(ms) if ms is not None else None
