from sqlmodel import col, select

from controller.storage import tables, work_items
from tests.controller.office import Office

NOW_MS = 1_786_000_000_000


def _ask(office: Office, key: str = "k") -> None:
    with office.database.write() as session:
        work_items.ask(session, "render", key, {"n": 1}, NOW_MS)


def _claim(office: Office, now_ms: int = NOW_MS) -> work_items.Claimed | None:
    with office.database.write() as session:
        return work_items.claim(session, "render", now_ms)


def _state(office: Office) -> list[str]:
    with office.database.read() as session:
        query = select(tables.WorkItem.state).order_by(col(tables.WorkItem.id))
        return list(session.exec(query))


def test_asking_twice_is_one_piece_of_work(office: Office) -> None:
    _ask(office)
    _ask(office)

    assert _state(office) == ["waiting"]


def test_the_newest_wish_counts_before_and_while_it_is_done(office: Office) -> None:
    for n in (1, 2):
        with office.database.write() as session:
            work_items.ask(session, "render", "k", {"n": n}, NOW_MS)
    claimed = _claim(office)
    assert claimed is not None
    assert claimed.body == {"n": 2}
    with office.database.write() as session:
        work_items.ask(session, "render", "k", {"n": 3}, NOW_MS)
        work_items.finish(session, claimed.id, NOW_MS)

    again = _claim(office)
    assert again is not None
    assert again.body == {"n": 3}


def test_a_claimed_item_is_given_to_nobody_else(office: Office) -> None:
    _ask(office)

    assert _claim(office) is not None
    assert _claim(office) is None


def test_work_of_a_dead_controller_comes_back_when_its_lease_ends(office: Office) -> None:
    _ask(office)
    _claim(office)

    again = _claim(office, NOW_MS + work_items.LEASE_MS + 1)

    assert again is not None
    assert again.attempts == 2


def test_a_restart_makes_unfinished_work_due_at_once(office: Office) -> None:
    _ask(office)
    _claim(office)

    with office.database.write() as session:
        work_items.release_all(session, NOW_MS)

    assert _claim(office) is not None


def test_what_is_asked_for_while_it_is_done_is_done_once_more(office: Office) -> None:
    _ask(office)
    claimed = _claim(office)
    assert claimed is not None
    _ask(office)

    with office.database.write() as session:
        work_items.finish(session, claimed.id, NOW_MS)

    assert _claim(office) is not None


def test_a_passing_failure_is_tried_three_times_and_then_says_why(office: Office) -> None:
    _ask(office)
    for attempt in range(1, work_items.MAX_ATTEMPTS + 1):
        claimed = _claim(office, NOW_MS + attempt * 60_000)
        assert claimed is not None, attempt
        with office.database.write() as session:
            work_items.fail(session, claimed.id, ("store_full", "đầy", "full"), NOW_MS, final=False)

    assert _state(office) == ["failed"]
    assert _claim(office, NOW_MS + 3_600_000) is None


def test_work_can_be_stopped_before_it_begins_and_while_it_is_done(office: Office) -> None:
    _ask(office)
    with office.database.write() as session:
        assert work_items.stop(session, 1, NOW_MS)
    assert _claim(office) is None

    _ask(office)
    claimed = _claim(office)
    assert claimed is not None
    with office.database.write() as session:
        assert work_items.progress(session, claimed, 0.4, NOW_MS)
        assert work_items.stop(session, claimed.id, NOW_MS)
        assert not work_items.progress(session, claimed, 0.5, NOW_MS)
        work_items.fail(session, claimed.id, ("x", "x", "x"), NOW_MS, final=False)
        assert not work_items.stop(session, claimed.id, NOW_MS)
    assert _state(office) == ["stopped"]
    assert _claim(office, NOW_MS + 3_600_000) is None


def test_whoever_tells_of_progress_keeps_the_work(office: Office) -> None:
    _ask(office)
    claimed = _claim(office)
    assert claimed is not None
    nearly_over = NOW_MS + work_items.LEASE_MS - 1
    with office.database.write() as session:
        assert work_items.progress(session, claimed, 0.4, nearly_over)
    assert _claim(office, nearly_over + work_items.LEASE_MS - 1) is None
    assert _claim(office, nearly_over + work_items.LEASE_MS + 1) is not None


def test_who_was_stopped_does_not_own_what_was_asked_again(office: Office) -> None:
    _ask(office)
    stale = _claim(office)
    assert stale is not None
    with office.database.write() as session:
        work_items.stop(session, stale.id, NOW_MS)
    _ask(office)
    fresh = _claim(office)
    assert fresh is not None
    assert fresh.attempts == stale.attempts

    with office.database.write() as session:
        assert not work_items.is_ours(session, stale)
        assert not work_items.progress(session, stale, 0.9, NOW_MS)
        assert work_items.is_ours(session, fresh)
        assert work_items.progress(session, fresh, 0.1, NOW_MS)
