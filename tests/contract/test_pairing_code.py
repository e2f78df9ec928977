"""The code that a technician types, and the tags that stand in for trust in TLS."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.contract import pairing as wire

KEY = bytes(32)
codes = st.text(wire.ALPHABET, min_size=16, max_size=16).map(
    lambda letters: wire.Code(letters[:4], letters[4:])
)
lookalikes = {"0": "O", "1": "l"}


@given(codes)
def test_a_code_is_read_however_people_write_it(code: wire.Code) -> None:
    written = wire.write_code(code)

    assert wire.read_code(written) == code
    assert wire.read_code(written.lower().replace("-", " ")) == code
    assert wire.read_code("".join(lookalikes.get(letter, letter) for letter in written)) == code


@pytest.mark.parametrize(
    "text", ["", "AB12", "AB12-AB12-AB12-AB1", "UUUU-UUUU-UUUU-UUUU", "đ" * 16]
)
def test_what_is_no_code_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError, match="not a pairing code"):
        wire.read_code(text)


def test_the_secret_of_a_code_has_sixty_bits_and_a_guess_of_it_costs_time() -> None:
    assert len(wire.ALPHABET) ** wire.SECRET_LETTERS == 2**60
    code = wire.Code("AB12", "C" * 12)

    assert wire.stretch(code) != wire.stretch(wire.Code("AB13", "C" * 12))
    assert len(wire.stretch(code)) == 32


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
asks = st.builds(
    wire.Ask,
    id=st.just("AB12"),
    public_key=st.text("abcdefAB_-09", min_size=43, max_size=43),
    nonce=st.text("0123456789abcdef", min_size=32, max_size=32),
    about=st.builds(wire.About, name=words, model=words),
)


@settings(max_examples=60, deadline=None)
@given(asks, asks)
def test_a_tag_holds_for_what_was_said_and_nothing_else(one: wire.Ask, other: wire.Ask) -> None:
    tagged = wire.tag_ask(KEY, one)

    assert wire.holds(tagged, wire.tag_ask(KEY, tagged))
    assert not wire.holds(tagged, wire.tag_ask(bytes(31) + b"x", one))
    if other != one:
        assert not wire.holds(tagged, wire.tag_ask(KEY, other))
    poll = wire.Poll(one.nonce)
    assert wire.tag_poll(KEY, one, poll).tag != wire.tag_done(KEY, one, poll).tag
    assert not wire.holds(wire.Poll(one.nonce), wire.tag_poll(KEY, one, poll))
