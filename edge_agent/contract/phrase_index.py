"""The phrase bank by hash: an index in one small message, a page a language fetched like audio.

The index of every language in use fits in 1,023 bytes before it is signed.
"""

import base64
from typing import Annotated

import msgspec

from edge_agent.contract.manifest import Asset
from edge_agent.contract.types import Identifier, LanguageTag, Serial

MAX_INDEX_BYTES = 1_023
"""Of an index of MAX_LANGUAGES languages, whatever their pages."""
MAX_LANGUAGES = 18
MAX_PHRASES = 20_000
"""Of one language: every village of a province by name, and then some."""

ShortTag = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,3}\Z")]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{43}\Z")]
"""A SHA-256 in base64url: a third shorter than in hex."""


class PhraseIndex(msgspec.Struct, frozen=True):
    """Obeyed if signed and of a greater serial than the stored one; always every language."""

    serial: Serial = msgspec.field(name="v")
    pages: Annotated[dict[ShortTag, Digest], msgspec.Meta(max_length=MAX_LANGUAGES)] = (
        msgspec.field(name="b")
    )


class PhrasePage(msgspec.Struct, frozen=True):
    """What one language can say: gzip JSON, named by the hash of its packed bytes."""

    language: LanguageTag
    phrases: Annotated[dict[Identifier, Asset], msgspec.Meta(max_length=MAX_PHRASES)]


def to_digest(sha256: str) -> str:
    """A SHA-256 in hex as the index writes it."""
    return base64.urlsafe_b64encode(bytes.fromhex(sha256)).rstrip(b"=").decode("ascii")


def to_sha256(digest: str) -> str:
    """A digest of the index as pages and audio are named."""
    return base64.urlsafe_b64decode(f"{digest}=").hex()
