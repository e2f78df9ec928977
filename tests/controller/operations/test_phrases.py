"""The phrase bank of an office: words, sounds, what is lacking, and how boxes find it."""

import gzip
import hashlib
from pathlib import Path

import pytest

from audio_library.languages import LANGUAGES
from audio_library.mastering.mastered import Mastered
from audio_library.mastering.preset import Dressing
from audio_library.phrases.compose import Moment
from audio_library.phrases.errors import BadPhraseWords, PhrasesMissing, UnknownPhrase
from audio_library.phrases.readiness import Stage
from audio_library.render import Rendered, render_speech
from audio_library.speech.registry import ENGINES
from audio_library.store.filesystem import FilesystemStore
from controller.errors import NotFound
from controller.operations.compose_sentence import compose_sentence
from controller.operations.load_sample import load_sample
from controller.operations.phrase_audio import (
    PHRASE,
    Making,
    ask_for_phrases,
    making,
    phrase_key,
    render_phrases,
)
from controller.operations.phrase_bank import (
    bank_lacks,
    load_bank,
    phrase_places,
    set_order,
    set_phrase,
    show_bank,
    unset_phrase,
)
from controller.operations.publish_phrases import bank_assets, publish_phrases
from controller.operations.publish_plans import KEEP_PAGES_MS
from controller.operations.render_bulletin import render_bulletin
from controller.operations.teach_reading import add_reading
from controller.operations.unit_speech import LexiconKind
from controller.storage import tables, work_items
from controller.storage.instants import to_ms, to_utc
from edge_agent.contract.phrase_index import MAX_INDEX_BYTES, PhrasePage, to_sha256
from edge_agent.contract.types import decode, encode
from tests.controller.office import NOW, Office

TODAY = NOW.date()


@pytest.fixture
def store(office: Office) -> FilesystemStore:
    return FilesystemStore(office.folder / "audio")


def named_only(
    spoken: str, language: str, *, out_dir: Path, dressing: Dressing, **_: object
) -> Rendered:
    """A voice whose sound is only named: a file that says what it should say."""
    out_dir.mkdir(exist_ok=True)
    file = out_dir / "sound.opus"
    file.write_text(f"{language} {dressing} {spoken}")
    content = file.read_bytes()
    made = Mastered(file, hashlib.sha256(content).hexdigest(), len(content), 900, -16.0, -3.0)
    return Rendered(made, language, "somebody", "test")


def work_all(office: Office, store: FilesystemStore, renderer: object = named_only) -> int:
    """Do the phrases that wait, as the workshop does."""
    done = 0
    while True:
        with office.database.write() as session:
            claimed = work_items.claim(session, PHRASE, to_ms(NOW))
        if claimed is None:
            return done
        scratch = office.folder / "scratch"
        render_bulletin(office.database, store, renderer, claimed, scratch, NOW)  # type: ignore[arg-type]
        done += 1


SOME = ("hazard.flash_flood", "level.1", "hour.05", "link.and")


def made(office: Office, store: FilesystemStore, *phrases: str) -> None:
    """These phrases of the Vietnamese bank have a sound."""
    with office.database.write() as session:
        assert ask_for_phrases(session, load_bank(session, "vi", {}), phrases, NOW) == len(phrases)
    assert work_all(office, store) == len(phrases)


def test_places_are_communes_and_villages_in_words(office: Office) -> None:
    load_sample(office.database, 3, law=None)
    with office.database.read() as session:
        everywhere = phrase_places(session, TODAY)
        in_one = phrase_places(session, TODAY, "dv-23500")
        of_village = phrase_places(session, TODAY, "thon-23500-1")
        with pytest.raises(NotFound):
            phrase_places(session, TODAY, "nowhere")
    assert everywhere["place.thon-23500-1"] == "thôn một"
    assert set(in_one) == {"place.dv-23500", "place.thon-23500-1"}
    assert of_village == in_one
    assert set(in_one) < set(everywhere)


