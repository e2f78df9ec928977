"""The self-test of a running agent: a tone in its turn, then the rest beside the agent's loop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from edge_agent.contract.commands import AckStatus, TestTone
from edge_agent.contract.state import Check
from edge_agent.desk import Call
from edge_agent.errand import Send
from edge_agent.errors import StateUnreadable
from edge_agent.orders import FINAL, Progress
from edge_agent.selftest.checks import is_good, look, tone_check
from edge_agent.settings import Settings
from edge_agent.status.status import Status

if TYPE_CHECKING:
    from edge_agent.horn import Horn

TONE = TestTone(seconds=5, gain_db=-12.0)
"""Long and loud enough for an ear at the horn."""

TONE_ID = "selftest"


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What a self-test needs of the agent; `sound` asks for a tone and says why there is none."""

    settings: Settings
    status: Callable[[], Status]
    amplifier_fault: Callable[[], str]
    horn: "Horn | None"
    sound: Callable[[TestTone, Progress], str]
    send: Send

    def answer(self, call: Call) -> None:
        """Check everything, with a tone if the caller wants one. Raises OSError."""
        if call.body.get("tone") is not True:
            self._look(call, ())
            return

        def told(status: AckStatus, reason: str) -> None:
            if status is AckStatus.STARTED:
                call.say("Đang phát âm thử…", "The tone sounds…")
            elif status in FINAL:
                heard = self.horn.last if self.horn else ""
                self._look(call, (tone_check(status, reason, heard),))

        call.say("Âm thử sẽ phát khi loa im.", "The tone sounds once nothing else does.")
        refused = self.sound(TONE, told)
        if refused:
            self._look(call, (tone_check(AckStatus.REFUSED, refused, ""),))

    def _look(self, call: Call, first: tuple[Check, ...]) -> None:
        status, fault = self.status(), self.amplifier_fault()

        def then(found: tuple[Check, ...] | OSError) -> None:
            if isinstance(found, OSError):
                call.failed(StateUnreadable(f"Không kiểm tra được: {found}", f"Failed: {found}"))
                return
            checks = (*first, *found)
            call.done({"checks": msgspec.to_builtins(checks), "good": is_good(checks)})

        self.send(lambda: look(self.settings, status, amplifier=fault), then)
