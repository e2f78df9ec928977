"""Pairing: a blank box and an office prove to each other, over HTTP(S), that they know one code.

A blank box cannot trust a certificate yet, so nothing here rests on TLS. Each message carries a
tag: HMAC-SHA256 over all that was said before it and over itself, by a key that is stretched from
the code. Whoever stands between them and changes one letter is found out on either side.

    POST box/pairing            Ask     -> Offer
    POST box/pairing/{id}       Poll    -> Verdict, again and again until it is not `waiting`
    POST box/pairing/{id}/done  Poll    -> nothing; the code is spent
"""

import hashlib
import hmac
from enum import StrEnum
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from edge_agent.contract.types import UtcMs, encode

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32; letters that look like a digit are read as that digit."""

ID_LETTERS, SECRET_LETTERS = 4, 12
MAX_MESSAGE_BYTES = 64 * 1024
_LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_STRETCH_N, _STRETCH_R, _STRETCH_P = 1 << 14, 8, 1
"""scrypt: 16 MB and some 50 ms for each guess of the code from a tag that was overheard."""

PairingId = Annotated[str, Meta(pattern=r"^[0-9A-HJKMNP-TV-Z]{4}\Z")]
Nonce = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
Tag = Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")]
PublicKey = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}\Z")]
Words = Annotated[str, Meta(max_length=120, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
Pem = Annotated[str, Meta(max_length=8_000)]
Addresses = Annotated[tuple[Annotated[str, Meta(max_length=500)], ...], Meta(max_length=8)]


class Code(NamedTuple):
    """What a technician types: an open half that names the invitation, and the secret."""

    id: str
    secret: str


class About(msgspec.Struct, frozen=True):
    """What a box says of itself; `hardware` is as in `Presence`."""

    name: Words = ""
    model: Words = ""
    hardware: Annotated[str, Meta(max_length=64, pattern=r"^[0-9a-f]*\Z")] = ""
    agent: Annotated[str, Meta(max_length=40, pattern=r"^[^\x00-\x1f\x7f]*\Z")] = ""


class Ask(msgspec.Struct, frozen=True):
    """A box asks to be taken in."""

    id: PairingId
    public_key: PublicKey
    nonce: Nonce
    about: About = About()
    tag: Tag = ""


class Offer(msgspec.Struct, frozen=True):
    """The office proves that it knows the code; a person decides until `expires`."""

    root_public_key: PublicKey
    ca_pem: Pem
    nonce: Nonce
    expires: UtcMs
    tag: Tag = ""


class Poll(msgspec.Struct, frozen=True):
    """The box asks what was decided, or says that it keeps what it was given."""

    nonce: Nonce
    tag: Tag = ""


class VerdictState(StrEnum):
    """What a person has decided about a box."""

    WAITING = "waiting"
    REFUSED = "refused"
    APPROVED = "approved"


class Verdict(msgspec.Struct, frozen=True):
    """What was decided; all but `state` and `tag` only if it is `approved`."""

    state: VerdictState
    device: str = ""
    placement: Annotated[str, Meta(max_length=16_000)] = ""
    certificate: Pem = ""
    brokers: Addresses = ()
    offices: Addresses = ()
    sources: Addresses = ()
    root_public_key: str = ""
    ca_pem: Pem = ""
    tag: Tag = ""


def read_code(text: str) -> Code:
    """Read a code as people type it, with or without hyphens. Raises ValueError."""
    letters = text.upper().translate(_LOOK_ALIKES)
    if len(letters) != ID_LETTERS + SECRET_LETTERS or set(letters) - set(ALPHABET):
        raise ValueError("not a pairing code")
    return Code(letters[:ID_LETTERS], letters[ID_LETTERS:])


def write_code(code: Code) -> str:
    """The code in groups of four letters."""
    letters = code.id + code.secret
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def stretch(code: Code) -> bytes:
    """The key of the tags: slow on purpose, so it is made once an invitation."""
    return hashlib.scrypt(
        code.secret.encode(),
        salt=b"loalang-pairing/" + code.id.encode(),
        n=_STRETCH_N,
        r=_STRETCH_R,
        p=_STRETCH_P,
        dklen=32,
    )


def tag_ask(key: bytes, ask: Ask) -> Ask:
    """`ask` with its tag."""
    return replace(ask, tag=_tag(key, "ask", _bare(ask)))


def tag_offer(key: bytes, ask: Ask, offer: Offer) -> Offer:
    """`offer` with its tag; it answers `ask`."""
    return replace(offer, tag=_tag(key, "offer", _bare(ask), _bare(offer)))


def tag_poll(key: bytes, ask: Ask, poll: Poll) -> Poll:
    """`poll` with its tag, after `ask`."""
    return replace(poll, tag=_tag(key, "poll", _bare(ask), _bare(poll)))


def tag_done(key: bytes, ask: Ask, done: Poll) -> Poll:
    """The last word of the box with its tag."""
    return replace(done, tag=_tag(key, "done", _bare(ask), _bare(done)))


def tag_verdict(key: bytes, ask: Ask, poll: Poll, verdict: Verdict) -> Verdict:
    """`verdict` with its tag; it answers `poll`."""
    return replace(verdict, tag=_tag(key, "verdict", _bare(ask), _bare(poll), _bare(verdict)))


def holds(said: Ask | Offer | Poll | Verdict, tagged: Ask | Offer | Poll | Verdict) -> bool:
    """Whether `said` carries the tag that it should; takes as long if it does not."""
    return hmac.compare_digest(said.tag, tagged.tag)


def fingerprint(public_key: str) -> str:
    """Sixteen letters of a box's key in groups of four, for two people to compare."""
    letters = hashlib.sha256(public_key.encode()).hexdigest()[:16]
    return " ".join(letters[at : at + 4] for at in range(0, 16, 4))


def _bare(message: Ask | Offer | Poll | Verdict) -> bytes:
    return encode(replace(message, tag=""))


def _tag(key: bytes, word: str, *said: bytes) -> str:
    """JSON holds no line break of its own: these keep word and messages apart."""
    return hmac.new(key, b"\n".join((word.encode(), *said)), hashlib.sha256).hexdigest()
