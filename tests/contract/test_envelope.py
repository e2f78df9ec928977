"""The envelope: what is not signed exactly so proves nothing."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from jwt.api_jws import PyJWS

from edge_agent.contract.envelope import Opened, Untrusted, open_sealed, seal
from edge_agent.contract.types import MAX_PAYLOAD_BYTES

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()


def b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def open_cmd(sealed: bytes) -> Opened:
    return open_sealed(sealed, kind="cmd", key_for=lambda kid: PUBLIC if kid == "k1" else None)


def handmade(header: dict[str, Any], payload: bytes = b"{}", key: Ed25519PrivateKey = KEY) -> bytes:
    signing = b64(json.dumps(header).encode()) + b"." + b64(payload)
    return signing + b"." + b64(key.sign(signing))


def test_a_sealed_message_opens_to_the_same_bytes() -> None:
    sealed = seal(b'{"a":1}', kind="cmd", kid="k1", key=KEY)
    assert open_cmd(sealed) == Opened("k1", "cmd", b'{"a":1}')


def test_the_form_is_plain_jws_that_any_language_can_make() -> None:
    assert open_cmd(handmade({"alg": "EdDSA", "typ": "cmd", "kid": "k1"})).payload == b"{}"


def test_another_implementation_of_jws_makes_and_reads_the_same_form() -> None:
    other = PyJWS(algorithms=["EdDSA"])
    sealed = seal(b'{"a":1}', kind="cmd", kid="k1", key=KEY)
    assert other.decode(sealed, PUBLIC, algorithms=["EdDSA"]) == b'{"a":1}'
    theirs = other.encode(b"{}", KEY, algorithm="EdDSA", headers={"typ": "cmd", "kid": "k1"})
    assert open_cmd(theirs.encode()).payload == b"{}"


@pytest.mark.parametrize("letter", [b"=", b"\n", b" ", b"+", b"/", b"."])
def test_letters_outside_the_alphabet_are_refused(letter: bytes) -> None:
    with pytest.raises(Untrusted):
        open_cmd(SEALED + letter)
    with pytest.raises(Untrusted):
        open_cmd(letter + SEALED)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "cmd", "kid": "k1"},
        {"alg": "HS256", "typ": "cmd", "kid": "k1"},
        {"alg": "ES256", "typ": "cmd", "kid": "k1"},
        {"alg": "EdDSA", "typ": "desired", "kid": "k1"},
        {"alg": "EdDSA", "kid": "k1"},
        {"alg": "EdDSA", "typ": "cmd"},
        {"alg": "EdDSA", "typ": "cmd", "kid": "k2"},
        {"alg": "EdDSA", "typ": "cmd", "kid": 1},
        {"alg": "EdDSA", "typ": "cmd", "kid": ["k1"]},
        {"alg": "EdDSA", "typ": "cmd", "kid": None},
        {"alg": "EdDSA", "typ": "cmd", "kid": "k1", "crit": ["exp"], "exp": 1},
        {"alg": "EdDSA", "typ": "cmd", "kid": "k1", "b64": False, "crit": ["b64"]},
    ],
)
def test_another_header_is_refused_even_with_a_good_signature(header: dict[str, Any]) -> None:
    with pytest.raises(Untrusted):
        open_cmd(handmade(header))


def test_the_public_key_is_no_shared_secret() -> None:
    header = b64(json.dumps({"alg": "HS256", "typ": "cmd", "kid": "k1"}).encode())
    signing = header + b"." + b64(b"{}")
    mac = hmac.new(PUBLIC.public_bytes_raw(), signing, hashlib.sha256).digest()
    with pytest.raises(Untrusted):
        open_cmd(signing + b"." + b64(mac))


def test_an_unsigned_message_is_refused() -> None:
    header = b64(json.dumps({"alg": "none", "typ": "cmd", "kid": "k1"}).encode())
    with pytest.raises(Untrusted):
        open_cmd(header + b"." + b64(b"{}") + b".")


def test_another_key_is_refused() -> None:
    sealed = seal(b"{}", kind="cmd", kid="k1", key=Ed25519PrivateKey.generate())
    with pytest.raises(Untrusted):
        open_cmd(sealed)


SEALED = seal(b'{"id":"c-1","kind":"play"}', kind="cmd", kid="k1", key=KEY)


@given(st.integers(0, len(SEALED) - 1))
def test_a_cut_message_is_refused(length: int) -> None:
    with pytest.raises(Untrusted):
        open_cmd(SEALED[:length])


@given(st.integers(0, len(SEALED) - 1), st.integers(0, 7))
def test_a_flipped_bit_never_changes_what_is_obeyed(place: int, bit: int) -> None:
    forged = bytearray(SEALED)
    forged[place] ^= 1 << bit
    try:
        # The last letter of base64 has bits that mean nothing.
        assert open_cmd(bytes(forged)).payload == b'{"id":"c-1","kind":"play"}'
    except Untrusted:
        return


@given(st.binary(max_size=300))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(Untrusted):
        open_cmd(noise)


def test_too_large_is_refused_before_its_signature_is_looked_at() -> None:
    sealed = seal(b"x" * MAX_PAYLOAD_BYTES, kind="cmd", kid="k1", key=KEY)
    asked: list[str] = []
    with pytest.raises(Untrusted, match="over"):
        open_sealed(sealed, kind="cmd", key_for=lambda kid: asked.append(kid))
    assert asked == []


def test_a_deep_header_is_refused() -> None:
    deep = b64(b"[" * 100_000)
    with pytest.raises(Untrusted):
        open_cmd(deep + b"." + b64(b"{}") + b"." + b64(bytes(64)))
