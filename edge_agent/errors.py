"""Errors for people, Vietnamese and English: what happened, what was kept, what to do."""


class AgentError(Exception):
    """A fault that a person has to know of; `code` is stable."""

    code = "agent_error"

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(vi, en)
        self.vi = vi
        self.en = en

    def __str__(self) -> str:
        return f"{self.vi} / {self.en}"


class BadConfig(AgentError):
    """The configuration file is missing, unreadable or wrong."""

    code = "bad_config"


class BadIdentity(AgentError):
    """The box's own key is missing or unreadable."""

    code = "bad_identity"


class NotPaired(AgentError):
    """The box belongs to no office yet."""

    code = "not_paired"


class PairingFailed(AgentError):
    """The box was not taken in; `code` is the office's own where it said why."""

    def __init__(self, vi: str, en: str, code: str = "pairing_failed") -> None:
        super().__init__(vi, en)
        self.code = code


class StateBusy(AgentError):
    """Another agent works in the same state folder."""

    code = "state_busy"


class StateUnwritable(AgentError):
    """The state folder cannot be made or written."""

    code = "state_unwritable"


class StateUnreadable(AgentError):
    """A file of the state folder cannot be opened, though it may be whole."""

    code = "state_unreadable"


class PlayerUnusable(AgentError):
    """The player cannot be started or does not answer."""

    code = "player_unusable"


class EarDeaf(AgentError):
    """The ear at the horn cannot listen; the box plays all the same."""

    code = "ear_deaf"


class StickUseless(AgentError):
    """Nothing could be taken from a stick, or given to it."""

    code = "stick_useless"


class NotRunning(AgentError):
    """No agent is at work in the state folder."""

    code = "not_running"


class DeskRefused(AgentError):
    """The agent does not take this call, or not now."""

    code = "desk_refused"


class DeskSilent(AgentError):
    """The agent was asked and does not answer."""

    code = "desk_silent"


class UnknownOperation(AgentError):
    """The agent was asked for something that it does not know."""

    code = "unknown_operation"


class ToldByAgent(AgentError):
    """What a running agent said against a call; `code` is its own."""

    def __init__(self, code: str, vi: str, en: str) -> None:
        super().__init__(vi, en)
        self.code = code
