"""Tables. Instants are whole milliseconds since 1970 UTC (`…_ms`), dates are ISO text.

What a row copies at air time (`planned_play`, `as_run`) is copied on purpose: it must still be
true when the place, the title or the bulletin has changed.
"""

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel


def _big(*, nullable: bool = False, index: bool = False) -> "Column[int]":
    return Column(BigInteger, nullable=nullable, index=index)


class Unit(SQLModel, table=True):
    """Province, commune or village; `code` is the official 5-digit string, villages have none."""

    id: str = Field(primary_key=True)
    name: str
    level: str
    code: str | None = Field(default=None, index=True)
    parent_id: str | None = Field(default=None, foreign_key="unit.id", index=True)
    valid_from: str
    valid_until: str | None = None
    predecessors: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class Cluster(SQLModel, table=True):
    """Cụm loa: one amplifier with its horns, at a place."""

    id: str = Field(primary_key=True)
    name: str
    unit_id: str = Field(foreign_key="unit.id", index=True)
    horns: int = 1
    radius_m: int | None = None
    """How far it is heard; None: not known."""
    latitude: float | None = None
    longitude: float | None = None
    sensitive: bool = False
    """It has `places`, or is marked so without saying which."""
    places: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Kinds of sensitive place in earshot: school, clinic, church, communal_house."""


class VillageHears(SQLModel, table=True):
    """Share of a village's homes in earshot of a cluster, dated."""

    __tablename__ = "village_hears"
    unit_id: str = Field(primary_key=True, foreign_key="unit.id")
    cluster_id: str = Field(primary_key=True, foreign_key="cluster.id")
    valid_from: str = Field(primary_key=True)
    valid_until: str | None = None
    share: float = 1.0


class Device(SQLModel, table=True):
    """A box: its keys. Where it stands is an installation."""

    id: str = Field(primary_key=True)
    public_key: str
    password_hash: str
    enrolled_ms: int = Field(sa_column=_big())
    retired_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    quarantined_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    """Since when nothing that comes in its name is believed."""
    quarantined_why: str = ""
    hardware: str = ""
    """Hash of the machine it was paired in; "" where that is not known."""


class Installation(SQLModel, table=True):
    """Which box stood at which cluster, and when."""

    id: int | None = Field(default=None, primary_key=True)
    device_id: str = Field(foreign_key="device.id", index=True)
    cluster_id: str = Field(foreign_key="cluster.id", index=True)
    from_ms: int = Field(sa_column=_big())
    until_ms: int | None = Field(default=None, sa_column=_big(nullable=True))


class Zone(SQLModel, table=True):
    """A place that hears together, with its order of languages."""

    id: str = Field(primary_key=True)
    name: str
    unit_id: str = Field(foreign_key="unit.id", index=True)
    time_zone: str
    languages: list[str] = Field(sa_column=Column(JSON, nullable=False))


class ZoneCluster(SQLModel, table=True):
    """Dated membership of a cluster in a zone."""

    __tablename__ = "zone_cluster"
    zone_id: str = Field(primary_key=True, foreign_key="zone.id")
    cluster_id: str = Field(primary_key=True, foreign_key="cluster.id", index=True)
    valid_from: str = Field(primary_key=True)
    valid_until: str | None = None


class AirtimeRule(SQLModel, table=True):
    """A unit's own airtime law; holds for all below it that have none."""

    __tablename__ = "airtime_rule"
    unit_id: str = Field(primary_key=True, foreign_key="unit.id")
    body: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))
    set_by: str = ""
    set_ms: int = Field(default=0, sa_column=_big())


class Bulletin(SQLModel, table=True):
    """One message that someone must approve."""

    id: str = Field(primary_key=True)
    title: str
    kind: str
    topic: str
    state: str = Field(index=True)
    author: str
    created_ms: int = Field(sa_column=_big(index=True))
    valid_until_ms: int = Field(sa_column=_big())
    supersedes: str | None = None
    unit_id: str | None = Field(default=None, foreign_key="unit.id")
    """Whose bulletin it is, and so whose lexicon and dialect read it; None: the topmost unit's."""
    editors: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    approved_by: str | None = None
    approved_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    withdrawn_by: str | None = None
    withdrawn_why: str | None = None
    withdrawn_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    sent_back_by: str | None = None
    sent_back_why: str | None = None
    sent_back_ms: int | None = Field(default=None, sa_column=_big(nullable=True))

    __table_args__ = (Index("ix_bulletin_owner", "unit_id", "state", "valid_until_ms"),)


class Script(SQLModel, table=True):
    """The words in one language, and what approval pinned of them."""

    bulletin_id: str = Field(primary_key=True, foreign_key="bulletin.id")
    language: str = Field(primary_key=True)
    text: str = Field(sa_column=Column(Text, nullable=False))
    pinned_script_sha256: str | None = None
    pinned_spoken: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    pinned_wording_version: str | None = None


