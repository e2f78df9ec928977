"""Grants: a key speaks only as what it may, only where it may, only while it may."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.contract.trust import (
    Grant,
    KeySet,
    Kind,
    Placement,
    PublishedKey,
    granted,
    public_from_text,
    public_to_text,
)

NOW = 1_795_000_000_000
PUBLIC = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
HERE = Placement("abcdef123456", ("xa-dak-ha", "tinh-51"), 1)


def keys(*grants: Grant, revoked: tuple[str, ...] = ()) -> KeySet:
    return KeySet(1, (PublishedKey("k1", public_to_text(PUBLIC), NOW, grants),), revoked)


def may(held: KeySet, kind: Kind = Kind.COMMAND, kid: str = "k1", now: int | None = NOW) -> bool:
    return granted(held, kid, kind, HERE, now) is not None


def test_a_key_of_the_province_speaks_in_its_commune() -> None:
    assert may(keys(Grant(Kind.COMMAND, ("tinh-51",))))


def test_a_stolen_key_of_another_commune_is_mute_here() -> None:
    assert not may(keys(Grant(Kind.COMMAND, ("xa-khac",))))


def test_a_grant_is_for_its_kind_only() -> None:
    assert not may(keys(Grant(Kind.TIME, ("tinh-51",))))


def test_kind_and_unit_must_be_of_one_grant() -> None:
    assert not may(keys(Grant(Kind.COMMAND, ("xa-khac",)), Grant(Kind.TIME, ("tinh-51",))))


def test_a_revoked_or_unknown_key_is_mute() -> None:
    grant = Grant(Kind.COMMAND, ("tinh-51",))
    assert not may(keys(grant, revoked=("k1",)))
    assert not may(keys(grant), kid="k2")


def test_expiry_needs_a_trusted_clock() -> None:
    held = keys(Grant(Kind.COMMAND, ("tinh-51",)))
    assert not may(held, now=NOW + 1)
    assert may(held, now=None)


def test_keys_travel_as_text() -> None:
    assert public_from_text(public_to_text(PUBLIC)) == PUBLIC
    with pytest.raises(ValueError, match="32"):
        public_from_text("c2hvcnQ")
