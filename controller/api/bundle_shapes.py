"""JSON shapes of what came back on a stick."""

from pydantic import BaseModel

from controller.operations.take_bundle import LISTED, BoxTaken, Passed


class PassedOut(BaseModel):
    """A report that was not taken, and why."""

    file: str
    vi: str
    en: str

    @classmethod
    def of(cls, passed: Passed) -> "PassedOut":
        """Read from what was passed over."""
        return cls(file=passed.file[-200:], vi=passed.why[0], en=passed.why[1])


class BoxTakenOut(BaseModel):
    """What came of one box: events that were new, and those that had come before.

    `receipts` belong on the stick as `boxes/<device>/ack.jws`, one a line; `refused` counts all,
    `refused_first` lists some.
    """

    device: str
    place: str
    reports: int
    new: int
    doubled: int
    quarantined: int
    refused: int
    refused_first: list[PassedOut]
    receipts: list[str]

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
