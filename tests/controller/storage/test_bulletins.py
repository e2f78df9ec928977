"""A bulletin is after storing what it was before."""

from dataclasses import replace

from controller.operations.review_bulletin import edit_bulletin
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.storage import bulletins
from tests.controller.office import NOW, TEXT, Office


def test_all_editors_are_remembered_and_nothing_else_changes(office: Office) -> None:
    draft = submit_bulletin(office.database, Written({"vi": TEXT}), "An", NOW)
    for editor in ("Chi", "Dung", "Chi"):
        edit_bulletin(office.database, draft.id, {"vi": TEXT}, editor, NOW)

    with office.database.read() as session:
        kept = bulletins.load(session, draft.id)

    assert kept.editors == ("Dung", "Chi")
    assert replace(kept, editors=()) == draft
