"""Tables of alerts. Rows of alerts are never deleted. Instants are ms UTC."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Text
from sqlmodel import Field, SQLModel


def _big(*, nullable: bool = False, index: bool = False) -> "Column[int]":
    return Column(BigInteger, nullable=nullable, index=index)


class Alert(SQLModel, table=True):
    """One emergency from its order to its review; what was said is in its versions."""

    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    """active, updated, ended, expired: see `controller/fleet/alert_life.py`."""
    version: int = Field(sa_column=_big())
    test: bool = Field(default=False, sa_column=Column(Boolean, nullable=False))
    origin: str = "office"
    """office, or local: raised at a box and told by it afterwards."""
    origin_device_id: str | None = None
    hazard: str
    raised_ms: int = Field(sa_column=_big(index=True))
    expires_ms: int = Field(sa_column=_big())
    ended_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    ended_by: str | None = None
    ended_why: str | None = None
    reviewed_by: str | None = None
    reviewed_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    review: str | None = Field(default=None, sa_column=Column(Text, nullable=True))


class AlertVersion(SQLModel, table=True):
    """What was ordered, by whom, on whose authority and why; never changed."""

    __tablename__ = "alert_version"
    alert_id: str = Field(primary_key=True, foreign_key="alert.id")
    version: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    severity: str
    areas: list[str] = Field(sa_column=Column(JSON, nullable=False))
    languages: list[str] = Field(sa_column=Column(JSON, nullable=False))
    sentence: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))
    """The slots of the sentence as they were filled."""
    places: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Places that were named beside the areas."""
    spoken: list[dict[str, object]] = Field(sa_column=Column(JSON, nullable=False))
    """By language: words, phrases, or what is lacking."""
    repeat_s: int
    siren_s: int
    max_play_s: int
    issued_ms: int = Field(sa_column=_big())
    expires_ms: int = Field(sa_column=_big())
    ordered_by: str
    authorised_by: str
    reason: str = Field(sa_column=Column(Text, nullable=False))
    supersedes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class AlertAudience(SQLModel, table=True):
    """A box that an alert is for, with what was known of it when it was ordered."""

    __tablename__ = "alert_audience"
    alert_id: str = Field(primary_key=True, foreign_key="alert.id")
    device_id: str = Field(primary_key=True)
    cluster_id: str
    cluster_name: str
    village: str
    silenced: str = ""
    """The switch or order that silenced it then."""
    online: bool = Field(default=False, sa_column=Column(Boolean, nullable=False))


class AlertStep(SQLModel, table=True):
    """One signed step of one version of an alert on one box; `round` counts repeats.

    It first came at `received_ms`; said again later (`at_ms`, by the box's clock) it came last at
    `last_ms`, with the reason that it gave then.
    """

    __tablename__ = "alert_step"
    alert_id: str = Field(primary_key=True)
    device_id: str = Field(primary_key=True)
    version: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    status: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    at_ms: int = Field(sa_column=_big())
    received_ms: int = Field(sa_column=_big(index=True))
    last_ms: int = Field(sa_column=_big())
    reason: str = ""


class HazardClip(SQLModel, table=True):
    """A recording that is heard for a hazard in one language, in place of the phrases."""

    __tablename__ = "hazard_clip"
    hazard: str = Field(primary_key=True)
    language: str = Field(primary_key=True)
    asset_sha256: str = Field(foreign_key="asset.sha256")
    set_by: str
    set_ms: int = Field(sa_column=_big())


class ClipPage(SQLModel, table=True):
    """The page of hazard clips of one order of languages (`vi,bdq`), as it was laid out last."""

    __tablename__ = "clip_page"
    languages: str = Field(primary_key=True)
    page_sha256: str
    bytes: int
