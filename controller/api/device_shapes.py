"""Shapes of taking boxes in and out of service in the JSON API."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from controller.api.box_shapes import Why
from controller.api.shapes import Id, Shape
from controller.operations.devices import ShownDevice
from controller.operations.pairing import Invitation, ShownPairing

Passphrase = Annotated[str | None, Field(max_length=200)]


class DeviceOut(Shape):
    """A box that was ever taken in."""

    device: str
    """Id of the box."""
    state: Literal["on_duty", "quarantined", "in_store", "revoked", "retired"]
    """`in_store`: it stands nowhere; `quarantined`: nothing that it says is believed."""
    cluster: str
    """Id of the loudspeakers where it stands; empty: nowhere."""
    name: str
    """Name of those loudspeakers."""
    fingerprint: str
    """Of its key, in groups of four, as the box shows it."""
    enrolled_at: AwareDatetime
    """When it was taken in."""
    certificate_until: AwareDatetime | None
    """When its certificate ends; it renews it before. Null: it has none."""
    why: str
    """Why it is in quarantine or was revoked."""

    @staticmethod
    def of(shown: ShownDevice) -> "DeviceOut":
        """Make it of the operation's value."""
        return DeviceOut.model_validate(
            {
                "device": shown.id,
                "state": shown.state,
                "cluster": shown.cluster_id,
                "name": shown.cluster,
                "fingerprint": shown.fingerprint,
                "enrolled_at": shown.enrolled,
                "certificate_until": shown.certificate_until,
                "why": shown.why,
            }
        )


class InviteForm(Shape):
    """For which loudspeakers a box is to be paired."""

    cluster: Id
    """Id of the cluster where the box will stand."""
    minutes: Annotated[int, Field(ge=5, le=2_880)] = 60
    """How long the code lives."""


class InvitationOut(Shape):
    """A pairing code; it is shown once and kept nowhere."""

    id: str
    """The open half of the code: by it the box is approved."""
    code: str
    """The whole code, in groups of four letters."""
    address: str
    """Where the box finds this office."""
    cluster: str
    """Name of the loudspeakers."""
    expires_at: AwareDatetime
    """It counts until then, once."""

    @staticmethod
    def of(made: Invitation) -> "InvitationOut":
        """Make it of the operation's value."""
        return InvitationOut(
            id=made.id,
            code=made.code,
            address=made.address,
            cluster=made.cluster,
            expires_at=made.expires,
        )


class PairingOut(Shape):
    """An invitation that is not over, and the box that asks by it."""

    id: str
    """The open half of its code."""
    state: Literal["open", "asked", "approved"]
    """`open`: no box has asked yet; `approved`: the box has still to collect its papers."""
    cluster: str
    """Id of the loudspeakers."""
    name: str
    """Name of the loudspeakers."""
    made_by: str
    """Who invited."""
    expires_at: AwareDatetime
    """It is over then."""
    asked_at: AwareDatetime | None
    """When a box asked first."""
    fingerprint: str
    """Of the key of the box: compare it with what the box shows."""
    box_name: str
    """What the machine calls itself."""
    model: str
    """What the machine is."""
    agent: str
    """Version of its program."""
    standing: list[str]
    """Ids of the boxes that stand there now: approving asks for `replace`."""

    @staticmethod
    def of(shown: ShownPairing) -> "PairingOut":
        """Make it of the operation's value."""
        return PairingOut.model_validate(
            {
                "id": shown.id,
                "state": shown.state,
                "cluster": shown.cluster_id,
                "name": shown.cluster,
                "made_by": shown.made_by,
                "expires_at": shown.expires,
                "asked_at": shown.asked,
                "fingerprint": shown.fingerprint,
                "box_name": shown.about.name,
                "model": shown.about.model,
                "agent": shown.about.agent,
                "standing": list(shown.standing),
            }
        )


class ApproveForm(Shape):
    """The technician has read out the fingerprint, and it is the same."""

    replace: bool = False
    """Retire the box that stands there now."""
    passphrase: Passphrase = None
    """Recovery code, where the root key is locked."""


class ApprovedOut(Shape):
    """The box is in service."""

    device: str
    """Id that it goes by from now on."""


class MoveForm(Shape):
    """Where a box stands from now on."""

    cluster: Id
    """Id of the cluster."""
    replace: bool = False
    """Retire the box that stands there now."""
    passphrase: Passphrase = None
    """Recovery code, where the root key is locked."""


class WhyForm(Shape):
    """Why a box leaves."""

    why: Why
    """For whoever reads it later."""