def test_all_phrases_are_made_bare_and_a_bulletin_of_the_same_words_is_another(
    office: Office, store: FilesystemStore
) -> None:
    load_sample(office.database, 1, law=None)
    asked = render_phrases(office.database, "vi", ENGINES, TODAY, NOW, "dv-23500")
    assert asked == Making(asked.asked, 0, asked.asked, 0, 0)
    assert asked.asked > 300
    twice = render_phrases(office.database, "vi", ENGINES, TODAY, NOW, "dv-23500")
    assert twice == Making(0, 0, asked.asked, 0, 0)

    assert work_all(office, store) == asked.asked

    again = render_phrases(office.database, "vi", ENGINES, TODAY, NOW, "dv-23500")
    assert again == Making(0, asked.asked, 0, 0, 0)
    with office.database.read() as session:
        shown = show_bank(session, "vi", ENGINES, TODAY, "dv-23500")
        assert work_items.find(session, "plan", "fleet") is None, "a phrase changes no plan"
    assert shown.readiness.ready
    with store.open(shown.bank.sounds["hazard.flash_flood"].asset_sha256) as sound:
        assert sound.read().decode() == "vi bare lũ quét"


def test_words_that_were_changed_have_no_sound_until_they_are_made(
    office: Office, store: FilesystemStore
) -> None:
    made(office, store, *SOME)
    set_phrase(office.database, "vi", "hazard.flash_flood", "lũ ống, lũ quét", "Y Hạnh", NOW)

    with office.database.read() as session:
        shown = show_bank(session, "vi", ENGINES, TODAY)
    assert shown.readiness.stages["hazard.flash_flood"] is Stage.NOT_MADE
    assert shown.set_by == {"hazard.flash_flood": "Y Hạnh"}

    unset_phrase(office.database, "vi", "hazard.flash_flood", NOW)
    with office.database.read() as session:
        stages = show_bank(session, "vi", ENGINES, TODAY).readiness.stages
    assert {phrase for phrase, stage in stages.items() if stage is Stage.READY} == set(SOME)
    with pytest.raises(NotFound):
        unset_phrase(office.database, "vi", "hazard.flash_flood", NOW)


def test_what_is_not_to_be_said_is_not_kept(office: Office) -> None:
    with pytest.raises(BadPhraseWords):
        set_phrase(office.database, "bdq", "level.3", "cấp 3", "Y Hạnh", NOW)
    with pytest.raises(UnknownPhrase):
        set_phrase(office.database, "bdq", "hazard.dragon", "x", "Y Hạnh", NOW)
    with office.database.read() as session:
        assert load_bank(session, "bdq", {}).words == {}


def test_a_language_without_a_voice_says_what_people_must_do(office: Office) -> None:
    load_sample(office.database, 3, law=None)
    set_phrase(office.database, "sed", "hazard.flash_flood", "lời thử", "A Thái", NOW)
    asked = render_phrases(office.database, "sed", ENGINES, TODAY, NOW)
    assert asked.asked == 0
    assert asked.lacking > 300

    with office.database.read() as session:
        found = bank_lacks(session, "dv-23500", ENGINES, TODAY)
    assert [each.language for each in found] == ["vi", "sed", "ren"]
    sedang = found[1]
    assert sedang.stages["hazard.flash_flood"] is Stage.NOT_RECORDED
    assert sedang.stages["place.dv-23500"] is Stage.NO_WORDS
    assert "1 chưa thu" in sedang.vi


def test_why_a_phrase_could_not_be_made_is_kept(office: Office, store: FilesystemStore) -> None:
    set_phrase(office.database, "bdq", "link.and", "lời thử", "A Thái", NOW)
    with office.database.write() as session:
        body: dict[str, object] = {"language": "bdq", "spoken": "lời thử", "dressing": "bare"}
        work_items.ask(session, PHRASE, phrase_key("bdq", "lời thử"), body, to_ms(NOW))
    work_all(office, store, render_speech)
    with office.database.read() as session:
        found = making(session, load_bank(session, "bdq", {}))
    assert found["link.and"].state == "failed"
    assert "Ba Na" in (found["link.and"].vi or "")


