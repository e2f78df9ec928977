"""Which clips a place may hear, how they come, and when their files may go."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from audio_library.cart import Figure, Spoken
from audio_library.errors import (
    AudioLibraryError,
    NoVoiceForLanguage,
    NoWordsForCart,
    UnknownLanguage,
)
from audio_library.mastering.mastered import Mastered
from audio_library.mastering.preset import Dressing
from audio_library.render import Rendered
from audio_library.store.filesystem import FilesystemStore
from controller.errors import ControllerError, NotFound
from controller.operations.add_cart import add_cart, check_cart
from controller.operations.asked_work import is_being_planned
from controller.operations.carts import (
    NewCart,
    carts_for,
    keep_cart,
    load_cart,
    remove_cart,
    show_carts,
)
from controller.operations.make_cart import (
    CART,
    ask_for_figures,
    greet,
    make_cart,
    making_carts,
    restore_carts,
)
from controller.operations.restore_audio import restore_audio
from controller.storage import programmes, work_items
from controller.storage.instants import to_ms
from controller.storage.programmes import Planned
from schedules.rundown import MaterialKind
from schedules.template import PlayCart, Template
from schedules.types import CartId, ZoneId
from tests.controller.office import NOW, Office
from tests.controller.operations.archive import Archive
from tests.schedules.plans import programme

VILLAGE, COMMUNE, PROVINCE = CHAIN = ("thon-23500-1", "dv-23500", "dv-00051")
OTHER = "dv-23455"
YEAR = timedelta(days=365)


def mastered(folder: Path, name: str) -> Mastered:
    """A file that is only named, as a maker leaves it."""
    content = name.encode()
    path = folder / f"{hashlib.sha256(content).hexdigest()}.made"
    path.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return Mastered(path, sha256, len(content), 3_000, -16.0, -2.5)


class Desk:
    """Carts of an office whose makers only name what they make."""

    def __init__(self, office: Office, folder: Path) -> None:
        office.boxes(4)
        self.office = office
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.store = FilesystemStore(folder / "audio")
        self.spoken: list[str] = []

    def put(
        self,
        name: str,
        unit_id: str | None = COMMUNE,
        language: str = "zxx",
        sound: str = "",
        at: datetime = NOW,
    ) -> str:
        asked = NewCart(name, unit_id, language, f"{name} {sound}", "tự làm")
        made = mastered(self.scratch, sound or f"{name} {unit_id} {language}")
        self.store.put(made.path)
        with self.office.database.write() as session:
            return keep_cart(session, asked, made, "Cô Lan", at).id

    def heard(self, name: str, units: tuple[str, ...] = CHAIN) -> list[tuple[str, str]]:
        with self.office.database.read() as session:
            found = carts_for(session, units)
            materials = found.materials.get(CartId(name), ())
            assert all(m.asset_sha256 in found.assets for m in materials)
            return [(m.language, m.title) for m in materials]

    def render(
        self,
        spoken: str,
        language: str,
        *,
        out_dir: Path,
        dressing: Dressing,
        respellings: Mapping[str, str],
        told: Callable[[float], None],
    ) -> Rendered:
        if language != "vi":
            raise NoVoiceForLanguage(language, language, language)
        assert dressing is Dressing.BARE
        self.spoken.append(spoken)
        return Rendered(mastered(out_dir, spoken), language, "espeak-ng/vi", "espeak-ng")

    def work(self, now: datetime = NOW) -> int:
        """Do all that waits; how many."""
        done = 0
        while True:
            with self.office.database.write() as session:
                claimed = work_items.claim(session, CART, to_ms(now))
            if claimed is None:
                return done
            make_cart(
                self.office.database,
                self.store,
                self.render,
                claimed,
                self.scratch,
                now,
                figures=lambda figure, out: mastered(out.parent, figure.value),
            )
            done += 1


@pytest.fixture
def desk(office: Office, tmp_path: Path) -> Desk:
    return Desk(office, tmp_path)


# --- what a place hears --------------------------------------------------------------------------


def test_a_units_own_clip_comes_before_those_above_it_language_by_language(desk: Desk) -> None:
    desk.put("greeting", PROVINCE, "vi", "tỉnh chào")
    desk.put("greeting", PROVINCE, "sed", "tỉnh chào Xơ Đăng")
    desk.put("greeting", COMMUNE, "vi", "xã chào")
    desk.put("greeting", OTHER, "vi", "xã khác chào")

    assert sorted(desk.heard("greeting")) == [
        ("sed", "greeting tỉnh chào Xơ Đăng"),
        ("vi", "greeting xã chào"),
    ]
    assert sorted(desk.heard("greeting", (OTHER, PROVINCE))) == [
        ("sed", "greeting tỉnh chào Xơ Đăng"),
        ("vi", "greeting xã khác chào"),
    ]
    assert desk.heard("closing") == []


def test_what_the_project_brings_comes_last(desk: Desk) -> None:
    desk.put("ident", None, sound="đi kèm")
    assert desk.heard("ident", ()) == [("zxx", "ident đi kèm")]
    desk.put("ident", VILLAGE, sound="của thôn")
    assert desk.heard("ident") == [("zxx", "ident của thôn")]
    assert desk.heard("ident", (OTHER,)) == [("zxx", "ident đi kèm")]


def test_a_collection_has_many_clips_and_a_greeting_has_one(desk: Desk) -> None:
    for number, name in enumerate(("một", "hai", "ba")):
        desk.put("nhac", sound=name, at=NOW + number * timedelta(minutes=1))
        desk.put("greeting", language="vi", sound=name, at=NOW + number * timedelta(minutes=1))

    assert [title for _, title in desk.heard("nhac")] == ["nhac một", "nhac hai", "nhac ba"]
    assert desk.heard("greeting") == [("vi", "greeting ba")]


def test_the_same_sound_again_is_the_clip_that_is_there(desk: Desk) -> None:
    assert desk.put("nhac", sound="một") == desk.put("nhac", sound="một")
    assert len(desk.heard("nhac")) == 1


def test_a_clip_never_goes_stale_and_says_who_answers_for_it(desk: Desk) -> None:
    desk.put("nhac")
    with desk.office.database.read() as session:
        (material,) = carts_for(session, CHAIN).materials[CartId("nhac")]
    assert (material.kind, material.approved_by) == (MaterialKind.CART, "Cô Lan")
    assert (material.bulletin_id, material.duration_ms) == (None, 3_000)
    assert material.valid_until.year == 2100


def test_a_removed_clip_is_heard_no_more_and_the_one_above_is(desk: Desk) -> None:
    desk.put("greeting", PROVINCE, "vi", "tỉnh chào")
    own = desk.put("greeting", COMMUNE, "vi", "xã chào")

    remove_cart(desk.office.database, own, "Cô Lan", NOW)
    remove_cart(desk.office.database, own, "Cô Lan", NOW)

    assert desk.heard("greeting") == [("vi", "greeting tỉnh chào")]
    with pytest.raises(NotFound):
        remove_cart(desk.office.database, "none", "Cô Lan", NOW)


def test_only_where_a_programme_names_it_is_planned_anew(desk: Desk) -> None:
    zones = ("vung-23500-1", "vung-23455-1")
    slot = programme(
        zone_ids=tuple(ZoneId(z) for z in zones),
        template=Template((PlayCart(CartId("greeting")),)),
    )
    with desk.office.database.write() as session:
        programmes.add(session, Planned(slot, "uid", 0, "Cô Lan", to_ms(NOW), "Cô Lan", 0))
    desk.office.publish()

    def planned_anew() -> list[bool]:
        with desk.office.database.read() as session:
            return [is_being_planned(session, [zone]) for zone in zones]

    desk.put("nhac")
    assert planned_anew() == [False, False]
    own = desk.put("greeting", COMMUNE, "vi")
    assert planned_anew() == [True, False]
    desk.office.publish()
    remove_cart(desk.office.database, own, "Cô Lan", NOW)
    assert planned_anew() == [True, False]


def test_what_the_project_brings_cannot_be_removed(desk: Desk) -> None:
    ours = desk.put("ident", None)
    with pytest.raises(ControllerError) as refused:
        remove_cart(desk.office.database, ours, "Cô Lan", NOW)
    assert refused.value.code == "built_in_cart"
    assert len(desk.heard("ident")) == 1


# --- what we make --------------------------------------------------------------------------------


def test_the_figures_are_made_once(desk: Desk) -> None:
    for _ in range(2):
        with desk.office.database.write() as session:
            ask_for_figures(session, NOW)
        desk.work()

    with desk.office.database.read() as session:
        shown = show_carts(session, [])
        ask_for_figures(session, NOW)
    assert [each.cart.name for each in shown] == sorted(figure.value for figure in Figure)
    assert {(each.unit, each.cart.added_by) for each in shown} == {("", "Loa Làng")}
    assert all(desk.store.exists(each.cart.asset_sha256) for each in shown)


def test_a_commune_greets_in_its_own_name_and_words(desk: Desk) -> None:
    own = {Spoken.CLOSING: "Hẹn gặp lại bà con {commune}."}
    words = greet(desk.office.database, COMMUNE, "vi", "Cô Lan", NOW, own)
    assert desk.heard("greeting") == []

    assert desk.work() == 2

    assert [w.spoken for w in words] == desk.spoken
    assert "truyền thanh xã" in desk.spoken[0]
    assert desk.spoken[1].startswith("Hẹn gặp lại bà con xã")
    assert desk.heard("greeting") == [("vi", "Lời chào")]
    with desk.office.database.read() as session:
        greeting = next(c for c in show_carts(session) if c.cart.name == "greeting")
    assert greeting.cart.added_by == "Cô Lan"
    assert greeting.cart.source == f"espeak-ng/vi: {desk.spoken[0]}"


def test_nobody_is_greeted_in_words_that_nobody_wrote(desk: Desk) -> None:
    with pytest.raises(NoWordsForCart):
        greet(desk.office.database, COMMUNE, "sed", "Cô Lan", NOW, {})
    with pytest.raises(UnknownLanguage):
        greet(desk.office.database, COMMUNE, "tlh", "Cô Lan", NOW, {})
    with pytest.raises(NotFound):
        greet(desk.office.database, "none", "vi", "Cô Lan", NOW, {})
    assert desk.work() == 0


def test_what_no_voice_can_say_stays_to_be_seen_with_the_reason(desk: Desk) -> None:
    own = {Spoken.GREETING: "Kuô lâi", Spoken.CLOSING: "Mơnê kơdiăng"}
    greet(desk.office.database, COMMUNE, "sed", "Cô Lan", NOW, own)
    desk.work()

    with desk.office.database.read() as session:
        made = making_carts(session, CHAIN)
        assert making_carts(session, [OTHER]) == []
    assert {(m.name, m.unit_id, m.language, m.state) for m in made} == {
        ("greeting", COMMUNE, "sed", "failed"),
        ("closing", COMMUNE, "sed", "failed"),
    }
    assert all(m.vi and m.en for m in made)


def test_lost_files_that_we_made_are_made_again(desk: Desk) -> None:
    with desk.office.database.write() as session:
        ask_for_figures(session, NOW)
    greet(desk.office.database, COMMUNE, "vi", "Cô Lan", NOW, {})
    desk.put("nhac")
    desk.work()
    with desk.office.database.read() as session:
        before = {c.cart.id: c.cart.asset_sha256 for c in show_carts(session)}
    for sha256 in before.values():
        desk.store.delete(sha256)

    assert restore_audio(desk.office.database, desk.store, NOW) == 7
    assert desk.work() == 7

    with desk.office.database.read() as session:
        after = {c.cart.id: c.cart.asset_sha256 for c in show_carts(session)}
        assert restore_carts(session, set(after.values()), NOW) == 0
    assert after == before
    lost = [sha256 for sha256 in after.values() if not desk.store.exists(sha256)]
    assert len(lost) == 1


# --- what somebody brings ------------------------------------------------------------------------

SONG = NewCart("cong_chieng", COMMUNE, "zxx", "", "Đội cồng chiêng thôn 1, già làng đồng ý")


def test_a_brought_song_is_kept_with_whose_it_is(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "song.mp3").write_bytes(b"a song")
    asked = check_cart(desk.office.database, SONG, "C:\\nhac\\Mừng lúa mới.mp3")

    cart_id = add_cart(
        desk.office.database,
        desk.store,
        lambda path, out: mastered(out.parent, path.read_text()),
        asked,
        tmp_path / "song.mp3",
        "Cô Lan",
        NOW,
    )

    with desk.office.database.read() as session:
        cart = load_cart(session, cart_id).cart
    assert (cart.title, cart.source) == ("Mừng lúa mới.mp3", SONG.source)
    assert desk.store.exists(cart.asset_sha256)
    assert desk.heard("cong_chieng") == [("zxx", "Mừng lúa mới.mp3")]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": "Cồng"}, "bad_cart_name"),
        ({"name": "a:b"}, "bad_cart_name"),
        ({"name": ""}, "bad_cart_name"),
        ({"source": " "}, "source_missing"),
        ({"source": "x" * 501}, "name_too_long"),
        ({"title": "x" * 121}, "name_too_long"),
        ({"unit_id": "none"}, "not_found"),
        ({"unit_id": None}, "not_found"),
        ({"language": "tlh"}, "unknown_language"),
    ],
)
def test_a_cart_that_is_not_said_properly_is_refused(
    desk: Desk, wrong: dict[str, str | None], code: str
) -> None:
    given = {"name": "nhac", "unit_id": COMMUNE, "language": "zxx", "title": "", "source": "ta"}
    asked = NewCart(**(given | wrong))  # type: ignore[arg-type]
    with pytest.raises((ControllerError, AudioLibraryError)) as refused:
        check_cart(desk.office.database, asked, "nhac.mp3")
    assert isinstance(refused.value, ControllerError | AudioLibraryError)
    assert refused.value.code == code


# --- how long files stay -------------------------------------------------------------------------


def test_the_file_of_a_cart_stays_as_long_as_the_cart_and_what_is_planned_of_it(
    desk: Desk,
) -> None:
    archive = Archive(desk.office)
    kept = desk.put("nhac", sound="giữ")
    gone = desk.put("nhac", sound="gỡ")
    with desk.office.database.read() as session:
        sha256 = {c.cart.id: c.cart.asset_sha256 for c in show_carts(session)}
    for each in sha256.values():
        archive.grow_old(each, NOW - 2 * YEAR)

    archive.purge(NOW)
    assert archive.assets() == set(sha256.values())

    remove_cart(desk.office.database, gone, "Cô Lan", NOW)
    archive.purge(NOW)
    assert archive.assets() == {sha256[kept]}
    assert [title for _, title in desk.heard("nhac")] == ["nhac giữ"]
