import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from controller.errors import DatabaseInUse
from controller.storage import tables
from controller.storage.database import open_database
from tests.controller.office import Office


def test_a_second_controller_on_one_file_is_refused_and_told_so(office: Office) -> None:
    path = office.folder / "loalang.sqlite3"

    with pytest.raises(DatabaseInUse) as refusal:
        open_database(f"sqlite:///{path}", path)

    assert str(path) in refusal.value.vi
    assert "another" in refusal.value.en.lower()


def test_the_file_is_free_again_when_the_first_has_stopped(tmp_path: Path) -> None:
    path = tmp_path / "loalang.sqlite3"
    open_database(f"sqlite:///{path}", path).close()

    open_database(f"sqlite:///{path}", path).close()


def test_nobody_else_on_the_machine_may_read_database_and_keys(office: Office) -> None:
    files = [office.folder / "loalang.sqlite3", *(office.folder / "keys").iterdir()]

    assert {"root.pem", "ring.json", "passphrase"} < {f.name for f in files}
    assert {stat.S_IMODE(f.stat().st_mode) for f in files} == {0o600}


def test_migrations_make_exactly_the_tables_that_the_code_reads(office: Office) -> None:
    with office.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        difference = compare_metadata(context, tables.Unit.metadata)

    assert difference == []


def test_power_cut_safety_is_switched_on(office: Office) -> None:
    with office.database.engine.connect() as connection:
        mode = connection.exec_driver_sql("pragma journal_mode").scalar()
        synchronous = connection.exec_driver_sql("pragma synchronous").scalar()
        keys = connection.exec_driver_sql("pragma foreign_keys").scalar()

    assert (mode, synchronous, keys) == ("wal", 2, 1)


def test_a_failed_change_leaves_nothing_and_rings_no_bell(office: Office) -> None:
    rung: list[frozenset[str]] = []
    office.database.on_ring = rung.append

    def change_and_fail() -> None:
        with office.database.write() as session:
            session.add(tables.Account(id="a", name="x", password_hash="h", created_ms=1))
            session.flush()
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        change_and_fail()

    with office.database.read() as session:
        assert session.get(tables.Account, "a") is None
    assert rung == []
