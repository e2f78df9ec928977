"""What can stand in the way of another version."""

from edge_agent.errors import AgentError


class UpdateRefused(AgentError):
    """An order to install something that does not prove who gave it, or fits nothing here."""

    code = "update_refused"


class UpdateFailed(AgentError):
    """Another version was not installed, or was left again; what ran before runs on."""

    code = "update_failed"