class Asset(SQLModel, table=True):
    """One audio file, known by its SHA-256."""

    sha256: str = Field(primary_key=True)
    bytes: int
    duration_ms: int
    media_type: str
    lufs: float
    true_peak_dbtp: float
    created_ms: int = Field(sa_column=_big())


class Rendition(SQLModel, table=True):
    """A spoken form as speech: valid only for that hash."""

    language: str = Field(primary_key=True)
    spoken_sha256: str = Field(primary_key=True)
    asset_sha256: str = Field(foreign_key="asset.sha256")
    voice: str
    engine: str
    created_ms: int = Field(sa_column=_big())


class SerialCounter(SQLModel, table=True):
    """Last serial given out for one signed state."""

    __tablename__ = "serial_counter"
    name: str = Field(primary_key=True)
    last: int = Field(sa_column=_big())


class Page(SQLModel, table=True):
    """A packed day page, by hash."""

    sha256: str = Field(primary_key=True)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_ms: int = Field(sa_column=_big())


class DesiredState(SQLModel, table=True):
    """What we want of a device: the newest signed word."""

    __tablename__ = "desired_state"
    device_id: str = Field(primary_key=True, foreign_key="device.id")
    serial: int = Field(sa_column=_big())
    said_sha256: str
    """Of everything said but serial and time: unchanged means nothing to send."""
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    issued_ms: int = Field(sa_column=_big())


class ReportedState(SQLModel, table=True):
    """What a device says of itself."""

    __tablename__ = "reported_state"
    device_id: str = Field(primary_key=True, foreign_key="device.id")
    boot: int = Field(default=0, sa_column=_big())
    conn: int = Field(default=0, sa_column=_big())
    online: bool = False
    seen_ms: int = Field(sa_column=_big())
    agent: str = ""
    rules: int = 0
    desired: int = Field(default=0, sa_column=_big())
    keys: int = Field(default=0, sa_column=_big())
    held: int = Field(default=0, sa_column=_big())
    lacking: int | None = Field(default=None, sa_column=_big(nullable=True))
    """None until the device has said it for the serial it holds."""
    clock_source: str = "untrusted"
    clock_offset_ms: int = Field(default=0, sa_column=_big())
    losses: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """What it found unreadable on its disk since its last start."""
    disk_errors_known: int | None = Field(default=None, sa_column=_big(nullable=True))
    """How many its disk had counted when somebody last looked, or at first."""
    telemetry: dict[str, object] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False)
    )


class PlannedPlay(SQLModel, table=True):
    """What a device was told to air; written at publishing, never changed."""

    __tablename__ = "planned_play"
    device_id: str = Field(primary_key=True)
    cue_id: str = Field(primary_key=True)
    serial: int = Field(sa_column=_big())
    cluster_id: str
    cluster_name: str
    village: str
    title: str
    language: str
    bulletin_id: str = Field(index=True)
    programme_id: str
    asset_sha256: str
    spoken_sha256: str
    voice: str
    author: str
    approved_by: str
    start_ms: int = Field(sa_column=_big(index=True))
    duration_ms: int
    rank: str

    __table_args__ = (
        Index("ix_planned_play_of_box", "device_id", "start_ms"),
        Index("ix_planned_play_of_bulletin", "device_id", "bulletin_id", "start_ms"),
    )


class UnplannedPlay(SQLModel, table=True):
    """A planned play that a later plan took back before it was due."""

    __tablename__ = "unplanned_play"
    device_id: str = Field(primary_key=True)
    cue_id: str = Field(primary_key=True)
    serial: int = Field(sa_column=_big())
    at_ms: int = Field(sa_column=_big())


class Silencing(SQLModel, table=True):
    """The serial from which on a box no longer holds a withdrawn bulletin for playable."""

    bulletin_id: str = Field(primary_key=True)
    device_id: str = Field(primary_key=True)
    serial: int = Field(sa_column=_big())


class PlaybackEvent(SQLModel, table=True):
    """Immutable fact that a device reported."""

    __tablename__ = "playback_event"
    device_id: str = Field(primary_key=True)
    spool: str = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    kind: str
    play: str
    cue: str
    asset_sha256: str
    wall_ms: int = Field(sa_column=_big())
    mono_ms: int = Field(sa_column=_big())
    boot: int = Field(sa_column=_big())
    clock_source: str
    clock_offset_ms: int = Field(sa_column=_big())
    planned_ms: int = Field(sa_column=_big())
    duration_ms: int
    played_ms: int
    rank: str
    rules: int
    desired: int = Field(sa_column=_big())
    gain_db: float
    title: str
    language: str
    reason: str
    received_ms: int = Field(sa_column=_big())
    heard: str = "unknown"
    heard_dbfs: float | None = None
    delay_ms: int = 0
    """How long after `planned_ms` it was to begin."""
    source: str = "plan"
    """Who wanted it: plan, command, alert, local."""
    alert_id: str = ""

    __table_args__ = (Index("ix_playback_event_play", "device_id", "play"),)


