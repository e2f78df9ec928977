"""Renewal of a certificate: signed by the box's own key, so an ended one is renewed as well.

POST box/certificate    a `Renewal` in an envelope of kind `renewal`  ->  the certificate (PEM)
"""

import msgspec

from edge_agent.contract.types import ClockMs, DeviceId

PATH = "/api/v1/box/certificate"
MAX_PEM_BYTES = 8_000


class Renewal(msgspec.Struct, frozen=True):
    """The box `did` wants a certificate for the key that signed this; `at` is by its own clock."""

    did: DeviceId
    at: ClockMs
