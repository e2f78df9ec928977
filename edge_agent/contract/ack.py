"""The controller's receipt for reports."""

import msgspec

from edge_agent.contract.types import Counter, Identifier


class ReportAck(msgspec.Struct, frozen=True):
    """Events 1…`upto` of `spool` are committed or quarantined; the box may forget them."""

    spool: Identifier
    upto: Counter
