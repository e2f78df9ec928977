"""Topics: made and parsed alike, and nobody else's topic passes."""

import pytest

from edge_agent.contract import topics

DID = "abcdef123456"


@pytest.mark.parametrize(
    "word", ["time", "state", "hello", "ack", "report", "tele", "ready", "diag"]
)
def test_up_topics_are_parsed_as_made(word: str) -> None:
    assert topics.parse_up(topics.up(DID, word)) == (DID, word)


@pytest.mark.parametrize("word", ["desired", "cmd", "ack", "time"])
def test_down_topics_are_parsed_as_made(word: str) -> None:
    assert topics.parse_down(topics.down(DID, word)) == (DID, word)


def test_group_topics_are_parsed_as_made() -> None:
    assert topics.parse_group(topics.group_command("xa-1")) == ("xa-1", "cmd", None)
    assert topics.parse_group(topics.group_alert("xa-1", "tinh")) == ("xa-1", "alert", "tinh")


@pytest.mark.parametrize(
    "topic",
    [
        "loa/v1/d/ABCDEF123456/up/report",
        "loa/v1/d/abcdef123456/up/report/x",
        "loa/v1/d/abcdef123456/up/\n",
        "loa/v1/d/abcdef123456/up/report\n",
        "loa/v1/d/abcdef12345/up/report",
        "loa/v2/d/abcdef123456/up/report",
        "x/loa/v1/d/abcdef123456/up/report",
        "loa/v1/g/xa-1/dn/alert",
        "loa/v1/g/xa-1/dn/cmd/tinh",
    ],
)
def test_other_topics_are_none(topic: str) -> None:
    assert topics.parse_up(topic) is None
    assert topics.parse_down(topic) is None
    assert topics.parse_group(topic) is None


def test_a_box_listens_to_itself_its_scopes_and_the_controller() -> None:
    filters = topics.subscriptions(DID, ("xa-1",))
    assert filters == (
        "loa/v1/c/keys",
        "loa/v1/c/state",
        f"loa/v1/d/{DID}/dn/#",
        "loa/v1/g/xa-1/dn/#",
    )
