"""Shapes of keeping and purging."""

from datetime import datetime
from typing import Self

from pydantic import StrictInt

from controller.api.shapes import Shape
from controller.operations.keeping import Kind, Rule
from controller.operations.purge import Purged
from controller.storage.instants import to_utc
from controller.storage.library_tables import Purge


class KeepingOut(Shape):
    """How long one kind of thing is kept."""

    kind: Kind
    """Name of the kind."""
    vi: str
    """What it is, in Vietnamese."""
    en: str
    """The same in English."""
    days: int | None
    """Period in days; null: never deleted by itself."""
    default_days: int | None
    """Period where nobody chose another."""
    least_days: int | None
    """Shortest period that can be set; null: none can be set at all."""
    set_by: str | None
    """Who chose it; null: the default holds."""
    set_at: datetime | None
    """When it was chosen."""

    @classmethod
    def of(cls, rule: Rule) -> Self:
        """As the API says it."""
        kept = rule.of
        return cls(
            kind=kept.kind,
            vi=kept.vi,
            en=kept.en,
            days=rule.days,
            default_days=kept.days,
            least_days=kept.least,
            set_by=rule.set_by,
            set_at=rule.set_at,
        )


class KeepingIn(Shape):
    """A new period."""

    days: StrictInt | None
    """Days; null: never deleted by itself."""


class PurgeForm(Shape):
    """Whether to look or to delete."""

    dry_run: bool = True
    """True: only say what would go."""


class GoneOut(Shape):
    """So many things of one kind."""

    kind: Kind
    """Name of the kind."""
    vi: str
    """What it is, in Vietnamese."""
    en: str
    """The same in English."""
    count: int
    """How many went, or would go."""
    bytes: int
    """How much room they took, where that is known."""


class PurgedOut(Shape):
    """What went, or would go."""

    at: datetime
    """As of when."""
    dry_run: bool
    """True: nothing was deleted."""
    gone: list[GoneOut]
    """Every kind of which something goes."""
    doubtful: int
    """Files without a row that were left: so many that the database may be the wrong one."""

    @classmethod
    def of(cls, purged: Purged) -> Self:
        """As the API says it."""
        return cls(
            at=purged.at,
            dry_run=purged.dry_run,
            gone=[
                GoneOut(
                    kind=g.kind,
                    vi=g.kind.keepable.vi,
                    en=g.kind.keepable.en,
                    count=g.count,
                    bytes=g.bytes,
                )
                for g in purged.gone
                if g.count
            ],
            doubtful=purged.doubtful,
        )


class PurgeOut(Shape):
    """One deletion that was written down."""

    id: int
    """Number of the line."""
    kind: Kind
    """What kind of thing it was."""
    subject: str
    """Hash of a file, id and title of a draft, or a day of a log with its number of rows."""
    bytes: int
    """How much room it took, where that is known."""
    why: str
    """The rule: kind, days, and who had set them."""
    by: str
    """Who had it done; `loalang` is the controller itself."""
    at: datetime
    """When."""

    @classmethod
    def of(cls, row: Purge) -> Self:
        """As the API says it."""
        return cls(
            id=row.id or 0,
            kind=Kind(row.kind),
            subject=row.subject,
            bytes=row.bytes,
            why=row.why,
            by=row.by,
            at=to_utc(row.at_ms),
        )


class PurgePage(Shape):
    """Deletions, newest first."""

    purges: list[PurgeOut]
    """This page."""
    next_before: int | None
    """What to send as `before` for the next page; null: there is none."""
