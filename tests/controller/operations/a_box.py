"""What a true box makes of an office's messages: the agent's own door, and what it then holds."""

from dataclasses import dataclass, field, replace

from sqlmodel import col, select

from controller.storage import tables
from controller.storage.trust_tables import SignedWord
from edge_agent.contract.desired import Desired
from edge_agent.contract.trust import KeySet, Placement, public_from_text
from edge_agent.held import Held
from edge_agent.inbox import Accepted, Dropped, Inbox, open_placement
from tests.controller.office import Box, Office


@dataclass
class Listener:
    """A box that was paired with an office and hears what it queues, in its order."""

    office: Office
    inbox: Inbox
    held: Held
    heard: set[tuple[str, bytes]] = field(default_factory=set)

    def listen(self, now_ms: int | None = None) -> list[Accepted | Dropped]:
        """Take all that is queued and new; gives what it made of each message."""
        with self.office.database.read() as session:
            query = select(tables.Outbox).order_by(col(tables.Outbox.id))
            queued = [(m.topic, m.payload) for m in session.exec(query)]
        news = [message for message in queued if message not in self.heard]
        self.heard.update(news)
        return [self.take(topic, payload, now_ms) for topic, payload in news]

    def take(self, topic: str, payload: bytes, now_ms: int | None = None) -> Accepted | Dropped:
        """Obey one message as far as it is state."""
        answer = self.inbox.read(topic, payload, self.held, now_ms)
        match answer:
            case KeySet():
                self.held = replace(self.held, keys=answer)
            case Placement():
                self.held = replace(self.held, placement=answer)
            case Desired():
                self.held = replace(self.held, desired=answer)
        return answer


def paired(office: Office, box: Box) -> Listener:
    """The box as it left its pairing: it knows the root and where it stands."""
    with office.database.read() as session:
        sealed = session.get_one(SignedWord, f"placement/{box.did}").sealed.decode()
    root = public_from_text(office.authority.root_public)
    return Listener(office, Inbox(root, open_placement(sealed, box.did, root)), Held())