class QuarantinedEvent(SQLModel, table=True):
    """An event that could not be read: kept, with the reason."""

    __tablename__ = "quarantined_event"
    device_id: str = Field(primary_key=True)
    spool: str = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    reason: str
    received_ms: int = Field(sa_column=_big())


class SpoolMark(SQLModel, table=True):
    """Everything of a spool up to `upto` is committed or quarantined."""

    __tablename__ = "spool_mark"
    device_id: str = Field(primary_key=True)
    spool: str = Field(primary_key=True)
    upto: int = Field(sa_column=_big())


class AsRun(SQLModel, table=True):
    """One row a play: what was really aired, copied at air time; can be rebuilt from events."""

    __tablename__ = "as_run"
    device_id: str = Field(primary_key=True)
    play: str = Field(primary_key=True)
    cue_id: str = Field(index=True)
    cluster_id: str
    cluster_name: str
    village: str
    title: str
    language: str
    bulletin_id: str = Field(index=True)
    asset_sha256: str
    spoken_sha256: str
    voice: str
    author: str
    approved_by: str
    rank: str
    rules: int
    planned_ms: int = Field(sa_column=_big(index=True))
    duration_ms: int
    started_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    ended_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    start_error_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    played_ms: int
    outcome: str
    reason: str
    gain_db: float
    clock_source: str
    clock_offset_ms: int = Field(sa_column=_big())
    received_ms: int = Field(sa_column=_big())
    heard: str = "unknown"
    heard_dbfs: float | None = None
    source: str = "plan"
    alert_id: str = Field(default="", index=True)

    __table_args__ = (Index("ix_as_run_cue_of_box", "device_id", "cue_id"),)


class Outbox(SQLModel, table=True):
    """Messages to the broker, written in the transaction that caused them."""

    id: int | None = Field(default=None, primary_key=True)
    topic: str
    payload: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    retain: bool
    created_ms: int = Field(sa_column=_big())
    expires_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    sent_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    lost_why: str | None = None

    __table_args__ = (
        Index("ix_outbox_waiting", "sent_ms", "id"),
        Index("ix_outbox_topic", "topic", "sent_ms"),
    )


class SentCommand(SQLModel, table=True):
    """A command as it was signed; resent to a box that comes back within its life."""

    __tablename__ = "sent_command"
    id: str = Field(primary_key=True)
    audience: str = Field(index=True)
    kind: str
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    ordered_by: str
    issued_ms: int = Field(sa_column=_big())
    expires_ms: int = Field(sa_column=_big(index=True))


class CommandStep(SQLModel, table=True):
    """One acknowledged step of a command on one device."""

    __tablename__ = "command_step"
    command_id: str = Field(primary_key=True)
    device_id: str = Field(primary_key=True)
    status: str = Field(primary_key=True)
    at_ms: int = Field(sa_column=_big())
    reason: str


class Account(SQLModel, table=True):
    """Who may sign in; the password is kept as an argon2 hash."""

    id: str = Field(primary_key=True)
    name: str = Field(unique=True)
    password_hash: str
    created_ms: int = Field(sa_column=_big())


class SignedIn(SQLModel, table=True):
    """An open session, by the hash of its token."""

    __tablename__ = "signed_in"
    token_sha256: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True)
    created_ms: int = Field(sa_column=_big())
    expires_ms: int = Field(sa_column=_big())


class Event(SQLModel, table=True):
    """What screens are told, in order; a reader resumes by id."""

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    body: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))
    at_ms: int = Field(sa_column=_big(index=True))


class WorkItem(SQLModel, table=True):
    """Slow work: survives a restart, is claimed when due, shows progress, can be stopped."""

    __tablename__ = "work_item"
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    key: str
    body: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))
    state: str = Field(index=True)
    due_ms: int = Field(sa_column=_big(index=True))
    lease_until_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    attempts: int = 0
    claims: int = 0
    """How often it was ever taken: tells its holder from one who was overtaken."""
    progress: float = 0.0
    asked_again: bool = False
    """Asked for while it was being done: it is due once more when it ends."""
    error_code: str | None = None
    error_vi: str | None = None
    error_en: str | None = None
    updated_ms: int = Field(sa_column=_big())

    __table_args__ = (
        UniqueConstraint("kind", "key"),
        Index("ix_work_item_due", "kind", "state", "due_ms"),
    )
