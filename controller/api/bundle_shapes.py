"""JSON shapes of what came back on a stick."""

from controller.api.shapes import Shape
from controller.operations.take_bundle import LISTED, BoxTaken, Passed


class PassedOut(Shape):
    """A report that was not taken, and why."""

    file: str
    """Its name in the bundle."""
    vi: str
    """Why, in Vietnamese."""
    en: str
    """The same in English."""

    @classmethod
    def of(cls, passed: Passed) -> "PassedOut":
        """Read from what was passed over."""
        return cls(file=passed.file[-200:], vi=passed.why[0], en=passed.why[1])


class BoxTakenOut(Shape):
    """What came of one box on a stick."""

    device: str
    """Id of the box."""
    place: str
    """Name of the loudspeakers where it stands; empty: nowhere."""
    reports: int
    """Files of reports that were looked at."""
    new: int
    """Events that had not come before."""
    doubled: int
    """Events that had come before, by whatever way."""
    quarantined: int
    """Events that could not be read and are kept apart."""
    refused: int
    """Files that were not taken."""
    refused_first: list[PassedOut]
    """The first of those, with the reason."""
    receipts: list[str]
    """They belong on the stick as `boxes/<device>/ack.jws`, one a line."""

    @classmethod
    def of(cls, taken: BoxTaken) -> "BoxTakenOut":
        """Read from what came of a box."""
        return cls(
            device=taken.device_id,
            place=taken.place,
            reports=taken.reports,
            new=taken.new,
            doubled=taken.doubled,
            quarantined=taken.quarantined,
            refused=len(taken.refused),
            refused_first=[PassedOut.of(each) for each in taken.refused[:LISTED]],
            receipts=[receipt.decode() for receipt in taken.receipts],
        )