def test_the_index_names_a_page_for_every_language_that_can_say_something(
    office: Office, store: FilesystemStore
) -> None:
    made(office, store, *SOME)
    first = publish_phrases(office.database, TODAY, NOW)
    assert publish_phrases(office.database, TODAY, NOW) == first, "nothing new, nothing said"
    assert set(first.pages) == {"vi"}
    assert len(encode(first)) <= MAX_INDEX_BYTES

    sha256 = to_sha256(first.pages["vi"])
    with office.database.read() as session:
        packed = session.get_one(tables.Page, sha256).body
        assert hashlib.sha256(packed).hexdigest() == sha256
        page = decode(gzip.decompress(packed), PhrasePage)
        assert {a.sha256 for a in page.phrases.values()} == bank_assets(session, TODAY)
    assert page.language == "vi"
    with store.open(page.phrases["hour.05"].sha256) as sound:
        assert sound.read().decode() == "vi bare năm giờ"

    set_phrase(office.database, "vi", "hour.05", "năm giờ sáng", "Y Hạnh", NOW)
    second = publish_phrases(office.database, TODAY, NOW)
    assert second.serial > first.serial
    assert second.pages != first.pages


def test_a_page_of_the_bank_is_not_forgotten_with_old_plans(
    office: Office, store: FilesystemStore
) -> None:
    office.boxes(1)
    made(office, store, *SOME)
    index = publish_phrases(office.database, TODAY, NOW)
    office.publish(to_utc(to_ms(NOW) + 2 * KEEP_PAGES_MS))
    with office.database.read() as session:
        assert session.get(tables.Page, to_sha256(index.pages["vi"])) is not None


def test_an_alert_is_joined_from_real_phrases_at_the_loudness_of_the_air(
    office: Office, store: FilesystemStore
) -> None:
    said = {"hazards": ["hazard.storm"], "issued": Moment(5)}
    with pytest.raises(PhrasesMissing, match=r"opening\.urgent"):
        compose_sentence(office.database, store, "vi", "alert", said, TODAY, NOW, audio=True)
    words = ("opening.urgent", "link.warning", "hazard.storm", "time.issued", "hour.05")
    with office.database.write() as session:
        assert ask_for_phrases(session, load_bank(session, "vi", {}), words, NOW) == len(words)
    assert work_all(office, store, render_speech) == len(words)

    made = compose_sentence(office.database, store, "vi", "alert", said, TODAY, NOW, audio=True)
    assert made.composition.text == (
        "Thông báo khẩn cấp. Cảnh báo bão. Thông báo này phát đi lúc năm giờ."
    )
    with office.database.read() as session:
        asset = session.get_one(tables.Asset, made.asset_sha256)
    assert asset.lufs == pytest.approx(-16.0, abs=0.5)
    assert asset.true_peak_dbtp <= -1.5
    assert 4_000 < asset.duration_ms < 9_000
    assert store.exists(asset.sha256)

    unsaid = compose_sentence(office.database, store, "bdq", "alert", said, TODAY, NOW)
    assert unsaid.asset_sha256 is None
    assert len(unsaid.composition.missing) == len(words)


def test_the_order_of_a_language_is_kept(office: Office) -> None:
    set_order(office.database, "bdq", "moment", "{minute} {hour!}", "A Thái", NOW)
    with office.database.read() as session:
        orders = {o.sentence: o for o in show_bank(session, "bdq", ENGINES, TODAY).orders}
    assert orders["moment"].confirmed
    assert orders["moment"].written == "{minute} {hour!}"
    assert not orders["alert"].confirmed
    assert set(LANGUAGES) >= {"bdq"}


def test_a_place_is_read_as_its_commune_reads_it(office: Office) -> None:
    load_sample(office.database, 3, law=None)
    reading = LexiconKind.READING
    add_reading(office.database, "dv-23500", reading, "Thôn 1", "Thôn nhất", "Y Hạnh", NOW)
    with office.database.read() as session:
        named = phrase_places(session, TODAY)
    assert named["place.thon-23500-1"] == "thôn nhất"
    assert named["place.thon-23455-1"] == "thôn một"
