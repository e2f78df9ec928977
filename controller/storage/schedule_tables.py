"""Tables of schedules. As in `tables`: instants are whole milliseconds UTC, dates are ISO text."""

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary
from sqlmodel import Field, SQLModel


def _big(*, nullable: bool = False, index: bool = False) -> "Column[int]":
    return Column(BigInteger, nullable=nullable, index=index)


def _json() -> "Column[object]":
    return Column(JSON, nullable=False)


class Programme(SQLModel, table=True):
    """A slot with a purpose; `timing` and `template` as `schedules` has them.

    `uid` and `sequence` are those of iCalendar: an edit raises the sequence and keeps the uid.
    """

    id: str = Field(primary_key=True)
    uid: str = Field(index=True, unique=True)
    sequence: int = 0
    title: str
    rank: str
    timing: dict[str, object] = Field(sa_column=_json())
    template: dict[str, object] = Field(sa_column=_json())
    duration_ms: int | None = None
    enter: str = ""
    leave: str = ""
    fallback: str = ""
    quiet_ok: str = ""
    created_by: str
    created_ms: int = Field(sa_column=_big())
    changed_by: str
    changed_ms: int = Field(sa_column=_big())
    cancelled_ms: int | None = Field(default=None, sa_column=_big(nullable=True))


class ProgrammeZone(SQLModel, table=True):
    """Where a programme airs."""

    __tablename__ = "programme_zone"
    programme_id: str = Field(primary_key=True, foreign_key="programme.id")
    zone_id: str = Field(primary_key=True, foreign_key="zone.id", index=True)


class ProgrammeBulletin(SQLModel, table=True):
    """Which bulletins a template names: an index of `Programme.template`, written with it."""

    __tablename__ = "programme_bulletin"
    programme_id: str = Field(primary_key=True, foreign_key="programme.id")
    position: int = Field(primary_key=True)
    bulletin_id: str = Field(foreign_key="bulletin.id", index=True)


class ProgrammeChange(SQLModel, table=True):
    """Every version of a programme, who made it and when; append only."""

    __tablename__ = "programme_change"
    programme_id: str = Field(primary_key=True, foreign_key="programme.id")
    sequence: int = Field(primary_key=True)
    what: str
    body: dict[str, object] = Field(sa_column=_json())
    by: str
    at_ms: int = Field(sa_column=_big())


class ZoneDay(SQLModel, table=True):
    """One local day of one zone as it was resolved last: cues, and all that will not air."""

    __tablename__ = "zone_day"
    zone_id: str = Field(primary_key=True, foreign_key="zone.id")
    local_date: str = Field(primary_key=True)
    said_sha256: str
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    planned_ms: int = Field(sa_column=_big())


class BoxPage(SQLModel, table=True):
    """Which packed page a box was told for a local day, and from what it was made.

    `source_sha256` names the zone days behind it; a day on which the box airs nothing has no page.
    """

    __tablename__ = "box_page"
    device_id: str = Field(primary_key=True, foreign_key="device.id")
    local_date: str = Field(primary_key=True)
    source_sha256: str
    page_sha256: str | None = None
    bytes: int = 0


class Cart(SQLModel, table=True):
    """A reusable clip in one language; those of one `name` and unit are one cart.

    `name` is what templates say (`greeting`, `chime_opening`, a collection's name); a unit's own
    comes before those of the units above it. `source` says whose sound it is and by whose leave.
    """

    id: str = Field(primary_key=True)
    name: str = Field(index=True)
    unit_id: str | None = Field(default=None, foreign_key="unit.id", index=True)
    language: str
    title: str
    asset_sha256: str = Field(foreign_key="asset.sha256")
    source: str = ""
    added_by: str
    added_ms: int = Field(sa_column=_big())
    removed_ms: int | None = Field(default=None, sa_column=_big(nullable=True))


class RelaySource(SQLModel, table=True):
    """Another station's stream; `why_unproved` is an administrator's exception from https."""

    __tablename__ = "relay_source"
    id: str = Field(primary_key=True)
    name: str
    url: str
    why_unproved: str = ""
    added_by: str
    added_ms: int = Field(sa_column=_big())
    removed_ms: int | None = Field(default=None, sa_column=_big(nullable=True))


class DayCalendarRule(SQLModel, table=True):
    """A unit's own seasons, swap days and holidays; holds for all below it that have none."""

    __tablename__ = "day_calendar"
    unit_id: str = Field(primary_key=True, foreign_key="unit.id")
    body: dict[str, object] = Field(sa_column=_json())
    set_by: str
    set_ms: int = Field(sa_column=_big())


class PriorityQuestion(SQLModel, table=True):
    """Ưu tiên bulletins that want to be first in one session of a commune: a person decides.

    `bulletins` is the declared default; `decided` is the order that holds, `decided_by` "" when
    the time limit decided.
    """

    __tablename__ = "priority_question"
    id: str = Field(primary_key=True)
    unit_id: str = Field(foreign_key="unit.id", index=True)
    bulletins: list[str] = Field(sa_column=_json())
    session_ms: int = Field(sa_column=_big())
    asked_ms: int = Field(sa_column=_big())
    decide_by_ms: int = Field(sa_column=_big(index=True))
    decided: list[str] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    decided_by: str = ""
    decided_ms: int | None = Field(default=None, sa_column=_big(nullable=True))


class CalendarFeed(SQLModel, table=True):
    """A subscription address that can be given away and taken back, by the hash of its token."""

    __tablename__ = "calendar_feed"
    token_sha256: str = Field(primary_key=True)
    unit_id: str = Field(foreign_key="unit.id")
    made_by: str
    made_ms: int = Field(sa_column=_big())
    revoked_ms: int | None = Field(default=None, sa_column=_big(nullable=True))


class ReadinessProof(SQLModel, table=True):
    """What a box last proved to hold of the plays that start before `until_ms`."""

    __tablename__ = "readiness_proof"
    device_id: str = Field(primary_key=True, foreign_key="device.id")
    desired: int = Field(sa_column=_big())
    until_ms: int = Field(sa_column=_big())
    held: list[str] = Field(sa_column=_json())
    lacking: list[str] = Field(sa_column=_json())
    received_ms: int = Field(sa_column=_big())
    boot: int = Field(default=0, sa_column=_big())
    mono_ms: int = Field(default=0, sa_column=_big())


class Alarm(SQLModel, table=True):
    """Something that a person must look at; `key` is what it is about, one alarm open a key."""

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    key: str
    device_id: str | None = None
    cluster_id: str | None = None
    vi: str
    en: str
    raised_ms: int = Field(sa_column=_big())
    cleared_ms: int | None = Field(default=None, sa_column=_big(nullable=True))

    __table_args__ = (Index("ix_alarm_open", "cleared_ms", "kind", "key"),)
