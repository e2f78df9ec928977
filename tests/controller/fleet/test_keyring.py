"""Whose turn it is to sign, over years, and what boxes are told of it."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from controller.fleet import keyring
from controller.fleet.keyring import DAY_MS, OWN, Purpose, Ring, RingKey
from edge_agent.contract.trust import Kind, Placement, granted

NOW = 1_790_000_000_000


def fresh(purpose: Purpose, at_ms: int) -> RingKey:
    return keyring.own_key(Ed25519PrivateKey.generate().public_key(), purpose, at_ms, "cô Lan")


def ring_of(*keys: RingKey) -> Ring:
    return Ring("root", keys)


@given(st.lists(st.integers(1, 150), min_size=8, max_size=16))
def test_an_office_that_looks_now_and_then_always_signs_with_a_key_known_long_before(
    pauses: list[int],
) -> None:
    """Switched off for up to 150 days at a time, over years."""
    ring = ring_of(*(fresh(purpose, NOW) for purpose in OWN))
    now_ms = NOW
    for days in pauses:
        now_ms += days * DAY_MS
        for purpose in OWN:
            if keyring.needs_successor(ring, purpose, now_ms, keyring.SUCCESSOR_MS):
                ring = keyring.with_key(ring, fresh(purpose, now_ms), now_ms)
            key = keyring.signer(ring, purpose, now_ms)
            assert key is not None
            assert key.not_after_ms - now_ms > keyring.LAST_DAY_MS
            published_for_ms = now_ms - key.made_ms
            assert key.made_ms == NOW or published_for_ms >= 49 * DAY_MS
            assert len(ring.own(purpose)) <= 3


def test_the_oldest_key_signs_until_its_last_day_and_then_the_next() -> None:
    old, new = fresh(Purpose.OFFICE, NOW), fresh(Purpose.OFFICE, NOW + 200 * DAY_MS)
    ring = ring_of(old, new)
    assert keyring.signer(ring, Purpose.OFFICE, NOW + 398 * DAY_MS) == old
    assert keyring.signer(ring, Purpose.OFFICE, NOW + 399 * DAY_MS) == new
    assert keyring.signer(ring, Purpose.EMERGENCY, NOW) is None


def test_a_key_that_has_ended_still_signs_rather_than_nothing() -> None:
    (ring, key) = (ring_of(key := fresh(Purpose.OFFICE, NOW)), key)
    assert keyring.signer(ring, Purpose.OFFICE, NOW + 500 * DAY_MS) == key


def test_the_emergency_key_signs_alerts_and_nothing_else() -> None:
    office, emergency = fresh(Purpose.OFFICE, NOW), fresh(Purpose.EMERGENCY, NOW)
    told = keyring.key_set(ring_of(office, emergency), ("dv-51",), 7)
    here = Placement("abcdefghjkmn", ("thon-1", "dv-51"), 1)
    for kind in Kind:
        may = [key.kid for key in told.keys if granted(told, key.kid, kind, here, NOW)]
        assert may == (
            [emergency.kid]
            if kind is Kind.ALERT
            else [office.kid]
            if kind in keyring.KINDS_OF[Purpose.OFFICE]
            else []
        )


def test_a_revoked_key_is_named_and_never_told() -> None:
    office = fresh(Purpose.OFFICE, NOW)
    ring = keyring.changed(ring_of(office), office.kid, revoked_ms=NOW, why="lost")
    told = keyring.key_set(ring, ("dv-51",), 7)
    assert (told.keys, told.revoked) == ((), (office.kid,))
    assert ring.own(Purpose.OFFICE) == []
