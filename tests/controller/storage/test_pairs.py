import re

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlmodel import Session, select

from controller.storage.pairs import among
from controller.storage.tables import SpoolMark
from tests.controller.office import Office


def marked(session: Session, pairs: list[tuple[str, str]]) -> set[tuple[str, str]]:
    query = select(SpoolMark.device_id, SpoolMark.spool)
    found = session.exec(query.where(among(session, SpoolMark.device_id, SpoolMark.spool, pairs)))
    return {(device_id, spool) for device_id, spool in found}


def test_only_the_pairs_asked_for_are_found(office: Office) -> None:
    with office.database.write() as session:
        for device_id, spool in (("d1", "a"), ("d1", "b"), ("d2", "a")):
            session.add(SpoolMark(device_id=device_id, spool=spool, upto=0))
        session.flush()

        assert marked(session, [("d1", "a"), ("d2", "b"), ('d"', "é")]) == {("d1", "a")}
        assert marked(session, []) == set()


def test_sqlite_seeks_and_never_reads_the_whole_table(office: Office) -> None:
    with office.database.read() as session:
        wanted = among(session, SpoolMark.device_id, SpoolMark.spool, [("d1", "a"), ("d2", "b")])
        asked = (
            select(SpoolMark.upto)
            .where(wanted)
            .compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        )
        plan = session.execute(sa.text(f"explain query plan {asked}")).all()

    steps = [row[-1] for row in plan]
    assert any(
        re.search(r"SEARCH spool_mark USING .*\(device_id=\? AND spool=\?\)", s) for s in steps
    )
    assert not any(s.startswith("SCAN spool_mark") for s in steps)


def test_postgresql_is_asked_in_its_own_way() -> None:
    with Session(sa.create_mock_engine("postgresql://", lambda *_: None)) as session:  # type: ignore[arg-type]
        wanted = among(session, SpoolMark.device_id, SpoolMark.spool, [("d1", "a")])

    assert "json" not in str(wanted.compile(dialect=postgresql.dialect()))
