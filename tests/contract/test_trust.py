"""Grants: a key speaks only as what it may, only where it may, only while it may."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

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


units = st.sampled_from(["thon-1", "xa-dak-ha", "tinh-51", "thon-2", "xa-khac", "tinh-52"])
kinds = st.sampled_from(list(Kind))
grants = st.lists(st.builds(Grant, kinds, st.lists(units, max_size=3).map(tuple)), max_size=4)


@given(
    st.lists(st.tuples(grants, st.integers(NOW - 2, NOW + 2), st.booleans()), max_size=4),
    kinds,
    st.lists(units, max_size=3, unique=True).map(tuple),
    st.one_of(st.none(), st.integers(NOW - 2, NOW + 2)),
)
def test_a_key_may_exactly_what_one_of_its_grants_says(
    ring: list[tuple[list[Grant], int, bool]],
    kind: Kind,
    above: tuple[str, ...],
    now: int | None,
) -> None:
    """Whatever else stands in the set: each key is judged by its own grants alone."""
    published = tuple(
        PublishedKey(f"k{n}", public_to_text(PUBLIC), not_after, tuple(own))
        for n, (own, not_after, _) in enumerate(ring)
    )
    revoked = tuple(f"k{n}" for n, (_, _, is_revoked) in enumerate(ring) if is_revoked)
    held, place = KeySet(1, published, revoked), Placement("abcdef123456", above, 1)
    for n, (own, not_after, is_revoked) in enumerate(ring):
        alive = not is_revoked and (now is None or now <= not_after)
        named = any(g.kind is kind and any(unit in above for unit in g.units) for g in own)
        assert (granted(held, f"k{n}", kind, place, now) is not None) == (alive and named)
