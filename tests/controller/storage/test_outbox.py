from controller.storage import outbox, tables
from tests.controller.office import Office

NOW_MS = 1_786_000_000_000


def _waiting(office: Office, now_ms: int = NOW_MS) -> list[tuple[str, bytes]]:
    with office.database.read() as session:
        return [(m.topic, m.payload) for m in outbox.waiting(session, now_ms)]


def _put(office: Office, topic: str, payload: bytes, **kind: object) -> None:
    with office.database.write() as session:
        outbox.put(session, topic, payload, now_ms=NOW_MS, **kind)  # type: ignore[arg-type]


def test_messages_wait_in_the_order_in_which_they_were_caused(office: Office) -> None:
    for n in range(5):
        _put(office, f"t/{n}", b"x", retain=False)

    assert [topic for topic, _ in _waiting(office)] == ["t/0", "t/1", "t/2", "t/3", "t/4"]


def test_of_a_retained_word_only_the_newest_is_still_worth_sending(office: Office) -> None:
    _put(office, "desired", b"old", retain=True)
    _put(office, "other", b"kept", retain=True)
    _put(office, "desired", b"new", retain=True)

    assert _waiting(office) == [("other", b"kept"), ("desired", b"new")]


def test_a_word_that_took_the_place_of_one_under_way_is_not_taken_for_sent(office: Office) -> None:
    _put(office, "alert", b"a test", retain=True)
    with office.database.read() as session:
        under_way = [(m.id or 0, m.payload) for m in outbox.waiting(session, NOW_MS)]
    _put(office, "alert", b"a test and a flood", retain=True)
    with office.database.write() as session:
        outbox.mark_sent(session, under_way, NOW_MS)
    assert _waiting(office) == [("alert", b"a test and a flood")]
    with office.database.write() as session:
        now = [(m.id or 0, m.payload) for m in outbox.waiting(session, NOW_MS)]
        outbox.mark_sent(session, now, NOW_MS)
    assert _waiting(office) == []


def test_a_command_that_outlived_its_life_is_kept_as_lost_with_the_reason(office: Office) -> None:
    _put(office, "cmd", b"play", retain=False, expires_ms=NOW_MS + 1000)

    with office.database.write() as session:
        outbox.mark_expired(session, NOW_MS + 2000)

    assert _waiting(office, NOW_MS + 2000) == []
    with office.database.read() as session:
        lost = session.get_one(tables.Outbox, 1)
    assert lost.sent_ms is None
    assert lost.lost_why
